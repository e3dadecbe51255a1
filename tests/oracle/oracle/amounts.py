"""What an order is worth, from the shop's own words: decimal texts in, whole minor units out, fractions in between."""

from fractions import Fraction
from functools import cache
from math import ceil, floor

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}


@cache
def minor(text: str, currency: str) -> int:
    """Count the smallest unit of the currency."""
    amount = Fraction(text) * 10 ** DECIMALS.get(currency, 2)
    assert amount.denominator == 1, f"{text} {currency} is no whole number of the smallest unit"
    return int(amount)


def goods(order: dict) -> int:
    """Goods as ordered: no shipping, no gift cards."""
    return sum(minor(one["amount"], order["currency"]) for one in order["lines"] if one["kind"] == "goods")


def kept(order: dict) -> int:
    """Goods that are still the customer's and paid for."""
    if not order["paid_at"] or order["cancelled_at"]:
        return 0
    currency = order["currency"]
    by_quantity, cards_taken_back = 0, 0
    for line in order["lines"]:
        amount = minor(line["amount"], currency)
        still = min(line["current_quantity"], line["quantity"])
        stays = ceil(Fraction(amount * still, line["quantity"])) if line["quantity"] else amount
        if line["kind"] == "goods":
            by_quantity += stays
        else:
            cards_taken_back += amount - stays
    back = minor(order["refunded"], currency)
    not_goods = minor(order["total"], currency) - goods(order)
    for_other_things = min(not_goods, minor(order["refunded_shipping"], currency) + cards_taken_back)
    by_money = goods(order) - (back - for_other_things)
    return max(0, min(by_quantity, by_money))


def base(order: dict, kind: str) -> int:
    """What the points are counted on: kept goods, with or without their VAT."""
    if kind == "including_tax" or goods(order) == 0:
        return kept(order)
    currency = order["currency"]
    vat = sum(minor(line["tax"], currency) for line in order["lines"] if line["kind"] == "goods")
    return floor(Fraction(kept(order) * (goods(order) - vat), goods(order)))


def undone(order: dict) -> bool:
    """Was it cancelled, or was everything given or taken back?"""
    total = minor(order["total"], order["currency"])
    if order["cancelled_at"]:
        return True
    if total > 0 and minor(order["refunded"], order["currency"]) >= total:
        return True
    return bool(order["paid_at"]) and goods(order) > 0 and kept(order) == 0


def counts(order: dict, zero_counts: bool) -> bool:
    """Is it an order for "the third order", for tiers and for "returning"?"""
    if not order["paid_at"] or order["test"] or undone(order):
        return False
    return zero_counts or minor(order["total"], order["currency"]) > 0
