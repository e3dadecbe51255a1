"""Control addresses under /_sandbox: what a test or a demo does to the shop. Never part of the platform."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Flask, Response, request

from adapters.shopify.sandbox import abroad, browser, catalogue, customers, orders, truth, wishes
from adapters.shopify.sandbox.live import Crowd
from adapters.shopify.sandbox.mail import Faults, Mail
from adapters.shopify.sandbox.state import CURRENCY, Refusal, Shop
from connector.money import NotMoney, parse

SETTLE_SECONDS = 25
T = TypeVar("T")


def routes(shop: Shop, mail: Mail, crowd: Crowd, ready: Callable[[], dict[str, object]]) -> Blueprint:
    """Return the control addresses."""
    control = Blueprint("control", __name__, url_prefix="/_sandbox")

    @control.get("/ready")
    def is_ready() -> Response:
        return _json(ready())

    @control.get("/log")
    def log() -> Response:
        with shop.lock:
            asked = dict(shop.asked)
        return _json(
            {"requests": asked, "webhooks": {**mail.counts, **mail.tally()}, "live": dict(crowd.counts)}
        )

    @control.post("/install")
    def install() -> Response:
        wish = _body(wishes.Install)
        return _json(browser.install(shop, wish.public_url, wish.merchant_code, wish.managed))

    @control.post("/uninstall")
    def uninstall() -> Response:
        wish = _body(wishes.Uninstall)
        with shop.lock:
            shop.tell("APP_UNINSTALLED", lambda: truth.shop(shop))
            if wish.redact:
                # The platform sends this 48 hours later.
                shop.tell("SHOP_REDACT", lambda: {"shop_id": shop.id, "shop_domain": shop.domain})
            shop.desk.forget_all()
            shop.subscriptions.clear()
        return _json({"uninstalled": True})

    @control.post("/visitor")
    def visitor() -> Response:
        shop.visitor = _body(wishes.Visitor).customer_id
        return _json({"visitor": shop.visitor})

    @control.post("/faults")
    def faults() -> Response:
        wish = _body(wishes.Disturb)
        shop.faulty.change(wish.requests)
        mail.change(Faults(wish.drop, wish.double, wish.shuffle_seconds, wish.hold), wish.seed)
        return _json(mail.tally())

    @control.post("/release")
    def release() -> Response:
        wish = _body(wishes.Release)
        if wish.order not in ("given", "shuffled", "reversed"):
            raise Refusal("the order is given, shuffled or reversed")
        mail.release(wish.order, wish.seed)
        done = mail.settle(SETTLE_SECONDS)
        return _json({**mail.tally(), "settled": done})

    @control.post("/live")
    def live() -> Response:
        wish = _body(wishes.Live)
        crowd.start(wish.per_second, wish.seed)
        return _json({"per_second": wish.per_second})

    @control.post("/quiet")
    def quiet() -> Response:
        crowd.stop()
        done = mail.settle(SETTLE_SECONDS)
        return _json({**mail.tally(), "settled": done, "live": dict(crowd.counts)})

    _reading(control, shop)
    _ordering(control, shop)
    _people(control, shop)
    _selling(control, shop)
    return control


def explain(app: Flask) -> None:
    """Answer what the rules or the reading of a control body refuse with 422 and the reason."""

    @app.errorhandler(Refusal)
    @app.errorhandler(NotMoney)
    @app.errorhandler(msgspec.DecodeError)
    def refused(error: Exception) -> Response:
        return _json({"error": str(error)}, 422)

    @app.errorhandler(browser.RoadBroken)
    def broken(error: browser.RoadBroken) -> Response:
        return _json({"error": str(error), "step": error.step}, 502)


def _reading(control: Blueprint, shop: Shop) -> None:
    @control.get("/orders")
    def list_orders() -> Response:
        with shop.lock:
            return _json({"orders": [truth.order(it) for it in _page(shop.orders)]})

    @control.get("/customers")
    def list_customers() -> Response:
        with shop.lock:
            return _json({"customers": [truth.customer(it) for it in _page(shop.customers)]})

    @control.get("/coupons")
    def list_coupons() -> Response:
        with shop.lock:
            return _json(
                {
                    "coupons": [
                        truth.coupon(it, shop.now(), code) for it in shop.discounts for code in it.codes
                    ]
                }
            )


def _ordering(control: Blueprint, shop: Shop) -> None:
    @control.post("/orders")
    def place() -> Response:
        wish = _body(wishes.PlaceOrder)
        basket = orders.Basket(
            wish.at,
            tuple(_line(one) for one in wish.lines),
            int(wish.customer_id) if wish.customer_id is not None else None,
            wish.email,
            parse(wish.shipping, CURRENCY),
            wish.paid,
            tuple(wish.codes),
            int(Decimal(wish.tax_rate) * 100),
            wish.test,
            wish.presentment,
            int(Decimal(wish.rate) * abroad.PAR),
            wish.source,
        )
        with shop.lock:
            made = orders.place(shop, basket)
            return _json({"id": str(made.id), "number": f"#{made.number}"}, 201)

    @control.post("/orders/<int:order_id>/<act>")
    def act_on_order(order_id: int, act: str) -> Response:
        with shop.lock:
            it = shop.order(order_id)
            match act:
                case "pay":
                    orders.pay(shop, it, _body(wishes.At).at)
                case "cancel":
                    orders.cancel(shop, it, _body(wishes.At).at)
                case "fulfil":
                    orders.fulfil(shop, it, _body(wishes.At).at)
                case "refund":
                    back = _body(wishes.GiveBack)
                    shipping, amount = parse(back.shipping, CURRENCY), parse(back.amount, CURRENCY)
                    orders.give_back(shop, it, back.at, _parts(it, back.lines), shipping, amount)
                case "edit":
                    wish = _body(wishes.Edit)
                    orders.edit(shop, it, wish.at, _parts(it, wish.lines), [_line(one) for one in wish.add])
                case _:
                    raise Refusal(f"orders know no {act}")
            return _json(truth.order(it))

    @control.delete("/orders/<int:order_id>")
    def remove_order(order_id: int) -> Response:
        with shop.lock:
            orders.remove(shop, shop.order(order_id))
        return _json({"id": str(order_id)})


def _people(control: Blueprint, shop: Shop) -> None:
    @control.post("/customers")
    def register() -> Response:
        wish = _body(wishes.Register)
        with shop.lock:
            made = customers.register(
                shop, wish.email, wish.first_name, wish.last_name, wish.verified, wish.at
            )
        return _json({"id": str(made.id)}, 201)

    @control.patch("/customers/<int:customer_id>")
    def patch(customer_id: int) -> Response:
        wish = _body(wishes.Patch)
        new = msgspec.structs.asdict(wish)
        at = new.pop("at")
        with shop.lock:
            it = shop.customer(customer_id)
            wanted = {name: value for name, value in new.items() if value is not msgspec.UNSET}
            customers.change(shop, it, at or shop.now(), **wanted)
            return _json(truth.customer(it))

    @control.delete("/customers/<int:customer_id>")
    def remove_customer(customer_id: int) -> Response:
        with shop.lock:
            customers.remove(shop, shop.customer(customer_id))
        return _json({"id": str(customer_id)})

    @control.post("/customers/<int:customer_id>/<act>")
    def act_on_customer(customer_id: int, act: str) -> Response:
        with shop.lock:
            it = shop.customer(customer_id)
            match act:
                case "redact":
                    customers.redact(shop, it)
                case "data_request":
                    customers.ask_for_data(shop, it)
                case "merge":
                    customers.merge(shop, it, shop.customer(int(_body(wishes.Merge).gone_id)))
                case _:
                    raise Refusal(f"customers know no {act}")
            return _json(truth.customer(it))


def _selling(control: Blueprint, shop: Shop) -> None:
    @control.post("/products")
    def put() -> Response:
        wish = _body(wishes.Product)
        with shop.lock:
            return _json({"id": str(catalogue.put(shop, wish.sku, wish.title).product_id)}, 201)

    @control.post("/collections")
    def collect() -> Response:
        wish = _body(wishes.Collect)
        with shop.lock:
            return _json({"id": str(catalogue.collect(shop, wish.title, wish.skus).id)}, 201)

    @control.post("/segments")
    def segment() -> Response:
        wish = _body(wishes.Segment)
        with shop.lock:
            made = catalogue.segment(shop, wish.name, [int(it) for it in wish.customer_ids])
            return _json({"id": str(made.id)}, 201)


def _page(shelf: Any) -> list[Any]:
    """Return things behind `after` in the order of their ids, at most `limit`."""
    after, limit = request.args.get("after"), int(request.args.get("limit") or 250)
    rows = shelf.between("id", int(after) + 1 if after else None, None)
    return [shelf.things[row[1]] for row in rows[:limit]]


def _parts(it: Any, parts: list[wishes.Part]) -> list[orders.Change]:
    found = []
    for part in parts:
        number = int(part.line)
        # Places are small numbers, ids are long ones.
        line_id = it.lines[number].id if number < len(it.lines) else number
        found.append(orders.Change(line_id, part.quantity))
    return found


def _line(wish: wishes.Line) -> orders.WantedLine:
    price, discount = parse(wish.price, CURRENCY), parse(wish.discount, CURRENCY)
    return orders.WantedLine(wish.title, wish.quantity, price, wish.sku, wish.gift_card, discount)


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data() or b"{}", type=kind, strict=True)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, mimetype="application/json")
