"""`comeback trace`: one request's road, for the person at the keyboard."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from connector.house import House
from connector.store.reading import trace
from connector.store.reading.trace import Road

_WIDTH = 9


def road(house: House, number: str) -> Road:
    """Return what is known of the request, whosever it was; an empty road where nothing is.

    Numbers are given by callers too, so that several merchants may know the same one: all of it is shown.
    """
    found: list[Road] = []
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            found.append(trace.road(tx, number))
    known = [one for one in found if one]
    return Road(
        ", ".join(dict.fromkeys(one.request for one in known)) or number,
        tuple(stop for one in known for stop in one.arrived),
        tuple(stop for one in known for stop in one.booked),
        tuple(stop for one in known for stop in one.sent),
    )


def as_json(found: Road) -> str:
    """Write the road for a program: `request`, `arrived`, `booked`, `sent`."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: Road) -> str:
    """Write the road as lines, in the order in which things happened."""
    if not found:
        return f"Nothing is known of {found.request}. Rows are kept for 35 days; the log may know more."
    stops = [f"{at:%Y-%m-%d %H:%M:%S}  {stop:{_WIDTH}} {said}" for at, stop, said in sorted(_stops(found))]
    return "\n".join([f"Request {found.request}", *stops])


def _stops(found: Road) -> Iterator[tuple[datetime, str, str]]:
    for one in found.arrived:
        yield one.received_at, "received", f"{one.shop}: {one.topic} ({one.delivery}), row {one.id}"
        if one.applied_at is not None:
            about = f" {one.subject}:" if one.subject else ""
            yield one.applied_at, one.state, f"{one.shop}:{about} {one.result or ''}".rstrip()
    for entry in found.booked:
        yield (
            entry.booked_at,
            "booked",
            f"member {entry.member}: {entry.points:+} by {entry.rule}, {entry.source}",
        )
    for push in found.sent:
        yield push.made_at, "wanted", f"{push.shop}: {push.kind} of {push.subject}, row {push.id}"
        if push.done_at is not None:
            yield push.done_at, push.state, f"{push.shop}: {push.kind} of {push.subject}: {push.result or ''}"
