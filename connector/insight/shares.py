"""Shares and averages as whole numbers: rounded once, half up, at the moment they are shown."""

import msgspec


class Share(msgspec.Struct, frozen=True):
    """A part of a whole, both counted. The whole is more than zero; the part may be below zero."""

    part: int
    whole: int

    def rounded(self, steps: int) -> int:
        """Return the share in `steps` of one: 1000 for tenths of a per cent."""
        return half_up(self.part * steps, self.whole)

    @property
    def tenths_of_percent(self) -> int:
        """The share as people read it, in tenths of a per cent: 80.0 % is 800."""
        return self.rounded(1000)


def half_up(amount: int, count: int) -> int:
    """Divide and round to the nearest whole number, a half upwards; `count` is more than zero."""
    return (2 * amount + count) // (2 * count)


def share(part: int, whole: int) -> Share | None:
    """Return the share, or None where nothing is there to have a share of: it is not defined."""
    return Share(part, whole) if whole > 0 else None
