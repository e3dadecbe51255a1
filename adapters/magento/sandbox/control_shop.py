"""The control routes of the shop as a whole: its connection, its settings, its troubles, its shoppers."""

import msgspec
from flask import request

from adapters.magento.sandbox import browser
from adapters.magento.sandbox.checkout import NotPossible
from adapters.magento.sandbox.places import BY_COUNT
from adapters.magento.sandbox.shop import RIGHTS
from adapters.magento.sandbox.stage import Routes, Said, Stage


def ready(stage: Stage, given: Said) -> Said:
    return stage.ready(request.host)


def log(stage: Stage, given: Said) -> Said:
    counts = dict(stage.faults.counts)
    refused = counts.pop("refusals", 0)
    return {
        "requests": counts,
        "webhooks": stage.hints.tally(),
        "refusals": refused,
        "live": stage.shoppers.done,
    }


def install(stage: Stage, given: Said) -> Said:
    keys = stage.shop.desk.keys if stage.shop.desk.active else stage.shop.desk.renew()
    visit = browser.Visit(
        public_url=given["public_url"],
        shop_url=given.get("address") or stage.ready(request.host)["address"],
        keys=keys,
        merchant_code=given.get("merchant_code") or "",
        hook_secret=given.get("hook_secret") or stage.hint_secret,
        confirms_email=bool(given.get("confirms_email", True)),
    )
    return dict(msgspec.to_builtins(browser.connect(visit)))


def uninstall(stage: Stage, given: Said) -> Said:
    """The merchant switches the integration off: its keys are dead, and nobody is told."""
    with stage.shop.lock:
        stage.shop.desk.active = False
    return {"uninstalled": True}


def rights(stage: Stage, given: Said) -> Said:
    with stage.shop.lock:
        stage.shop.rights = frozenset(given["resources"]) if "resources" in given else RIGHTS
        return {"resources": sorted(stage.shop.rights)}


def bearer(stage: Stage, given: Said) -> Said:
    """Let the access token alone serve as a bearer's, as a shop can: {"on": true}."""
    with stage.shop.lock:
        stage.shop.desk.bearer = bool(given.get("on", True))
        return {"on": stage.shop.desk.bearer}


def anybody(stage: Stage, given: Said) -> Said:
    """Show websites, views and their settings to anybody, however they sign, as a shop can: {"on": true}."""
    with stage.shop.lock:
        stage.shop.open_to_anybody = bool(given.get("on", True))
        return {"on": stage.shop.open_to_anybody}


def limits(stage: Stage, given: Said) -> Said:
    """Switch the shop's input limits on or off, such as {"maximum_page_size": 300, "default_page_size": 20}.

    With {"version": "2.3"} a page past the last is the last one again, and a customer saved without group or store view has
    those of newcomers. With {"unsorted": true} what is asked for without an order comes the other way round.
    """
    with stage.shop.lock:
        stage.shop.extras["version"] = given.get("version", "2.4")
        stage.shop.extras["unsorted"] = bool(given.get("unsorted", False))
        stage.shop.maximum_page_size = given.get("maximum_page_size")
        stage.shop.default_page_size = given.get("default_page_size")
    return given


def keys(stage: Stage, given: Said) -> Said:
    """The four keys, as the admin shows them."""
    return dict(msgspec.to_builtins(stage.shop.desk.keys))


def live(stage: Stage, given: Said) -> Said:
    stage.shoppers.begin(float(given.get("per_second", 1)), given.get("seed"))
    return {"per_second": float(given.get("per_second", 1))}


def quiet(stage: Stage, given: Said) -> Said:
    stage.shoppers.quiet()
    settled = stage.hints.settle()
    return {**stage.hints.tally(), "settled": settled, "live": stage.shoppers.done}


def websites(stage: Stage, given: Said) -> Said:
    """Open a second website, with books in euro, or close it; {"count": 2}. Only before anybody was there."""
    with stage.shop.lock:
        shop = stage.shop
        if any(row.store_id != 1 for table in (shop.orders, shop.customers) for row in table):
            raise NotPossible("somebody bought or registered in another store view already")
        shop.places = BY_COUNT[int(given["count"])]
        return {"websites": shop.places.websites, "views": shop.places.views}


ROUTES: Routes = [
    ("GET", "ready", ready),
    ("GET", "log", log),
    ("GET", "keys", keys),
    ("POST", "install", install),
    ("POST", "uninstall", uninstall),
    ("POST", "rights", rights),
    ("POST", "bearer", bearer),
    ("POST", "anybody", anybody),
    ("POST", "limits", limits),
    ("POST", "websites", websites),
    ("POST", "live", live),
    ("POST", "quiet", quiet),
]
