"""The overview: how the shops are, what is left to set up, and the figures with the numbers in them."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from connector.flow import programme
from connector.insight import glance
from connector.insight.averages import Frequency, OrderValue
from connector.insight.retention import Retention, quarters
from connector.insight.shares import Share, half_up, share
from connector.settings import charts
from connector.settings.door import House, Visit, visit
from connector.settings.shops import again_address
from connector.store import figures as sums
from connector.store import patience
from connector.store.figures import Month, Standing
from connector.store.reading import activity, reused, runs
from connector.store.runs import Run
from connector.store.series import Held
from connector.store.shops import Shop

_COUNTING = 60.0  # seconds in which the figures of a very large merchant are waited for


class ShopCard(msgspec.Struct, frozen=True):
    """A shop and its import. `again`: where a lost shop is connected again.

    `polled`: it is asked for its changes and sends no messages.
    `left`: how long the import will still take, as far as can be told.
    """

    shop: Shop
    platform: str
    polled: bool
    again: str | None
    imported: Run | None
    per_minute: int
    left: timedelta | None


class SetUp(msgspec.Struct, frozen=True):
    """The four steps to a running programme; each sees by itself that it is done."""

    connected: bool
    imported: bool
    started: bool
    marked: bool

    @property
    def done(self) -> int:
        """How many of the four."""
        return sum((self.connected, self.imported, self.started, self.marked))


class Takings(msgspec.Struct, frozen=True):
    """The takings of the months in one currency, as two pictures of different width."""

    currency: str
    months: tuple[Month, ...]
    charts: tuple[charts.Chart, charts.Chart]


class Figures(msgspec.Struct, frozen=True):
    """The figures of the page. `whole_life`: the shop is younger than the two periods, so the rate says little.

    `worth`: what the points outstanding cost at most when all are exchanged, minor units; None where nothing can be.
    """

    retention: Retention
    returning: Share | None
    known: int
    repeat: int
    frequency: Frequency
    values: tuple[OrderValue, ...]
    standing: Standing
    whole_life: bool
    months: tuple[Month, ...]
    takings: tuple[Takings, ...]
    held: tuple[Held, ...]
    worth: int | None
    worth_currency: str


class Drawn(msgspec.Struct, frozen=True):
    """The figures with their pictures, each in two widths."""

    figures: Figures
    steps: tuple[charts.Steps, charts.Steps]
    charts: tuple[charts.Chart, charts.Chart]


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the overview, its figures, and the part of it that refreshes while an import runs."""

    @pages.get("/")
    def overview() -> str:
        """A very large merchant's page comes before its figures, which come into it; `counted` waits for them."""
        with visit(house) as seen:
            long = glance.takes_long(seen.tx)
            later = long and "counted" not in request.args
            if long and not later:
                patience.begin(_COUNTING)
            set_up = _set_up(seen)
            return render_template(
                "overview.html",
                section="overview",
                zone=seen.zone,
                cards=_cards(seen, house),
                set_up=set_up,
                waiting=activity.waiting(seen.tx),
                reused=() if later else reused.found(seen.tx, seen.now),
                drawn=None if later else _drawn(seen),
                started=set_up.started,
            )

    @pages.get("/settings/figures")
    def figures() -> str | tuple[str, int]:
        """What comes into the page; nothing while somebody else counts, whom no thread of ours waits for."""
        with visit(house) as seen:
            if not sums.is_free(seen.tx):
                return "", 204
            patience.begin(_COUNTING)
            started = bool(programme.versions(seen.tx))
            return render_template(
                "_figures_here.html",
                zone=seen.zone,
                cards=seen.shops,
                drawn=_drawn(seen),
                started=started,
            )

    @pages.get("/settings/shops/state")
    def shops_state() -> Response:
        """The shops while one is read; when none is any more the whole page comes anew, with its steps and figures."""
        with visit(house) as seen:
            cards = _cards(seen, house)
            answer = make_response(render_template("_shops.html", zone=seen.zone, cards=cards))
        if not any(card.imported and card.imported.under_way for card in cards):
            answer.headers["HX-Refresh"] = "true"
        return answer


