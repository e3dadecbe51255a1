"""Numbers as Magento's JSON spells them: 20 and 165.85, never 20.0 and never a text."""

import re

from connector.money import NotMoney, parse

Number = int | float

_WHOLE = re.compile(r"-?\d+")


def number(cents: int) -> Number:
    """Write cents as a JSON number: 2000 -> 20, 16585 -> 165.85."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def unit_price(row: int, quantity: int) -> Number:
    """Write the price of one piece with Magento's four decimals, so that price x quantity gives the row again."""
    if quantity and row % quantity == 0:
        return number(row // quantity)
    price = round(row / quantity / 100, 4) if quantity else 0
    return int(price) if price == int(price) else price


def cents(value: object) -> int:
    """Read a JSON number or a decimal text as cents; raise NotMoney."""
    text = str(value)
    if isinstance(value, float):
        text = f"{value:.4f}"
    whole, _, decimals = text.strip().partition(".")
    return parse(f"{whole}.{decimals[:4].rstrip('0') or '0'}", "USD")


def per_myriad(value: object) -> int:
    """Read a percentage as hundredths of a per cent: "21" -> 2100, 12.5 -> 1250; raise NotMoney."""
    return cents(value)


def tax_inside(gross: int, rate: int) -> int:
    """Return the VAT inside a gross amount, to the nearest cent; `rate` in hundredths of a per cent."""
    return (2 * gross * rate + 10000 + rate) // (2 * (10000 + rate)) if rate else 0


def converted(amount: int, rate: int) -> int:
    """Return base cents in the order's currency, to the nearest cent; `rate` in ten-thousandths."""
    if rate == 10000:
        return amount
    size = (2 * abs(amount) * rate + 10000) // 20000
    return -size if amount < 0 else size


def whole(value: object) -> int:
    """Read a JSON whole number or its text; raise NotMoney."""
    text = str(value).strip()
    if not _WHOLE.fullmatch(text):
        raise NotMoney(f"{text!r} is no whole number")
    return int(text)
