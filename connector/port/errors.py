"""What goes wrong on a shop's line, each kind by what is to be done about it."""

import re
from datetime import timedelta

import msgspec

from connector.port.answers import Batch


class ShopError(Exception):
    """The root of what goes wrong on a shop's line. The text is safe to show and to log."""


class Unreadable(ValueError):
    """Some of what was asked for cannot be read, however often it is asked for; nothing is wrong with the line.

    `found`: what can be read of it, and what cannot.
    """

    def __init__(self, found: Batch) -> None:
        super().__init__(f"{found.unread[0].kind} {found.unread[0].id} cannot be read")
        self.found = found


class TryLater(ShopError):
    """The shop is busy or out of order; nothing was done. `wait` is what it asked for, if it did."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class NotReady(TryLater):
    """What was asked for is still being prepared; the shop itself is well, and all else goes on with it."""


class OutcomeUnknown(ShopError):
    """The call went out and no answer came back: it may have been done. Look before trying again."""


class Doubtful(OutcomeUnknown):
    """The shop answered, and its answer leaves open whether it was done: a doubt about one thing, not about the line."""


class Refused(ShopError):
    """The shop says no, and will say no again; the text says what to do."""


class Already(Refused):
    """The shop is here already, at `address`; empty where whoever asks need not know which. `removed`: by its merchant."""

    def __init__(self, address: str = "", *, removed: bool = False) -> None:
        super().__init__("This shop is connected already, at another of its addresses; connect it there.")
        self.address = address
        self.removed = removed


class Forbidden(Refused):
    """A right is missing for this one thing; the shop stays connected and all else goes on.

    `right`: which, as `Condition.missing_rights` names it; empty where the shop's condition does not tell of it.
    """

    def __init__(self, why: str, right: str = "") -> None:
        super().__init__(why)
        self.right = right


class Unauthorized(ShopError):
    """The shop no longer accepts our token, or a right that everything needs is missing: the merchant must reconnect."""


def place(error: Exception) -> str:
    """Return where in an answer or a message it stands what msgspec complains of, `$.orders[0].id`; "$" for all of it.

    The place says nothing of what stands there, and is the same in every language; msgspec's own words are English.
    """
    told = str(error) if isinstance(error, msgspec.DecodeError) else ""
    words, _dash, at = told.partition(" - at `")
    found = _PLACE.search(at)
    missing = _MISSING.fullmatch(words)
    return (found[0] if found else "$") + (f".{missing[1]}" if missing else "")


_PLACE = re.compile(r"\$[^`]*")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
