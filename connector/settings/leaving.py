"""Taking Comeback out of a shop, and erasing what it told: each asks whoever does it to be sure."""

import structlog
from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from connector.flow import leaving
from connector.port import ShopError
from connector.settings import asked
from connector.settings.door import House, not_there, visit
from connector.settings.patience import FAULTS, within
from connector.settings.tongue import _
from connector.store.shops import Shop

_log = structlog.get_logger()


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the two buttons of a shop's page."""
    place, log = f"/settings/shops/<{asked.ROW}:shop_id>", house.settings.forgotten_log

    @pages.post(f"{place}/remove", endpoint="shop_remove")
    def remove(shop_id: int) -> Response:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
            if not can_be_removed(house, shop):
                not_there()
        if request.form.get("sure") != "yes":
            flash(_("Nothing was removed: tick that you are sure."), "bad")
        elif remove_from(house, shop):
            flash(_("Comeback was removed from %(shop)s; its keys are deleted.", shop=shop.name), "good")
        return redirect(url_for("settings.shop", shop_id=shop_id), 303)

    @pages.post(f"{place}/erase", endpoint="shop_erase")
    def erase(shop_id: int) -> Response:
        with visit(house) as seen:
            shop = seen.shop(shop_id)
            if not can_be_erased(shop):
                not_there()
            if request.form.get("typed", "").strip().casefold() != shop.address.casefold():
                flash(_("Nothing was erased: that is not the address of this shop."), "bad")
            elif leaving.erase(seen.tx, shop.id, log, seen.now):
                flash(_("%(shop)s is being erased; that may take some minutes.", shop=shop.name), "good")
        return redirect(url_for("settings.shop", shop_id=shop_id), 303)


def remove_from(house: House, shop: Shop) -> bool:
    """Have the shop send nothing more, as far as it answers now, and delete its keys; False when they were gone before."""
    if shop.state != "removed":
        # First, and within no transaction: without its keys nobody can, and a shop that answers slowly holds nothing up.
        try:
            within(lambda: house.line(shop).farewell())
        except (ShopError, *FAULTS) as error:
            _log.warning("shop trouble", shop=shop.id, error=type(error).__name__)
    with house.database.merchant(shop.merchant_id) as tx:
        return leaving.remove(tx, shop.id, house.settings.forgotten_log, house.now())


def can_be_removed(house: House, shop: Shop) -> bool:
    """Tell whether it is removed here: a shop that tells of its changes tells of this too, once it is done there."""
    platform = house.platforms.get(shop.platform)
    tells = platform is not None and not platform.polled and shop.state == "connected"
    return shop.state != "removed" and not tells


def can_be_erased(shop: Shop) -> bool:
    """Tell whether everything of it may be deleted now."""
    return shop.state == "removed" and not shop.is_erased
