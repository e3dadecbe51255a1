"""Leaving: a merchant takes Comeback out of a shop by hand, and has what it told erased. Not every shop tells of it.

Both are written on the list of the forgotten before they count: a restore brings neither the keys nor the people back.
"""

from datetime import datetime
from pathlib import Path

from connector.flow import erasing, restoring
from connector.store import queue, shops, tombstones
from connector.store.database import Tx


class StillConnected(Exception):
    """A shop must be removed before it is erased: what it still tells would bring its people back."""


def remove(tx: Tx, shop_id: int, log: Path, now: datetime) -> bool:
    """Delete the shop's keys here and let it be; False when that was done before. Connected again, it goes on as it was."""
    if shops.hold(tx, shop_id).state == "removed":
        return False
    shops.remove(tx, shop_id, now)
    tombstones.write(log, restoring.buried(tx, shop_id, now))
    return True


def erase(tx: Tx, shop_id: int, log: Path, now: datetime) -> bool:
    """Have everything of a removed shop deleted for good; False when that has begun. Raises StillConnected."""
    if shops.hold(tx, shop_id).state != "removed":
        raise StillConnected
    if not erasing.begin(tx, shop_id, now, now):
        return False
    tombstones.write(log, restoring.buried(tx, shop_id, now))
    queue.apply(tx.connection, tx.merchant_id, shop_id)
    return True
