"""What an order costs in the currency its customer paid in, beside what it costs in the shop's own."""

from typing import Any, NamedTuple

from adapters.shopify.sandbox.state import CURRENCY
from adapters.shopify.sandbox.things import Order
from connector.money import exponent, parse, plain

PAR = 10_000  # a rate is how much of the other currency comes for so much of the shop's


class Foreign(NamedTuple):
    """An amount in minor units of a currency of its own."""

    amount: int
    currency: str


def converted(amount: int, it: Order | None) -> Foreign:
    """Return an amount of the shop's as the order's customer sees it, rounded half up."""
    if it is None or not it.presentment:
        return Foreign(amount, CURRENCY)
    places = exponent(it.presentment) - exponent(CURRENCY)
    above = abs(amount) * it.rate * 10 ** max(places, 0)
    below = PAR * 10 ** max(-places, 0)
    found = (2 * above + below) // (2 * below)
    return Foreign(-found if amount < 0 else found, it.presentment)


def paid_in(it: Order, body: Any) -> Any:
    """Return a body in which every set of money has its second side in the customer's currency."""
    match body:
        case {"shop_money": {"amount": str(amount)}} if it.presentment:
            told = converted(parse(amount, CURRENCY), it)
            side = {"amount": plain(told.amount, told.currency), "currency_code": told.currency}
            return {**body, "presentment_money": side}
        case dict() if it.presentment:
            return {name: paid_in(it, one) for name, one in body.items()}
        case list() if it.presentment:
            return [paid_in(it, one) for one in body]
        case _:
            return body
