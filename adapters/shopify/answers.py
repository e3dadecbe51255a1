"""What a GraphQL answer means: data, data in part, throttled, refused. Status 200 says none of that."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from adapters.shopify.wire import LONGEST_WAIT, Reply
from connector.port import (
    Doubtful,
    Forbidden,
    OutcomeUnknown,
    Refused,
    ShopError,
    TryLater,
    Unauthorized,
    place,
)

T = TypeVar("T")

# A change may have been done although nobody can read what was said of it.
UNREADABLE = "Shopify's answer to a change is not as agreed."
# Some rights are optional: one for gift cards, say, which a merchant may grant or take back at any time.
NOT_GIVEN = "Shopify has not given Comeback the right to do this in the shop."
Path = tuple[str | int, ...]

__all__ = ["Answer", "Bucket", "Envelope", "Reply", "Throttled", "TooDear", "opened", "result_url", "taken"]


# Level 1 of protected customer data is no right that a merchant grants, and is refused in the same way.
NO_RIGHT = (
    "Shopify refuses Comeback a right it needs. Connect the shop again; if that does not help, "
    "ask for approval of the app for protected customer data."
)


class Throttled(TryLater):
    """The bucket is empty; the shop did not begin, so even a change may be sent again."""


class TooDear(Refused):
    """One query asks for more than the shop allows in one piece; ask for smaller pages."""


class ThrottleStatus(msgspec.Struct, frozen=True, rename="camel"):
    maximum_available: float
    currently_available: float
    restore_rate: float


class Cost(msgspec.Struct, frozen=True, rename="camel"):
    requested_query_cost: int = 0
    throttle_status: ThrottleStatus | None = None


class FaultExtensions(msgspec.Struct, frozen=True):
    code: str = ""


class Fault(msgspec.Struct, frozen=True):
    """One top-level error. The message is not kept: it may quote what was sent."""

    path: Path | None = None
    extensions: FaultExtensions | None = None

    @property
    def code(self) -> str:
        return "" if self.extensions is None else self.extensions.code


class _Extensions(msgspec.Struct, frozen=True):
    cost: Cost | None = None


class Envelope(msgspec.Struct, frozen=True):
    """An answer, opened but not read."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: tuple[Fault, ...] | str | dict[str, object] | None = None
    extensions: _Extensions | None = None

    @property
    def cost(self) -> Cost | None:
        return None if self.extensions is None else self.extensions.cost

    @property
    def faults(self) -> tuple[Fault, ...]:
        if not self.errors:
            return ()
        # Some refusals come as plain text instead of a list.
        return self.errors if isinstance(self.errors, tuple) else (Fault(),)


class _Complaint(msgspec.Struct, frozen=True):
    code: str | None = None


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    """What a change answers with, as far as all of them are alike."""

    user_errors: tuple[_Complaint, ...] = ()


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """The data. `withheld` names the fields the shop left empty because we lack a right."""

    data: T
    withheld: tuple[Path, ...] = ()


class Bucket(msgspec.Struct, frozen=True):
    """The shop's leaky bucket of points as last stated."""

    available: float
    maximum: float
    restore_rate: float
    at: datetime

    @classmethod
    def of(cls, status: ThrottleStatus, now: datetime) -> "Bucket":
        """Return the bucket as the shop states it."""
        return cls(status.currently_available, status.maximum_available, status.restore_rate, now)

    def wait_for(self, points: float, now: datetime) -> timedelta:
        """Return how long until `points` are there; nothing where the shop states no rate."""
        if self.restore_rate <= 0:
            return timedelta(0)
        since = max(0.0, (now - self.at).total_seconds())
        missing = min(points, self.maximum) - self.available - since * self.restore_rate
        return min(timedelta(seconds=max(0.0, missing) / self.restore_rate), LONGEST_WAIT)


