"""What an answer of a Magento shop means, as the port's errors.

No text here quotes the answer: it may hold personal data, and the address may belong to somebody who is fishing for
what our network can see. Magento's messages are translated, so nothing is decided by them either: only by the
status, the content type and the parameters.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from connector.port import Forbidden, OutcomeUnknown, Refused, TryLater, Unauthorized

from . import address, rights

LONGEST = timedelta(
    hours=4
)  # that a shop may have us wait: a firewall that says ten years would stop it for ever
UNSAID = timedelta(seconds=30)  # a 429 without a word about how long
# What is raised for an answer that is no JSON: a byte that is no UTF-8 and a thousand brackets raise errors of their own.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Answer(msgspec.Struct, frozen=True):
    """A whole answer, decoded and within the limit. `asked` is the shop's address that was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: str = ""

    @property
    def json(self) -> bool:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


class Gone(Refused):
    """The thing asked for is not in the shop (any more)."""


class PageTooBig(Refused):
    """The shop's own limit on rows per page is `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The shop allows at most {limit} rows per page.")
        self.limit = limit


class TooLarge(Refused):
    """The answer is longer than we read."""


class Redirected(Refused):
    """The shop has moved for good, or was named without its www. `to`: its address now; empty where that is not told."""

    def __init__(self, why: str, to: str = "") -> None:
        super().__init__(why)
        self.to = to


class TooSlow(TryLater):
    """The answer did not come within the time that a call may take."""


class Unreached(TryLater):
    """No line to the shop came about: nothing answers there, or nothing that proves to be it by its certificate."""


class NotMagento(TryLater):
    """A page came where data was expected: another program, a firewall or a maintenance page answered."""


class SentElsewhere(NotMagento):
    """The shop sends whoever asks for data on to another place, for now or by its own settings. `to` as above."""

    def __init__(self, why: str, to: str = "") -> None:
        super().__init__(why)
        self.to = to


class Untrusted(Unauthorized):
    """The signature was not accepted at all. `resources` is set when Magento named the right it asked for."""

    def __init__(self, why: str, resources: str = "") -> None:
        super().__init__(why)
        self.resources = resources


class Denied(Forbidden):
    """A right is missing that is for one thing only; `resources` is what Magento calls it."""

    def __init__(self, why: str, resources: str) -> None:
        super().__init__(why, rights.named(resources))
        self.resources = resources


class _Fault(msgspec.Struct, frozen=True):
    # Placeholders have names or numbers: the parameters come as an object or as a list.
    parameters: dict[str, object] | list[object] | None = None


def judge(answer: Answer, changes: bool, now: datetime) -> None:
    """Pass a good answer; raise what any other means. `changes`: the call may have changed something."""
    match answer.status:
        case 200 | 201 | 202 if answer.json:
            return
        case 301 | 302 | 303 | 307 | 308:
            raise _redirected(answer, changes)
        case 401 if answer.json:
            raise _unauthorized(answer)
        case 429:
            raise TryLater("The shop asks us to slow down (429).", wait(answer, now) or UNSAID)
        case 503 if not changes or "retry-after" in answer.headers:
            raise TryLater("The shop is out of order for a while (503).", wait(answer, now))
        case 408 if not changes:
            raise TryLater("The shop was too slow for its own web server (408).", wait(answer, now))
        case status if (status >= 500 or status == 408) and changes:
            raise OutcomeUnknown(f"The shop failed on our call ({status}); it may have been done.")
        case status if status >= 500:
            raise TryLater(f"The shop failed on our call ({status}).", wait(answer, now))
        case status if not answer.json:
            raise _page_instead_of_data(status, changes)
        case 404:
            raise Gone("The shop does not have it (any more).")
        case _:
            raise _refused(answer)


def _redirected(answer: Answer, changes: bool) -> Redirected | TryLater | OutcomeUnknown:
    """Name the host it leads to, and no more of what the answer says; Magento's own redirect to its base URL is a 302."""
    to = address.moved(answer.asked, answer.headers.get("location", ""))
    named = f", {to}: connect it with that address" if to else ""
    if answer.status in (301, 308):
        return Redirected(f"The shop answers with a redirect to another address{named}.", to)
    if to:
        return SentElsewhere(f"The shop answers with a redirect to another address{named}.", to)
    return _page_instead_of_data(answer.status, changes)


def wait(answer: Answer, now: datetime) -> timedelta | None:
    """Read Retry-After, seconds or a date, up to LONGEST; None where it is missing or unreadable."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        if text.isascii() and text.isdigit():
            return min(timedelta(seconds=int(text[:6])), LONGEST)
        return min(max(timedelta(), parsedate_to_datetime(text).astimezone(UTC) - now), LONGEST)
    except (ValueError, OverflowError):
        return None


def _page_instead_of_data(status: int, changes: bool) -> TryLater | OutcomeUnknown:
    if changes and status < 300:
        return OutcomeUnknown("A page came where data was expected; the call may have been done.")
    return NotMagento(
        f"A page came where data was expected ({status}): is a firewall or maintenance page in between?"
    )


def _refused(answer: Answer) -> Refused | TryLater:
    parameters = _parameters(answer)
    if answer.status == 400 and isinstance(limit := parameters.get("max"), int):
        return PageTooBig(limit)
    if answer.status == 403:
        # Magento itself says 401; a 403 is a firewall's, and firewalls change their minds.
        return TryLater("The shop's firewall turns us away (403).")
    return Refused(f"The shop refused the call ({answer.status}).")


def _unauthorized(answer: Answer) -> Untrusted:
    # Of a route Magento names the right as a word; of what a module asks beside, as a list.
    named = _parameters(answer).get("resources", "")
    resources = ", ".join(map(str, named)) if isinstance(named, list) else str(named)
    if not resources:
        return Untrusted("The shop does not accept our signature; connect it again with its four keys.")
    return Untrusted(
        f"A right is missing; tick it under API of the integration: {rights.where(resources)}.", resources
    )


def _parameters(answer: Answer) -> dict[str, object]:
    try:
        parameters = msgspec.json.decode(answer.body, type=_Fault).parameters
    except UNREADABLE:
        return {}
    return parameters if isinstance(parameters, dict) else {}
