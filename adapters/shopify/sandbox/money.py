"""Amounts as the platform writes them."""

from adapters.shopify.sandbox.state import CURRENCY
from connector.money import plain


def text(amount: int) -> str:
    """Write minor units as the platform's decimal text: 1250 -> "12.50"."""
    return plain(amount, CURRENCY)


def both(amount: int) -> dict[str, dict[str, str]]:
    """Write an amount as a set of shop money and presentment money; this shop sells in one currency."""
    side = {"amount": text(amount), "currency_code": CURRENCY}
    return {"shop_money": side, "presentment_money": dict(side)}
