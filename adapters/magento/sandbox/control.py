"""The sandbox's own routes under /_sandbox: for tests and the demo, never part of the platform."""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Flask, Response, request

from adapters.magento.sandbox import browser, control_orders, control_people
from adapters.magento.sandbox.checkout import NotPossible
from adapters.magento.sandbox.hints import Weather
from adapters.magento.sandbox.problems import Problem
from adapters.magento.sandbox.promotions import CodeRefused
from adapters.magento.sandbox.shop import RIGHTS
from adapters.magento.sandbox.stage import Missing, Stage
from connector.money import NotMoney


def mount(app: Flask, stage: Stage) -> None:
    """Add the control routes to the application."""
    for method, path, answer in _ROUTES:
        app.add_url_rule(f"/_sandbox/{path}", f"{method} {path}", _view(stage, answer), methods=[method])


Said = dict[str, Any]
Control = Callable[..., Any]


def _view(stage: Stage, answer: Control) -> Callable[..., Response]:
    def view(**variables: int) -> Response:
        body = request.get_data()
        try:
            given: Said = msgspec.json.decode(body) if body else request.args.to_dict()
            return _said(200, answer(stage, given, **variables))
        except Missing as why:
            return _said(404, {"error": str(why)})
        except (CodeRefused, NotPossible) as why:
            return _said(422, {"error": str(why)})
        except Problem as problem:
            return _said(422 if problem.status < 500 else 500, problem.body() | {"error": problem.message})
        except browser.RoadBroken as broken:
            return _said(502, {"error": str(broken), "step": broken.step})
        except (KeyError, TypeError, ValueError, NotMoney, msgspec.MsgspecError) as why:
            return _said(400, {"error": f"{type(why).__name__}: {why}"})

    return view


def _said(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")


# --- the shop as a whole -------------------------------------------------------------------------------------------


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


def limits(stage: Stage, given: Said) -> Said:
    """Switch the shop's input limits on or off, such as {"maximum_page_size": 300, "default_page_size": 20}."""
    with stage.shop.lock:
        stage.shop.maximum_page_size = given.get("maximum_page_size")
        stage.shop.default_page_size = given.get("default_page_size")
    return given


def keys(stage: Stage, given: Said) -> Said:
    """The four keys, as the admin shows them."""
    return dict(msgspec.to_builtins(stage.shop.desk.keys))


def send_hints(stage: Stage, given: Said) -> Said:
    stage.hint_secret = given.get("secret") or stage.hint_secret
    stage.hints.send_to(given.get("url") or "", stage.hint_secret)
    return {"url": given.get("url"), "secret": stage.hint_secret}


def trouble(stage: Stage, given: Said) -> Said:
    stage.faults.order(given.get("requests") or [])
    weather = {name: value for name, value in given.items() if name != "requests"}
    stage.hints.suffer(msgspec.convert(weather, Weather, strict=False))
    return stage.hints.tally()


def release(stage: Stage, given: Said) -> Said:
    settled = stage.hints.release(given.get("order", "given"), given.get("seed"))
    return {**stage.hints.tally(), "settled": settled}


def live(stage: Stage, given: Said) -> Said:
    stage.shoppers.begin(float(given.get("per_second", 1)), given.get("seed"))
    return {"per_second": float(given.get("per_second", 1))}


def quiet(stage: Stage, given: Said) -> Said:
    stage.shoppers.quiet()
    settled = stage.hints.settle()
    return {**stage.hints.tally(), "settled": settled, "live": stage.shoppers.done}


_ROUTES: list[tuple[str, str, Control]] = [
    ("GET", "ready", ready),
    ("GET", "log", log),
    ("GET", "keys", keys),
    ("POST", "install", install),
    ("POST", "uninstall", uninstall),
    ("POST", "rights", rights),
    ("POST", "limits", limits),
    ("POST", "hints", send_hints),
    ("POST", "faults", trouble),
    ("POST", "release", release),
    ("POST", "live", live),
    ("POST", "quiet", quiet),
    ("GET", "orders", control_orders.list_orders),
    ("POST", "orders", control_orders.place),
    ("POST", "orders/<int:key>/pay", control_orders.pay),
    ("POST", "orders/<int:key>/fulfil", control_orders.fulfil),
    ("POST", "orders/<int:key>/cancel", control_orders.cancel),
    ("POST", "orders/<int:key>/refund", control_orders.refund),
    ("POST", "orders/<int:key>/edit", control_orders.edit),
    ("DELETE", "orders/<int:key>", control_orders.remove_order),
    ("GET", "customers", control_people.list_customers),
    ("POST", "customers", control_people.register),
    ("PATCH", "customers/<int:key>", control_people.change_customer),
    ("DELETE", "customers/<int:key>", control_people.remove_customer),
    ("POST", "customers/<int:key>/redact", control_people.no_topic),
    ("POST", "customers/<int:key>/data_request", control_people.no_topic),
    ("GET", "coupons", control_people.list_coupons),
]
