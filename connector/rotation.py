"""Changing the encryption key: whatever an older key sealed is sealed again with the newest, while all else goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from connector.house import House
from connector.store import sealed

BATCH = 100  # words sealed again in one transaction; kept messages may be large
_TURNS = 3  # what others were working on is tried again so often


class Uses(msgspec.Struct, frozen=True):
    """How many sealed words each key id has. `old` are listed and not the newest, `missing` are not listed.

    `shut`: of each listed key the words, among those looked at, that it does not open; and what is no sealed word at all.
    """

    newest: str
    current: int
    old: dict[str, int]
    missing: dict[str, int]
    shut: tuple[sealed.Shut, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the newest key seals everything, and opens it."""
        return not any(self.old.values()) and not self.missing and not self.shut


def tell(shut: sealed.Shut) -> str:
    """Say in words what does not open."""
    fault = "name no key and cannot be opened"
    if shut.key_id:
        fault = f"are sealed with {shut.key_id} do not open with the {shut.key_id} that is listed"
    return f"{shut.count} of {shut.looked_at} words looked at that {fault}; the first is {shut.first}"


def uses(house: House) -> Uses:
    """Count what each key seals, over all merchants, and see whether it opens it."""
    found: Counter[str] = Counter()
    shut: dict[str, sealed.Shut] = {}
    listed = list(house.settings.encryption_keys)
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            theirs = sealed.uses(tx)
            for key_id in theirs.keys() & {*listed, ""}:
                looked = sealed.probe(tx, key_id)
                shut[key_id] = shut[key_id] + looked if key_id in shut else looked
            found += theirs
    return Uses(
        newest=listed[0],
        current=found[listed[0]],
        old={key_id: found[key_id] for key_id in listed[1:]},
        missing={key_id: count for key_id, count in sorted(found.items()) if key_id not in (*listed, "")},
        shut=tuple(one for _, one in sorted(shut.items()) if one.count),
    )


def rotate(house: House, told: Callable[[int], None]) -> Uses:
    """Seal everything with the newest key, batch by batch, each committed by itself; `told` hears of every batch.

    Stopped anywhere it goes on where it was: what the newest key seals is not looked at again. Returns what is left.
    """
    for _ in range(_TURNS):
        for merchant_id in house.merchants():
            _rotate_merchant(house, merchant_id, told)
        left = uses(house)
        if not any(left.old.values()):
            break
    return left


def _rotate_merchant(house: House, merchant_id: int, told: Callable[[int], None]) -> None:
    for table, column in sealed.columns():
        after: tuple[object, ...] | None = None
        while True:
            with house.database.merchant(merchant_id) as tx:
                batch = sealed.reseal(tx, table, column, after, BATCH)
            if batch.last is None:
                break
            after = batch.last
            told(batch.resealed)
