"""Where the bars of a chart stand. Whole numbers in the units of the picture; the template only draws them."""

from collections.abc import Sequence
from datetime import date

import msgspec

from connector.loyalty.calendar import add_months
from connector.store.figures import Month


class Bar(msgspec.Struct, frozen=True):
    """One month: two pieces upon each other, and the place of its name."""

    month: date
    again: int
    first: int
    x: int
    width: int
    again_y: int
    again_height: int
    first_y: int
    first_height: int
    named: bool

    @property
    def middle(self) -> int:
        """Where the name stands."""
        return self.x + self.width // 2


class Line(msgspec.Struct, frozen=True):
    """A line across, with the figure it stands for."""

    y: int
    figure: int


class Chart(msgspec.Struct, frozen=True):
    """A picture `width` by `height`; bars stand on `ground` and begin right of `left`."""

    width: int
    height: int
    left: int
    ground: int
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]


def last_months(today: date, count: int) -> tuple[date, ...]:
    """Return the first days of the last `count` months, this month last."""
    this = today.replace(day=1)
    return tuple(add_months(this, back) for back in range(1 - count, 1))


def complete(months: Sequence[date], found: Sequence[Month]) -> tuple[Month, ...]:
    """Return every one of the months, those without orders as nothing."""
    by_month = {one.month: one for one in found}
    return tuple(by_month.get(month, Month(month, 0, 0)) for month in months)


def chart(months: Sequence[Month], width: int, height: int, every: int = 1) -> Chart:
    """Lay out the bars; only each `every`-th month is named, so that names do not touch."""
    left, top, bottom = 40, 14, 26
    ground = height - bottom
    highest = ceiling(max((one.first + one.again for one in months), default=0))
    room = ground - top
    step = (width - left) // max(len(months), 1)
    gap = max(step // 4, 3)
    bars = []
    for n, one in enumerate(months):
        again, first = one.again * room // highest, one.first * room // highest
        bars.append(
            Bar(
                month=one.month,
                again=one.again,
                first=one.first,
                x=left + n * step + gap // 2,
                width=step - gap,
                again_y=ground - again,
                again_height=again,
                first_y=ground - again - first,
                first_height=first,
                named=(len(months) - 1 - n) % every == 0,
            )
        )
    lines = tuple(Line(ground - room * part // 4, highest * part // 4) for part in range(0, 5, 2))
    return Chart(width, height, left, ground, tuple(bars), lines)


def ceiling(figure: int) -> int:
    """Return a round figure not below this one, divisible by four: where the axis ends."""
    unit = 4
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18):
            if figure <= unit * factor:
                return unit * factor
        unit *= 10
