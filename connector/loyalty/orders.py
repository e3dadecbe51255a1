"""The member's orders as the rules see them: read once, with their shop, local day and version at hand."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from connector.loyalty.calendar import local
from connector.loyalty.facts import History, Shop, ShopOrder
from connector.loyalty.terms import Terms, Version
from connector.loyalty.versions import in_force
from connector.records import Order


class Sale(msgspec.Struct, frozen=True):
    """A paid order that is no test.

    `kept`: the goods kept, VAT included; `day`: the local day of payment; `version`: in force then.
    """

    shop: Shop
    order: Order
    source: str
    kept: int
    paid_at: datetime
    day: date
    version: Version
    undone: bool


def undone(order: Order) -> bool:
    """Is nothing left of the order: cancelled, all money given back, or paid and all goods gone?"""
    return _called_off(order) or (order.paid_at is not None and _nothing_kept(order, order.kept_goods))


def sales(history: History, shops: Mapping[int, Shop], versions: tuple[Version, ...]) -> list[Sale]:
    """Return the paid orders in their sequence: by time of payment, over all shops."""
    found = []
    for placed in history.orders:
        paid_at = placed.order.paid_at
        if paid_at is not None and not placed.order.test:
            found.append(_sale(placed, shops[placed.shop_id], paid_at, in_force(versions, paid_at)))
    found.sort(key=lambda sale: (sale.paid_at, sale.shop.id, sale.order.id))
    return found


def counting(paid: list[Sale], zero_counts: bool) -> list[Sale]:
    """Return the sales that count as orders: not undone, and over nothing only where zero counts."""
    return [sale for sale in paid if not sale.undone and (zero_counts or sale.order.total > 0)]


def base(sale: Sale, terms: Terms) -> int:
    """Return what of the sale counts: the goods kept, with or without their VAT, in minor units of its currency."""
    return sale.kept if terms.base == "including_tax" else sale.order.excluding_tax(sale.kept)


def _sale(placed: ShopOrder, shop: Shop, paid_at: datetime, version: Version) -> Sale:
    order = placed.order
    kept = order.kept_goods
    gone = _called_off(order) or _nothing_kept(order, kept)
    return Sale(shop, order, placed.source, kept, paid_at, local(paid_at, shop.timezone), version, gone)


def _called_off(order: Order) -> bool:
    return order.cancelled_at is not None or 0 < order.total <= order.refunded


def _nothing_kept(order: Order, kept: int) -> bool:
    return kept == 0 and order.goods > 0
