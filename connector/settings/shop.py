"""One shop's page: how it stands, where its messages go, what its merchant chooses for it, and connecting it again."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import structlog
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from connector.flow import choosing
from connector.port import Choice, Condition, Forbidden, Refused, ShopError, Unauthorized
from connector.settings import asked, leaving
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.patience import FAULTS, within
from connector.settings.sentences import said
from connector.settings.shops import install_address
from connector.settings.tongue import _, language
from connector.store import outbox, programs, queue, rates
from connector.store.rates import Limit
from connector.store.shops import Shop

MOST = 20  # times a minute that a page asks one shop
_CLOCKS = timedelta(seconds=60)  # apart
_log = structlog.get_logger()


class Told(msgspec.Struct, frozen=True):
    """One thing that was looked at, in the merchant's words."""

    well: bool
    text: str


class Asked(msgspec.Struct, frozen=True):
    """What came of asking the shop just now."""

    told: tuple[Told, ...]
    choices: tuple[Choice, ...] = ()


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the page, the part of it that asks the shop, and what can be changed on it."""
    place = f"/settings/shops/<{asked.ROW}:shop_id>"

    @pages.get(place, endpoint="shop")
    def page(shop_id: int) -> str:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
        return _show(house, seen, shop, answer=_ask(house, shop) if "asked" in request.args else None)

    @pages.get(f"{place}/line", endpoint="shop_line")
    def line(shop_id: int) -> str:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
        return render_template("_line.html", zone=seen.zone, shop=shop, answer=_ask(house, shop))

    @pages.post(f"{place}/secret", endpoint="shop_secret")
    def secret(shop_id: int) -> str:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
        if not _takes_secret(house, shop):
            not_there()
        try:
            word = within(lambda: house.line(shop).new_secret(house.now()))
        except ShopError as error:
            return _show(house, seen, shop, fault=said(str(error)))
        _log.info("secret made", shop=shop.id)
        _subscribe_soon(house, shop)
        return _show(house, seen, shop, secret=word)

    @pages.post(f"{place}/choose", endpoint="shop_choose")
    def choose(shop_id: int) -> Response | tuple[str, int]:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
        key, values = request.form.get("key", ""), _values()
        try:
            if not _can_be_asked(house, shop):
                raise Refused("There is nothing to choose for this shop.")
            within(lambda: _choose(house, shop, key, values))
        except ShopError as error:
            return _show(house, seen, shop, answer=_ask(house, shop), fault=said(str(error))), 422
        except NotImplementedError:
            not_there()
        flash(_("It is kept. What stands in the shop is looked at again, which takes a while."), "good")
        return redirect(url_for("settings.shop", shop_id=shop.id), 303)


def message_address(house: House, shop: Shop) -> str:
    """Return where this very shop sends its messages."""
    return f"{house.settings.public_url}/webhooks/{shop.platform}/{shop.key}"


def _show(
    house: House,
    seen: Visit,
    shop: Shop,
    answer: Asked | None = None,
    secret: str = "",
    fault: str = "",
) -> str:
    platform = house.platforms.get(shop.platform)
    return render_template(
        "shop.html",
        section="overview",
        zone=seen.zone,
        shop=shop,
        title=shop.platform if platform is None else platform.title,
        polled=platform is not None and platform.polled,
        address=message_address(house, shop) if _takes_secret(house, shop) else "",
        again=None if platform is None or shop.is_erased else install_address(platform, shop=shop.address),
        can_be_asked=_can_be_asked(house, shop),
        can_be_removed=leaving.can_be_removed(house, shop),
        can_be_erased=leaving.can_be_erased(shop),
        answer=answer,
        secret=secret,
        fault=fault,
    )


def _can_be_asked(house: House, shop: Shop) -> bool:
    return shop.platform in house.platforms and shop.state != "removed"


def _takes_secret(house: House, shop: Shop) -> bool:
    """Tell whether its messages are set up by hand: shops that are polled send none by themselves."""
    return _can_be_asked(house, shop) and house.platforms[shop.platform].polled


def _ask(house: House, shop: Shop) -> Asked:
    """Ask the shop how it stands and what there is to choose, for as long as somebody waits before the page."""
    if not _can_be_asked(house, shop):
        not_there()
    if not _may_ask(house, shop):
        abort(429)
    speaks = language()
    with house.database.merchant(shop.merchant_id) as tx:
        ours = programs.tiers(tx)

    def work() -> tuple[Condition, tuple[Choice, ...]]:
        adapter = house.line(shop)
        found = adapter.examine(f"{house.settings.public_url}/webhooks/{shop.platform}")
        try:
            return found, adapter.choices(speaks, ours)
        except (Forbidden, Unauthorized):
            return found, ()  # the right that is missing for it has just been named

    try:
        found, choices = within(work)
    except ShopError as error:
        return Asked((Told(False, said(str(error))),))
    except FAULTS as error:
        _log.error("a shop could not be asked", shop=shop.id, exc_info=error)
        return Asked((Told(False, _("The shop could not be asked. It is noted in the log.")),))
    if found.missing_topics or found.stray_topics:
        _subscribe_soon(house, shop)
    polled = house.platforms[shop.platform].polled
    told = list(_findings(found, polled))
    if _heed_soon(house, shop, found) and shop.state == "reconnect":
        told.append(
            Told(True, _("Comeback takes the shop up again now; in a moment it counts as connected."))
        )
    return Asked(tuple(told), choices)


def _subscribe_soon(house: House, shop: Shop) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        queue.subscribe(tx.connection, tx.merchant_id, shop.id)


def _heed_soon(house: House, shop: Shop, found: Condition) -> bool:
    """Have heeded at once, not within the hour, that a shop which can be read lets us in again, or gave a right back.

    Tells whether there was anything to heed.
    """
    with house.database.merchant(shop.merchant_id) as tx:
        waits = shop.state == "reconnect" or bool(outbox.lacking(tx, shop.id))
        heeded = waits and not found.cannot_read and house.platforms[shop.platform].polled
        if heeded:
            queue.keep_alive(tx.connection, tx.merchant_id, shop.id)
    return heeded


def _may_ask(house: House, shop: Shop) -> bool:
    limit = Limit(f"pages asking shop {shop.id}", MOST)
    with house.database.everyone() as connection:
        return rates.count(connection, house.database.ring, (limit,), house.now()) is None


def _choose(house: House, shop: Shop, key: str, values: tuple[str, ...]) -> None:
    """Have the choice kept, and looked at in the shop, also where nobody waits for the shop any more."""
    house.line(shop).choose(key, values)
    with house.database.merchant(shop.merchant_id) as tx:
        choosing.chosen(tx, shop.id, house.now())


def _findings(found: Condition, polled: bool) -> Iterator[Told]:
    yield Told(True, _("The shop answers."))
    if found.missing_rights:
        rights = "; ".join(found.missing_rights)
        if polled:
            cure = _(
                "Comeback lacks rights in the shop: %(rights)s. Tick them there and save; no connecting again is needed.",
                rights=rights,
            )
        else:
            cure = _(
                "Comeback lacks rights in the shop: %(rights)s. Give them there; then connect the shop again.",
                rights=rights,
            )
        yield Told(False, cure)
    else:
        yield Told(True, _("Comeback has all the rights it needs."))
    for fault in found.faults:
        yield Told(False, fault[language()])
    for note in found.notes:
        yield Told(True, note[language()])
    if found.withheld:
        yield Told(False, _("The shop does not show Comeback the names or addresses of its customers."))
    if found.missing_topics:
        topics = ", ".join(found.missing_topics)
        yield Told(
            False,
            _(
                "The shop does not tell Comeback of: %(topics)s. It is asked to again now, and read meanwhile.",
                topics=topics,
            ),
        )
    if found.ahead is not None and abs(found.ahead) > _CLOCKS:
        minutes = round(abs(found.ahead).total_seconds() / 60)
        yield Told(
            False,
            _(
                "The shop's clock and ours are %(minutes)s minutes apart; have both set by a time server.",
                minutes=minutes,
            ),
        )


def _values() -> tuple[str, ...]:
    """Return what was ticked, chosen or written; nothing where that is blank."""
    return tuple(value for value in map(str.strip, request.form.getlist("value")) if value)