def _cards(seen: Visit, house: House) -> tuple[ShopCard, ...]:
    imports = runs.imports(seen.tx)
    return tuple(_card(seen, house, shop, imports.get(shop.id)) for shop in seen.shops)


def _card(seen: Visit, house: House, shop: Shop, run: Run | None) -> ShopCard:
    known = house.platforms.get(shop.platform)
    title, polled = (shop.platform, False) if known is None else (known.title, known.polled)
    again = again_address(house, shop)
    if run is None or run.state != "running" or run.done == 0:
        return ShopCard(shop, title, polled, again, run, 0, None)
    seconds = max(int((seen.now - run.started_at).total_seconds()), 1)
    left = None
    if run.total is not None and run.total > run.done:
        left = timedelta(seconds=(run.total - run.done) * seconds // run.done)
    return ShopCard(shop, title, polled, again, run, half_up(run.done * 60, seconds), left)


def _set_up(seen: Visit) -> SetUp:
    imports = runs.imports(seen.tx)
    active = [shop for shop in seen.shops if shop.state != "removed"]
    return SetUp(
        connected=bool(active),
        imported=bool(active) and all(_is_done(imports.get(shop.id)) for shop in active),
        started=bool(programme.versions(seen.tx)),
        marked=runs.marked(seen.tx),
    )


def _is_done(run: Run | None) -> bool:
    return run is not None and run.state == "done"


def _drawn(seen: Visit) -> Drawn:
    found = _figures(seen)
    return Drawn(found, _steps(found.held), _pair(found.months))


def _figures(seen: Visit) -> Figures:
    found = glance.count(seen.tx, seen.now, seen.zone)
    people = found.people
    worth, currency = _worth(seen, found.standing)
    return Figures(
        retention=Retention(people.at_start, people.at_end, people.new, people.kept),
        returning=share(people.returning, people.known),
        known=people.known,
        repeat=people.returning,
        frequency=Frequency(people.orders, people.buyers),
        values=tuple(OrderValue(one.currency, one.total, one.orders) for one in found.sold),
        standing=found.standing,
        whole_life=people.first_at is not None and people.first_at >= quarters(found.at).before,
        months=charts.complete(glance.months_until(found.at, seen.zone), found.months),
        takings=_takings(found, seen.zone),
        held=found.held,
        worth=worth,
        worth_currency=currency,
    )


def _takings(found: glance.Glance, zone: str) -> tuple[Takings, ...]:
    """Return the takings per currency, the currency of the most orders first."""
    months = glance.months_until(found.at, zone)
    place = {one.currency: n for n, one in enumerate(found.sold)}  # the most orders first
    used = {one.currency for one in found.takings}
    shown = []
    for currency in sorted(used, key=lambda one: (place.get(one, len(place)), one)):
        mine = [Month(one.month, one.new, one.returning) for one in found.takings if one.currency == currency]
        whole = charts.complete(months, mine)
        shown.append(Takings(currency, whole, _pair(whole, left=74)))
    return tuple(shown)


def _pair(months: Sequence[Month], left: int = 40) -> tuple[charts.Chart, charts.Chart]:
    return charts.chart(months, 760, 240, left=left), charts.chart(months, 340, 220, every=3, left=left)


def _steps(held: Sequence[Held]) -> tuple[charts.Steps, charts.Steps]:
    return charts.steps(held, 760, 220, named=6), charts.steps(held, 340, 200, named=3)


def _worth(seen: Visit, standing: Standing) -> tuple[int | None, str]:
    versions = programme.versions(seen.tx)
    if not versions:
        return None, seen.merchant.currency
    terms = versions[-1].terms
    return programme.worth(terms, standing.outstanding) or None, terms.currency
