"""After a restore: the codes and gifts that a shop was given since the backup are ended, or booked once more."""

from __future__ import annotations

import structlog

from connector.flow import restoring
from connector.house import House
from connector.port import Forbidden, ShopAdapter
from connector.records import Coupon
from connector.store import shops
from connector.store.shops import Shop

GIFTS_AT_ONCE = 20  # booked in one transaction

_log = structlog.get_logger()


def account_for(house: House, shop: Shop, there: ShopAdapter, found: list[Coupon]) -> int:
    """After a restore, once all else is done: end codes that nothing here asks for, book those that were used."""
    with house.database.merchant(shop.merchant_id) as tx:
        if not restoring.is_quiet(tx, shop.id, house.now()):
            return 0  # the sweep has the shop read once more
        unknown = restoring.unknown(tx, shop, found)
    ended = booked = 0
    for coupon in unknown:
        if not coupon.used:
            there.revoke_coupon(coupon.code, None)
            ended += 1
            continue
        with house.database.merchant(shop.merchant_id) as tx:
            if restoring.book_again(tx, shop, coupon, house.now()):
                booked += 1
            else:
                _log.warning("a used code cannot be traced", shop=shop.id)
    booked += _gifts_again(house, shop, there)
    with house.database.merchant(shop.merchant_id) as tx:
        shops.restored(tx, shop.id, None)
    _log.info("codes accounted for", shop=shop.id, count=len(unknown), done=ended, total=booked)
    return ended + booked


def _gifts_again(house: House, shop: Shop, there: ShopAdapter) -> int:
    """Book the exchanges for gifts that were given since the backup; return how many there were."""
    assert shop.restored_from is not None
    with house.database.merchant(shop.merchant_id) as tx:
        asked = restoring.may_have_exchanged(tx, shop)
    booked, since = 0, shop.restored_from - restoring.OVERLAP
    for kind, customers in asked.items():
        try:
            found = list(there.gifts(kind, since, tuple(customers)).items()) if customers else []
        except Forbidden:
            # Without the right nothing of this kind was given; or it was taken back since, and nobody can look.
            _log.warning("gifts cannot be looked for", shop=shop.id, kind=kind)
            continue
        for start in range(0, len(found), GIFTS_AT_ONCE):
            booked += _book_gifts(house, shop, dict(found[start : start + GIFTS_AT_ONCE]))
    return booked


def _book_gifts(house: House, shop: Shop, found: dict[str, Coupon]) -> int:
    booked = 0
    with house.database.merchant(shop.merchant_id) as tx:
        for remote_id, gift in restoring.unknown_gifts(tx, shop, found).items():
            if restoring.book_gift(tx, shop, remote_id, gift, house.now()):
                booked += 1
            else:
                _log.warning("a gift cannot be traced", shop=shop.id, kind=gift.kind)
    return booked
