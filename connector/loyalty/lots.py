"""Credits and debits replayed in their order: what is left of each lot, what ended unspent, what is owed.

At one moment lots end first, then credits arrive, then points come back, then debits are taken. A credit settles debt
before it becomes a lot. A debit takes from the lot that ends soonest; what is missing becomes debt.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import NamedTuple, assert_never

import msgspec

from connector.loyalty.facts import Lot

NEVER = datetime.max.replace(tzinfo=UTC)


class Credit(msgspec.Struct, frozen=True):
    """Points that arrive and stay until `ends_at`."""

    moment: datetime
    source: str
    points: int
    ends_at: datetime | None


class Debit(msgspec.Struct, frozen=True):
    """Points that are taken."""

    moment: datetime
    source: str
    points: int


class Return(msgspec.Struct, frozen=True):
    """Points of the debit of `source` that come back, and live until `ends_at` at least."""

    moment: datetime
    source: str
    points: int
    ends_at: datetime
    at_once: bool  # at the very moment of the debit, hence behind it


Turn = Credit | Debit | Return


class Reminder(NamedTuple):
    """A moment at which it is worth saying how many points will end at `ends_at`."""

    moment: datetime
    ends_at: datetime
    days_ahead: int
    good_until: datetime
    key: str  # of the notice it becomes


Reminders = Callable[[str, datetime], Iterable[Reminder]]  # of a lot, by its source and end


def _none(source: str, ends_at: datetime) -> Iterable[Reminder]:
    return ()


class Ended(msgspec.Struct, frozen=True):
    """What was left of a source's lots when they ended, and when the last of them did."""

    points: int
    moment: datetime


class _Key(NamedTuple):
    """Names a lot, and puts those to be spent first in front: soonest end, earliest arrival, source."""

    ends_at: datetime
    arrived: datetime
    source: str


class Purse:
    """A member's points at one moment of the replay. sum(lots) - debt = balance, and one of the two is 0.

    `reminded`: what ended soon at each reminder that has passed; a reminder of no points is none.
    """

    def __init__(self, reminders: Reminders = _none) -> None:
        self.debt = 0
        self.ended: dict[str, Ended] = {}
        self.reminded: list[tuple[Reminder, int]] = []
        self._reminders = reminders
        self._coming: list[Reminder] = []  # a heap
        self._told: set[str] = set()  # keys of reminders that were given
        self._ending: dict[datetime, int] = {}  # what is left, by its end
        self._left: dict[_Key, int] = {}
        self._order: list[_Key] = []  # a heap of the keys of _left
        self._taken: dict[str, list[tuple[_Key, int]]] = {}

    @property
    def next_reminder(self) -> datetime | None:
        """Return when the next reminder comes if nothing changes."""
        return min((one.moment for one in self._coming if self._worth_telling(one)), default=None)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """Return what is left, in the order in which it will be spent."""
        return tuple(
            Lot(key.source, self._left[key], None if key.ends_at == NEVER else key.ends_at)
            for key in sorted(self._left)
        )

    @property
    def balance(self) -> int:
        return sum(self._left.values()) - self.debt

    def end(self, now: datetime) -> None:
        """Let every lot go that has ended by now."""
        while self._order and self._order[0].ends_at <= now:
            key = heappop(self._order)
            before = self.ended.get(key.source)
            points = self._left.pop(key) + (before.points if before else 0)
            self.ended[key.source] = Ended(points, key.ends_at)

    def remind(self, until: datetime, *, included: bool = False) -> None:
        """Let the reminders pass that come before this moment, or also at it."""
        while self._coming and (
            self._coming[0].moment < until or (included and self._coming[0].moment == until)
        ):
            reminder = heappop(self._coming)
            if self._worth_telling(reminder):
                self._told.add(reminder.key)
                self.reminded.append((reminder, self._ending[reminder.ends_at]))

    def _worth_telling(self, reminder: Reminder) -> bool:
        told = reminder.key in self._told
        return not told and self._ending.get(reminder.ends_at, 0) > 0

    def turn(self, turn: Turn) -> None:
        match turn:
            case Credit(moment, source, points, ends_at):
                self._put(_Key(ends_at or NEVER, moment, source), self._settle(points), moment)
            case Debit(_, source, points):
                self._taken[source] = self._take(points)
            case Return():
                self._give_back(turn)
            case _:
                assert_never(turn)

    def _settle(self, points: int) -> int:
        """Pay the debt from these points; return what is over."""
        paid = min(points, self.debt)
        self.debt -= paid
        return points - paid

    def _put(self, key: _Key, points: int, now: datetime) -> None:
        if points <= 0:
            return
        if key not in self._left:
            heappush(self._order, key)
            self._expect(key, now)
        self._left[key] = self._left.get(key, 0) + points
        self._ending[key.ends_at] = self._ending.get(key.ends_at, 0) + points

    def _expect(self, key: _Key, now: datetime) -> None:
        if key.ends_at != NEVER:
            for reminder in self._reminders(key.source, key.ends_at):
                if reminder.moment >= now:
                    heappush(self._coming, reminder)

    def _take(self, points: int) -> list[tuple[_Key, int]]:
        taken = []
        while points and self._order:
            key = self._order[0]
            piece = min(points, self._left[key])
            taken.append((key, piece))
            points -= piece
            self._left[key] -= piece
            self._ending[key.ends_at] -= piece
            if not self._left[key]:
                del self._left[heappop(self._order)]
        self.debt += points
        return taken

    def _give_back(self, back: Return) -> None:
        """Settle debt, then refill the lots it was taken from, last taken first; what was owed becomes a new lot."""
        points = self._settle(back.points)
        for key, taken in reversed(self._taken.get(back.source, [])):
            piece = min(points, taken)
            self._put(key._replace(ends_at=max(key.ends_at, back.ends_at)), piece, back.moment)
            points -= piece
        self._put(_Key(back.ends_at, back.moment, back.source), points, back.moment)


def replay(turns: Iterable[Turn], now: datetime, reminders: Reminders = _none) -> Purse:
    """Return the purse as it stands now, after every turn up to now in its order, whatever order they come in."""
    purse = Purse(reminders)
    for turn in sorted(turns, key=_place):
        if turn.moment > now:
            break
        purse.remind(turn.moment)
        purse.end(turn.moment)
        purse.turn(turn)
    purse.end(now)
    purse.remind(now, included=True)
    return purse


def _place(turn: Turn) -> tuple[datetime, int, str]:
    match turn:
        case Credit():
            rank = 1
        case Return():
            rank = 4 if turn.at_once else 2
        case Debit():
            rank = 3
        case _:
            assert_never(turn)
    return turn.moment, rank, turn.source
