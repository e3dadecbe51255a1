"""The control routes of modules that tell of changes: installing them, and what an admin does with subscriptions."""

from msgspec.structs import replace

from adapters.magento.sandbox import events, own_module
from adapters.magento.sandbox.stage import Routes, Said, Stage


def install(stage: Stage, given: Said) -> Said:
    """Install it: {"maker": "mageos" or "aligent"}, with {"asks": {event: [rights]}}; {"maker": null} takes it away."""
    with stage.shop.lock:
        events.install(stage.shop, given.get("maker"), given.get("asks"))
    return given


def listed(stage: Stage, given: Said) -> Said:
    """All subscriptions, as the admin's grid shows them."""
    with stage.shop.lock:
        return {"subscriptions": [one.body() for one in events.table(stage.shop)]}


def switch(stage: Stage, given: Said, key: int) -> Said:
    """An admin enables or disables one: {"status": false}."""
    with stage.shop.lock:
        return events.put(
            stage.shop, replace(events.get(stage.shop, key), status=bool(given["status"]))
        ).body()


def drop(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        events.drop(stage.shop, key)
    return given


def install_own(stage: Stage, given: Said) -> Said:
    """Install our own module with empty settings: {"there": true}, or take it away."""
    with stage.shop.lock:
        own_module.install(stage.shop, there=bool(given.get("there", True)))
        return {"installed": own_module.installed(stage.shop)}


ROUTES: Routes = [
    ("POST", "module", install_own),
    ("POST", "events", install),
    ("GET", "events", listed),
    ("POST", "events/<int:key>", switch),
    ("DELETE", "events/<int:key>", drop),
]
