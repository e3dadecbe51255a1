"""Erasing a shop: every row of it goes, and whom another shop of the merchant knows too keeps what was booked.

The shop is out of use from the first moment. Its rows go in portions, each a transaction of its own: who was killed in
between goes on with what is left, and nobody waits behind the locks of half a million rows.

The ledger is only ever added to. So what the shop's orders and exchanges have come to becomes facts of its own first, of
those who live on; the others' members are closed, and their entries stay without anybody behind them. A member's orders
go in the transaction that writes these facts down: never does both count, nor neither.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from connector.flow import joining, settling
from connector.loyalty.closing import closed
from connector.store import (
    erasures,
    inbox,
    ledger,
    members,
    merchants,
    people,
    privacy,
    programs,
    proofs,
    shops,
)
from connector.store.database import Tx

PORTION = 5_000  # rows deleted in one transaction, where no member is behind them
MEANWHILE = "The shop was erased meanwhile."
MEMBERS = settling.BATCH  # whose rows go in one transaction


def erase(tx: Tx, shop_id: int, asked_at: datetime, now: datetime) -> int:
    """Erase a shop and all it told us in this one transaction, where nobody else is at work; return how many rows went."""
    if begin(tx, shop_id, asked_at, now):
        while portion(tx, shop_id, now):
            pass
    return sum(erasures.under_way(tx, shop_id).rows.values())


def begin(tx: Tx, shop_id: int, asked_at: datetime, now: datetime) -> bool:
    """Take a shop out of use, and what it told of people out of the files made for them; False when that was done before."""
    if shops.hold(tx, shop_id).is_erased:
        return False
    erasures.begin(tx, shop_id, asked_at, now, {"privacy": privacy.empty_exports(tx, shop_id)})
    inbox.close(tx, shop_id, MEANWHILE, now)
    return True


def portion(tx: Tx, shop_id: int, now: datetime, spared: Sequence[int] = (), alone: bool = False) -> bool:
    """Erase some of what is left of a shop; False when nothing was: then its end is written down, with the proof.

    Members in `spared` are left where they are, and the end with them. `alone`: only one member goes.
    """
    if shops.hold(tx, shop_id).forgotten_at is not None:
        return False
    rows = _people(tx, shop_id, now, spared, 1 if alone else MEMBERS)
    if not rows and spared:
        return False
    rows = rows or erasures.others(tx, shop_id, PORTION)
    if rows.total():
        erasures.count(tx, shop_id, rows)
        return True
    done = erasures.under_way(tx, shop_id)
    erasures.end(tx, shop_id, now)
    proofs.write_down(tx, proofs.Deed(done.shop_name, "shop_forgotten", done.asked_at, done.rows), now)
    if not shops.of_merchant(tx):
        merchants.has_left(tx)
    return False


def _people(tx: Tx, shop_id: int, now: datetime, spared: Sequence[int], limit: int) -> Counter[str]:
    """Erase some of the shop's customers with what they bought; nothing when it has none."""
    known = joining.hold(tx, lambda: erasures.portion(tx, shop_id, limit, spared))
    if not known:
        return Counter()
    staying = people.also_elsewhere(tx, shop_id, known)
    _close(tx, shop_id, staying, now)
    rows = erasures.people(tx, shop_id, known)
    gone = sorted(set(known) - set(staying))
    rows.update(privacy.erase_reasons(tx, gone))
    rows["acts"] += privacy.delete_acts(tx, gone)
    members.close(tx, gone, now)
    settling.settle(tx, staying, now, half_known=True)
    return rows


def _close(tx: Tx, shop_id: int, member_ids: Sequence[int], now: datetime) -> None:
    """Bring these members' books up to this moment, and keep what the shop's part of it came to."""
    versions = programs.versions(tx)
    settling.settle(tx, member_ids, now, half_known=True)
    for member_id, one in settling.recall(tx, member_ids).items():
        ledger.close(tx, member_id, closed(one.history, versions, shop_id, now))
