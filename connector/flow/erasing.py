"""Erasing a shop: every row of it goes, and whom another shop of the merchant knows too keeps what was booked.

The ledger is only ever added to. So what the shop's orders and exchanges have come to becomes facts of its own first, of
those who live on; the others' members are closed, and their entries stay without anybody behind them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from connector.flow import joining, settling
from connector.loyalty.closing import closed
from connector.store import ledger, members, merchants, people, privacy, programs, shops
from connector.store.database import Tx


def erase(tx: Tx, shop_id: int, now: datetime) -> dict[str, int]:
    """Erase a shop and all it told us; return the number of rows by table. Once more does nothing."""
    known = joining.hold(tx, lambda: people.in_shop(tx, shop_id))
    staying = people.also_elsewhere(tx, shop_id, known)
    _close(tx, shop_id, staying, now)
    tables = privacy.delete_shop(tx, shop_id)
    gone = sorted(set(known) - set(staying))
    tables |= privacy.erase_reasons(tx, gone)
    tables["acts"] += privacy.delete_acts(tx, gone)
    members.close(tx, gone, now)
    shops.forget(tx, shop_id, now)
    for some in _parts(staying):
        settling.settle(tx, some, now)
    if not shops.of_merchant(tx):
        merchants.has_left(tx)
    return tables


def _close(tx: Tx, shop_id: int, member_ids: Sequence[int], now: datetime) -> None:
    """Bring these members' books up to this moment, and keep what the shop's part of it came to."""
    versions = programs.versions(tx)
    for some in _parts(member_ids):
        settling.settle(tx, some, now)
        for member_id, one in settling.recall(tx, some).items():
            ledger.close(tx, member_id, closed(one.history, versions, shop_id, now))


def _parts(member_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(member_ids), settling.BATCH):
        yield member_ids[start : start + settling.BATCH]
