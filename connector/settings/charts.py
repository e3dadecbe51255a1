"""Where the bars of a chart stand. Whole numbers in the units of the picture; the template only draws them."""

from collections.abc import Sequence
from datetime import date

import msgspec

from connector.store.figures import Month
from connector.store.series import Held


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


def complete(months: Sequence[date], found: Sequence[Month]) -> tuple[Month, ...]:
    """Return every one of the months, those without orders as nothing."""
    by_month = {one.month: one for one in found}
    return tuple(by_month.get(month, Month(month, 0, 0)) for month in months)


class Day(msgspec.Struct, frozen=True):
    """A day that is named below a line, and where."""

    day: date
    x: int


class Steps(msgspec.Struct, frozen=True):
    """A stepped line, as an SVG path, over the ground below it; `width` by `height`, right of `left`."""

    width: int
    height: int
    left: int
    ground: int
    path: str
    area: str
    days: tuple[Day, ...]
    lines: tuple[Line, ...]


TOP, BOTTOM = 14, 26


def steps(held: Sequence[Held], width: int, height: int, named: int) -> Steps:
    """Lay out points per day as steps; about `named` of the days are named."""
    left, ground = 56, height - BOTTOM
    highest = ceiling(max((one.points for one in held), default=0))
    room, days = ground - TOP, max(len(held), 1)
    places = [left + n * (width - left) // days for n in range(days + 1)]
    heights = [ground - max(one.points, 0) * room // highest for one in held]
    drawn = "".join(f"V{y}H{x}" for y, x in zip(heights, places[1:], strict=False))
    begin = f"M{left} {heights[0] if heights else ground}"
    every = max(days // named, 1)
    shown = tuple(Day(one.day, places[n]) for n, one in enumerate(held) if n % every == every // 2)
    area = f"M{left} {ground}{drawn}V{ground}Z"
    return Steps(width, height, left, ground, begin + drawn, area, shown, _lines(highest, ground, room))


def _lines(highest: int, ground: int, room: int) -> tuple[Line, ...]:
    return tuple(Line(ground - room * part // 4, highest * part // 4) for part in range(0, 5, 2))


def chart(months: Sequence[Month], width: int, height: int, every: int = 1, left: int = 40) -> Chart:
    """Lay out the bars; only each `every`-th month is named, so that names do not touch.

    What is below nothing, as refunds of an earlier month can make it, is not drawn.
    """
    ground = height - BOTTOM
    months = [Month(one.month, max(one.first, 0), max(one.again, 0)) for one in months]
    highest = ceiling(max((one.first + one.again for one in months), default=0))
    room = ground - TOP
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
    return Chart(width, height, left, ground, tuple(bars), _lines(highest, ground, room))


def ceiling(figure: int) -> int:
    """Return a round figure not below this one, divisible by four: where the axis ends."""
    unit = 4
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18):
            if figure <= unit * factor:
                return unit * factor
        unit *= 10