def opened(body: bytes, *, changing: bool) -> Envelope:
    """Open an answer; raise when it is no GraphQL answer at all (a shop's error page in HTML, say)."""
    try:
        return msgspec.json.decode(body, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if changing:
            raise OutcomeUnknown(
                "Shopify's answer cannot be read; it may have done what was asked."
            ) from error
        raise TryLater("Shopify's answer cannot be read.") from error


def taken(envelope: Envelope, kind: type[T], *, changing: bool, optional: bool = False) -> Answer[T]:
    """Read the data; keep it where only single fields are withheld, raise for any other fault.

    `optional`: it needs a right that a merchant may have kept back; nothing of it counts where any field is withheld.
    """
    faults = envelope.faults
    if optional and any(fault.code == "ACCESS_DENIED" for fault in faults):
        raise Forbidden(NOT_GIVEN)
    grave = [fault for fault in faults if fault.code != "ACCESS_DENIED" or fault.path is None]
    if grave:
        raise _error(grave[0], envelope, changing=changing)
    try:
        data = msgspec.json.decode(envelope.data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if faults:
            raise _error(faults[0], envelope, changing=changing) from error
        if changing:
            raise OutcomeUnknown(UNREADABLE) from error
        raise TryLater(f"Shopify's answer is not as agreed: {place(error)}") from error
    if changing:
        _heed(envelope.data)
    return Answer(data, tuple(fault.path for fault in faults if fault.path is not None))


def _heed(data: msgspec.Raw) -> None:
    """Raise what a change's complaints mean for any change, by their codes; the others are for whoever asked."""
    try:
        said = msgspec.json.decode(data, type=dict[str, _Payload | None])
    except msgspec.DecodeError:
        return  # no change of ours answers with anything else
    codes = {it.code for payload in said.values() if payload for it in payload.user_errors}
    if "INTERNAL_ERROR" in codes:
        raise OutcomeUnknown("Shopify failed on the way; it may have done what was asked.")
    if codes & {"ACCESS_DENIED", "APP_NOT_AUTHORIZED"}:
        raise Forbidden(NOT_GIVEN)


def result_url(url: str, base_url: str | None) -> str:
    """Return a result file's address when it may be fetched: https outside, or the sandbox's own."""
    parts = urlsplit(url)
    if base_url is not None:
        ours = urlsplit(base_url)
        allowed = (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
    else:
        allowed = parts.scheme == "https" and parts.port in {None, 443} and "@" not in parts.netloc
    if not allowed:
        raise Refused("The shop names a result file at an address Comeback does not fetch from.")
    return url


def _error(fault: Fault, envelope: Envelope, *, changing: bool) -> ShopError:
    match fault.code:
        case "THROTTLED":
            return Throttled(
                "Shopify asks to wait: the shop's call limit is reached.", _refill(envelope.cost)
            )
        case "MAX_COST_EXCEEDED":
            return TooDear("Shopify finds one of Comeback's queries too dear.")
        case "ACCESS_DENIED" if changing:
            # What we read all needs; a change needs a right of its own, which a merchant may have kept back.
            return Forbidden(NOT_GIVEN)
        case "ACCESS_DENIED":
            return Unauthorized(NO_RIGHT)
        case "SHOP_INACTIVE":
            return TryLater("Shopify says this shop is not active.", LONGEST_WAIT)
        case "INTERNAL_SERVER_ERROR" | "TIMEOUT" if changing:
            return OutcomeUnknown("Shopify failed on the way; it may have done what was asked.")
        case "INTERNAL_SERVER_ERROR" | "TIMEOUT":
            return TryLater("Shopify failed on the way.")
        case code if changing and (fault.path is not None or not code):
            # It came up while it was being done, or says of nothing why. Only a document that was not run is a clear no.
            return Doubtful("Shopify failed on the way; it may have done what was asked.")
        case code:
            return Refused(f"Shopify refuses the request ({code or 'without a reason'}).")


def _refill(cost: Cost | None) -> timedelta | None:
    """Return how long until the shop's bucket holds what this query needs; a second where it does not say."""
    status = None if cost is None else cost.throttle_status
    if cost is None or status is None or status.restore_rate <= 0:
        return timedelta(seconds=1)
    missing = min(cost.requested_query_cost, status.maximum_available) - status.currently_available
    return timedelta(seconds=max(0.1, missing / status.restore_rate))
