"""The control routes of connecting: Activate and Reauthorize as the admin's buttons do them, and what stands in the way."""

from typing import Any

import msgspec
from flask import request

from adapters.magento.sandbox import browser
from adapters.magento.sandbox.oauth import Proxy
from adapters.magento.sandbox.stage import Routes, Said, Stage


def activate(stage: Stage, given: Said) -> Said:
    """The merchant clicks Activate; {"public_url", "browse": false} stops before their browser opens the identity link.

    A new integration is made for it unless one was begun before and is not active yet; {"new": true} makes one anyhow.
    """
    shop = stage.shop
    with shop.lock:
        if given.get("new") or shop.desk.active:
            shop.exchange.begin()
    return _exchanged(stage, given, again=False)


def reauthorize(stage: Stage, given: Said) -> Said:
    """The merchant clicks Reauthorize: the tokens are dead at once, key and secret stay."""
    return _exchanged(stage, given, again=True)


def _exchanged(stage: Stage, given: Said, *, again: bool) -> Said:
    base = given.get("store_base_url") or stage.ready(request.host)["address"]
    with stage.shop.lock:
        offer = stage.shop.exchange.offer(base, stage.shop.clock(), again=again)
    visit = browser.Opening(
        callback=given.get("callback") or given["public_url"].rstrip("/") + "/callbacks/magento",
        identity=given.get("identity") or given["public_url"].rstrip("/") + "/magento/identity",
        success=f"http://{request.host}/admin/integration/loginSuccessCallback/",
        offer=dict(msgspec.to_builtins(offer)),
        merchant_code=given.get("merchant_code") or "",
        confirms_email=bool(given.get("confirms_email", True)),
    )
    status = browser.post(visit)
    told: dict[str, Any] = {"callback": status, "offer": visit.offer, "success": visit.success}
    if given.get("browse", True):
        told |= msgspec.to_builtins(browser.open_identity(visit))
    return told


def proxy(stage: Stage, given: Said) -> Said:
    """Put a proxy before the shop: {"scheme": "https"}, {"drops_port": true} or {"host": "backend"}; {} takes it away."""
    with stage.shop.lock:
        stage.shop.desk.proxy = msgspec.convert(given, Proxy)
    return dict(msgspec.to_builtins(stage.shop.desk.proxy))


ROUTES: Routes = [
    ("POST", "activate", activate),
    ("POST", "reauthorize", reauthorize),
    ("POST", "proxy", proxy),
]
