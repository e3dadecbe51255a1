"""How many customers stay: the retention rate (F1) and the share that truly bought again."""

from datetime import datetime, timedelta

import msgspec

from connector.insight.shares import Share, share

PERIOD = timedelta(days=90)


class Periods(msgspec.Struct, frozen=True):
    """Two periods that touch: [before, middle) and [middle, end)."""

    before: datetime
    middle: datetime
    end: datetime


def quarters(now: datetime) -> Periods:
    """Return the last 90 days and the 90 days before them."""
    return Periods(now - 2 * PERIOD, now - PERIOD, now)


class Retention(msgspec.Struct, frozen=True):
    """Customers over two periods, all counted as persons.

    `at_start` (S) bought in the first period, `at_end` (E) in the second, `new` (N) of E bought for the first time ever
    in it, `kept` bought in both.
    """

    at_start: int
    at_end: int
    new: int
    kept: int

    @property
    def rate(self) -> Share | None:
        """(E - N) / S; counts customers who came back after a pause as kept. Not defined at S = 0."""
        return share(self.at_end - self.new, self.at_start)

    @property
    def churn(self) -> Share | None:
        """What the rate leaves: (S - (E - N)) / S."""
        return share(self.at_start - self.at_end + self.new, self.at_start)

    @property
    def kept_share(self) -> Share | None:
        """Customers of the first period who bought in the second one too, of all of the first."""
        return share(self.kept, self.at_start)

    @property
    def reactivated(self) -> int:
        """Customers of the second period who are neither new nor from the first: they came back after a pause."""
        return self.at_end - self.new - self.kept

    @property
    def doubtful(self) -> bool:
        """Did more come back than were there at the start? Then the rate says little about loyalty."""
        return self.at_end - self.new > self.at_start
