"""Adding a shop, and connecting one again: where each platform's install page lies, and the code that joins a programme."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, render_template, request

from connector.port import Platform
from connector.settings.door import House, not_there, visit
from connector.settings.tongue import _
from connector.store import merchants
from connector.store.shops import Shop

VALID = timedelta(hours=1)


class Way(msgspec.Struct, frozen=True):
    """How one platform's shops connect, in sentences."""

    name: str
    title: str
    facts: tuple[str, ...]


class Code(msgspec.Struct, frozen=True):
    """A one-time code just made: on its way to which platform, where it is used, and until when."""

    title: str
    word: str
    address: str
    until: datetime


class Lost(msgspec.Struct, frozen=True):
    """A shop that has to be connected again, and where; no address when its platform is not on offer here."""

    shop: Shop
    platform: str
    address: str | None


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the page to add a shop, and the making of the code."""

    @pages.get("/settings/shops")
    def add_shop() -> str:
        with visit(house) as seen:
            return _show(house, seen.zone, seen.shops, None)

    @pages.post("/settings/shops/join")
    def join_code() -> str:
        with visit(house) as seen:
            platform = house.platforms.get(request.form.get("platform", ""))
            if platform is None:
                not_there()
            word = merchants.give_pass(seen.tx, "join", seen.now, VALID)
            code = Code(platform.title, word, install_address(platform, merchant_code=word), seen.now + VALID)
            return _show(house, seen.zone, seen.shops, code)


def install_address(platform: Platform, **asked: str) -> str:
    """Return the platform's install page, with what it is to be told."""
    return f"/{platform.name}/?{urlencode(asked)}"


def again_address(house: House, shop: Shop) -> str | None:
    """Return where a lost shop is connected again; None when there is no need or no way, or its platform is not on offer."""
    platform = house.platforms.get(shop.platform)
    if platform is None or shop.state == "connected" or shop.is_erased:
        return None
    return install_address(platform, shop=shop.address)


def way(platform: Platform) -> Way:
    """Say how the platform's shops connect and what can be done there."""
    return Way(
        platform.name,
        platform.title,
        (
            _("Comeback asks the shop for changes every half minute.")
            if platform.polled
            else _("The shop sends Comeback every change the moment it happens."),
            _("A tier is written on the customer as a tag.")
            if platform.mark_kind == "tags"
            else _("A tier becomes the customer's group."),
            _("A code can be used only by the customer it was made for.")
            if platform.binds_coupons
            else _("A code can be used by whoever holds it, once."),
        ),
    )


def _show(house: House, zone: str, shops: Iterable[Shop], code: Code | None) -> str:
    titles = {name: platform.title for name, platform in house.platforms.items()}
    return render_template(
        "shops.html",
        section="overview",
        zone=zone,
        ways=[way(platform) for platform in house.platforms.values()],
        lost=[
            Lost(shop, titles.get(shop.platform, shop.platform), again_address(house, shop))
            for shop in shops
            if shop.state != "connected"
        ],
        code=code,
    )
