"""What one member's card shows: what they hold and why, told by the clock of the shop where it happened."""

from datetime import datetime
from typing import Generic, Literal, TypeVar

import msgspec
from flask import render_template

from connector.flow import programme, settling
from connector.loyalty import sentences
from connector.loyalty.decide import decide
from connector.loyalty.facts import Act, Standing
from connector.loyalty.terms import Redeemable, Version
from connector.loyalty.versions import in_force
from connector.secrets import random_word
from connector.settings import asked
from connector.settings.clocks import Clocks, clocks
from connector.settings.door import Visit
from connector.settings.forms import Form
from connector.settings.show import last_day
from connector.settings.tongue import _, language
from connector.settings.words import code_state
from connector.store.reading import coupons, members, notices
from connector.store.reading.members import Booking, Member, Person
from connector.store.shops import Shop

T = TypeVar("T")
List = Literal["ledger", "orders", "codes", "notices"]
LISTS: tuple[List, ...] = ("ledger", "orders", "codes", "notices")
NEWEST = 20  # lines of a list, until all are asked for


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """The lines of one list. `more`: older ones are left out."""

    lines: tuple[T, ...]
    more: bool


class Told(msgspec.Struct, frozen=True):
    """A ledger line with its sentence, the zone it is told in, and its shop where that is not clear by itself."""

    line: Booking
    sentence: str
    zone: str
    shop: str


class Place(msgspec.Struct, frozen=True):
    """Where a coupon can be made for the member. `value` is what the form sends."""

    value: str
    title: str


class Forms(msgspec.Struct, frozen=True):
    """The two forms of the card, as they were typed when they come back."""

    redeem: Form = Form()
    adjust: Form = Form()


def show(seen: Visit, found: Member, typed: Forms) -> str:
    """Return the member's card; "?show=ledger" shows one of its lists from end to end."""
    people = members.people(seen.tx, found.id)
    versions = programme.versions(seen.tx)
    standing, acts = _standing(seen, found, versions)
    clock = clocks(seen.shops, acts, seen.zone)
    several = _several(clock, people)
    whole = asked.choice("show", LISTS)
    return render_template(
        "member.html",
        section="members",
        zone=seen.zone,
        clock=clock,
        several=several,
        member=found,
        people=people,
        shops=clock.shops,
        ledger=_ledger(seen, found, clock, _size("ledger", whole), named=bool(several)),
        orders=_cut(members.placed(seen.tx, found.id, _size("orders", whole)), whole == "orders"),
        codes=_codes(seen, found, _size("codes", whole)),
        notices=_cut(notices.of_member(seen.tx, found.id, _size("notices", whole)), whole == "notices"),
        tier_told=_tier(standing, clock, seen.now) if standing else (),
        newest=NEWEST,
        standing=standing,
        started=bool(versions),
        redeemables=_redeemables(seen, versions),
        places=_places(seen, people),
        forms=typed,
        waits=settling.waits(seen.tx, found.id),
        act_key=random_word(),
        title=_title(found, people),
    )


def _size(name: List, whole: str | None) -> int | None:
    """Return how many lines to read: one more than is shown, to know whether there are more; None for all."""
    return None if whole == name else NEWEST + 1


def _cut(lines: tuple[T, ...], whole: bool) -> Listed[T]:
    return Listed(lines, False) if whole else Listed(lines[:NEWEST], len(lines) > NEWEST)


def _ledger(seen: Visit, found: Member, clock: Clocks, size: int | None, *, named: bool) -> Listed[Told]:
    return _cut(
        tuple(
            Told(
                line,
                sentences.explain(line.inputs, language()),
                clock.of(line.source),
                shop.name if named and (shop := clock.shop(line.source)) is not None else "",
            )
            for line in members.ledger(seen.tx, found.id, size)
        ),
        size is None,
    )


def _codes(seen: Visit, found: Member, size: int | None) -> Listed[tuple[coupons.CodeLine, str]]:
    lines = coupons.of_member(seen.tx, found.id, size)
    return _cut(tuple((line, _code_state(seen, line)) for line in lines), size is None)


def _several(clock: Clocks, people: tuple[Person, ...]) -> tuple[Shop, ...]:
    """Return the shops the member is known in, where their clocks differ; nothing where one clock tells all."""
    there = {person.shop_id for person in people}
    known = tuple(shop for shop in clock.shops.values() if shop.id in there)
    return known if {shop.timezone for shop in known} | {clock.home} != {clock.home} else ()


def _tier(standing: Standing, clock: Clocks, now: datetime) -> tuple[str, ...]:
    """Say until when the tier is held: to the end of its term, and then of its grace."""
    until, term = standing.tier_until, standing.tier_term_until
    if until is None or term is None:
        return (standing.tier,) if standing.tier else ()
    grace = last_day(until, clock.ending(until))
    if now >= term:
        return (_("%(tier)s, in grace until %(grace)s", tier=standing.tier, grace=grace),)
    held = _("%(tier)s until %(day)s", tier=standing.tier, day=last_day(term, clock.ending(term)))
    return (held,) if term == until else (held, _("grace until %(grace)s", grace=grace))


def _title(found: Member, people: tuple[Person, ...]) -> str:
    names = (person.name or person.email for person in people)
    return next((name for name in names if name), _("Member %(id)s", id=found.id))


def _standing(
    seen: Visit, found: Member, versions: tuple[Version, ...]
) -> tuple[Standing | None, tuple[Act, ...]]:
    """Work out lots and waiting points as they are at this moment, with the member's acts; nothing is written."""
    if not versions:
        return None, ()
    known = settling.recall(seen.tx, [found.id])[found.id]
    return decide(known.history, versions, known.booked, seen.now).standing, known.history.acts


def _code_state(seen: Visit, line: coupons.CodeLine) -> str:
    state = code_state(line)
    return "ended" if state == "live" and line.ends_at <= seen.now else state


def _redeemables(seen: Visit, versions: tuple[Version, ...]) -> tuple[Redeemable, ...]:
    return in_force(versions, seen.now).terms.redeemables if versions else ()


def _places(seen: Visit, people: tuple[Person, ...]) -> tuple[Place, ...]:
    names = {shop.id: shop.name for shop in seen.shops if shop.state == "connected"}
    here = [
        person
        for person in people
        if person.shop_id in names and not (person.removed_at or person.forgotten_at)
    ]
    return tuple(Place(f"{one.shop_id}:{one.id}", f"{names[one.shop_id]} ({one.id})") for one in here)
