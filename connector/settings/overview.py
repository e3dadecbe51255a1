"""The overview: how the shops are, what is left to set up, and the figures with the numbers in them."""

from datetime import timedelta

import msgspec
from flask import Blueprint, render_template

from connector.flow import programme
from connector.insight.averages import Frequency, OrderValue
from connector.insight.retention import Retention, quarters
from connector.insight.shares import Share, half_up, share
from connector.loyalty.calendar import local
from connector.settings import charts
from connector.settings.door import House, Visit, visit
from connector.settings.shops import again_address
from connector.store import figures
from connector.store.figures import Month, Standing
from connector.store.reading import activity, runs
from connector.store.runs import Run
from connector.store.shops import Shop

_YEAR = timedelta(days=365)
_MONTHS = 12


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


class Figures(msgspec.Struct, frozen=True):
    """The figures of the page. `whole_life`: the shop is younger than the two periods, so the rate says little."""

    retention: Retention
    returning: Share | None
    known: int
    repeat: int
    frequency: Frequency
    values: tuple[OrderValue, ...]
    standing: Standing
    whole_life: bool
    months: tuple[Month, ...]


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the overview and the part of it that refreshes while an import runs."""

    @pages.get("/")
    def overview() -> str:
        with visit(house) as seen:
            found = _figures(seen)
            months = found.months
            return render_template(
                "overview.html",
                section="overview",
                zone=seen.zone,
                cards=_cards(seen, house),
                set_up=_set_up(seen),
                figures=found,
                waiting=activity.waiting(seen.tx),
                charts=(charts.chart(months, 760, 240), charts.chart(months, 340, 220, every=3)),
                any_sale=found.known > 0,
            )

    @pages.get("/settings/shops/state")
    def shops_state() -> str:
        with visit(house) as seen:
            return render_template("_shops.html", zone=seen.zone, cards=_cards(seen, house))


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
        connected=any(shop.state == "connected" for shop in active),
        imported=bool(active) and all(_is_done(imports.get(shop.id)) for shop in active),
        started=bool(programme.versions(seen.tx)),
        marked=runs.marked(seen.tx),
    )


def _is_done(run: Run | None) -> bool:
    return run is not None and run.state == "done"


def _figures(seen: Visit) -> Figures:
    periods, year = quarters(seen.now), seen.now - _YEAR
    people = figures.people(seen.tx, periods.before, periods.middle, periods.end, year)
    months = charts.last_months(local(seen.now, seen.zone), _MONTHS)
    return Figures(
        retention=Retention(people.at_start, people.at_end, people.new, people.kept),
        returning=share(people.returning, people.known),
        known=people.known,
        repeat=people.returning,
        frequency=Frequency(people.orders, people.buyers),
        values=tuple(
            OrderValue(one.currency, one.total, one.orders) for one in figures.sold(seen.tx, year, seen.now)
        ),
        standing=figures.standing(seen.tx, seen.now),
        whole_life=people.first_at is not None and people.first_at >= periods.before,
        months=charts.complete(months, figures.months(seen.tx, months[0], seen.zone)),
    )
