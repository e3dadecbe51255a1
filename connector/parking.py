"""What was put aside, of all merchants: for whoever runs Comeback and sits at its command line."""

from __future__ import annotations

from typing import Literal

import msgspec

from connector.flow import again
from connector.house import House
from connector.store import shops, unread
from connector.store.reading import activity
from connector.store.reading.activity import Wanted

_MOST = 10_000


class Parked(msgspec.Struct, frozen=True):
    """One message or change that was put aside, or `count` of a kind that cannot be read; nothing personal is in it."""

    shop: str
    way: Literal["message", "change"]
    id: int
    what: str
    attempts: int
    why: str
    count: int = 1


def everything(house: House) -> list[Parked]:
    """Return what is put aside, merchant by merchant, the newest first."""
    found: list[Parked] = []
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            names = {shop.id: shop.address for shop in shops.of_merchant(tx)}
            heaps = unread.heaps(tx)
            for one in heaps:
                why = f"{one.count} of these cannot be read, among them {', '.join(one.first)}"
                found.append(Parked(names[one.shop_id], "message", one.id, one.topic, 1, why, one.count))
            for line in activity.arrivals(tx, Wanted(state="parked", heaps=heaps), _MOST).lines:
                why = line.result or ""
                found.append(Parked(names[line.shop_id], "message", line.id, line.topic, line.attempts, why))
            for push in activity.sendings(tx, Wanted(state="parked"), _MOST).lines:
                why = push.result or ""
                found.append(Parked(names[push.shop_id], "change", push.id, push.kind, push.attempts, why))
    return found


def clear(house: House, *, discard: bool) -> None:
    """Have everything tried again, or put away for good; a second time finds nothing to do."""
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            if discard:
                again.discard_all(tx, house.now())
            else:
                again.all_again(tx, house.now())
