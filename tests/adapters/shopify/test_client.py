"""One exchange at a time: throttled, withheld in part, refused, lost. What may be repeated is, what may not is not."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from adapters.shopify import tokens
from adapters.shopify.settings import App
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.tokens import Tokens
from adapters.shopify.wire import Wire, retry_after
from connector.port import (
    Batch,
    Doubtful,
    Forbidden,
    Marked,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unauthorized,
    Window,
)

GRAPHQL = "https://demo-gifts.myshopify.com/admin/api/2026-10/graphql.json"
TOKEN = "https://demo-gifts.myshopify.com/admin/oauth/access_token"
SHOP = {
    "shop": {
        "name": "Demo Gifts",
        "email": "owner@example.com",
        "myshopifyDomain": "demo-gifts.myshopify.com",
        "currencyCode": "GBP",
        "ianaTimezone": "Europe/London",
    }
}
DONE = {"tagsAdd": {"userErrors": []}}


def cost(requested: int, available: float, restore: float = 100) -> dict[str, Any]:
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": restore}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}}


def fault(
    code: str, path: list[str | int] | None = None, data: object = None, **more: object
) -> dict[str, Any]:
    error = {"message": "secret text", "path": path, "extensions": {"code": code}}
    return {"data": data, "errors": [error], **more}


THROTTLED = fault("THROTTLED", extensions=cost(700, 300))


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def answer(
    web: responses.RequestsMock, body: object, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    web.add(responses.POST, GRAPHQL, body=text, status=status, headers=headers)


def calls(web: responses.RequestsMock, url: str = GRAPHQL) -> list[Any]:
    return [call.request for call in web.calls if call.request.url == url]


def test_a_question_carries_the_token_and_the_pinned_version(web: Any, shop: ShopifyShop) -> None:
    answer(web, {"data": SHOP})
    facts = shop.facts()
    assert (facts.name, facts.currency, facts.timezone) == ("Demo Gifts", "GBP", "Europe/London")
    (request,) = calls(web)
    assert request.headers["X-Shopify-Access-Token"] == "access-1"
    assert "X-Sandbox-Shop" not in request.headers


def test_a_throttled_question_waits_for_the_missing_points(web: Any, shop: ShopifyShop, clock: Any) -> None:
    answer(web, THROTTLED)
    answer(web, {"data": SHOP})
    shop.facts()
    # 700 wanted, 300 there, 100 a second
    assert clock.waits == [4.0]


def test_a_throttled_change_was_not_begun_and_is_sent_again(web: Any, shop: ShopifyShop, clock: Any) -> None:
    answer(web, THROTTLED)
    answer(web, {"data": DONE})
    assert shop.mark("1", ("vip",), ()) == Marked(("vip",))
    assert clock.waits == [4.0]


def test_a_bucket_that_never_fills_ends_in_try_later(web: Any, shop: ShopifyShop, clock: Any) -> None:
    for _ in range(9):
        answer(web, THROTTLED)
    web.assert_all_requests_are_fired = False
    with pytest.raises(TryLater) as caught:
        shop.facts()
    assert caught.value.wait == timedelta(seconds=4)
    assert sum(clock.waits) <= 30


def test_a_restore_rate_of_zero_is_no_division(web: Any, shop: ShopifyShop, clock: Any) -> None:
    answer(web, fault("THROTTLED", extensions=cost(700, 300, restore=0)))
    answer(web, {"data": SHOP})
    shop.facts()
    assert clock.waits == [1.0]


def test_the_next_question_is_held_back_until_the_bucket_can_pay(
    web: Any, shop: ShopifyShop, clock: Any
) -> None:
    answer(web, {"data": SHOP, "extensions": cost(500, 100)})
    answer(web, {"data": SHOP, "extensions": cost(500, 1500)})
    answer(web, {"data": SHOP})
    shop.facts()
    assert clock.waits == []
    shop.facts()
    assert clock.waits == [4.0]
    shop.facts()
    assert clock.waits == [4.0]


def test_fields_withheld_are_kept_as_absent(
    web: Any, shop: ShopifyShop, caplog: pytest.LogCaptureFixture
) -> None:
    answer(web, fault("ACCESS_DENIED", ["shop", "email"], {"shop": {**SHOP["shop"], "email": None}}))
    assert shop.facts().email is None
    assert "withholds 1 fields" in caplog.text
    assert "secret" not in caplog.text


def test_a_withheld_customer_is_not_taken_for_a_deleted_one(web: Any, shop: ShopifyShop) -> None:
    answer(web, fault("ACCESS_DENIED", ["nodes", 0], {"nodes": [None]}))
    answer(web, fault("ACCESS_DENIED", ["nodes", 0], {"nodes": [None]}))
    web.assert_all_requests_are_fired = False
    with pytest.raises(TryLater):
        shop.customers(("1",))


def test_a_customer_that_is_gone_is_simply_not_there(web: Any, shop: ShopifyShop) -> None:
    answer(web, {"data": {"nodes": [None]}})
    assert shop.customers(("1",)) == {}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (fault("ACCESS_DENIED", ["shop"], {"shop": None}), Unauthorized),
        (fault("ACCESS_DENIED"), Unauthorized),
        (fault("undefinedField"), Refused),
        ({"errors": "something went wrong"}, Refused),
        ({"errors": {"query": "is missing"}}, Refused),
        ({"data": None}, TryLater),
        ({}, TryLater),
        (fault("SHOP_INACTIVE"), TryLater),
    ],
)
def test_a_refused_question_says_what_it_means(
    web: Any, shop: ShopifyShop, body: object, error: type[Exception]
) -> None:
    for _ in range(8):
        answer(web, body)
    web.assert_all_requests_are_fired = False
    with pytest.raises(error) as caught:
        shop.facts()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (fault("undefinedField"), Refused),
        (fault("ACCESS_DENIED", ["tagsAdd"]), Forbidden),
        (fault("SOMETHING_NEW", ["tagsAdd"], {"tagsAdd": None}), Doubtful),
        (fault("", ["tagsAdd"], {"tagsAdd": None}), Doubtful),
        (fault(""), Doubtful),
        ({"errors": "something went wrong"}, Doubtful),
        (fault("INTERNAL_SERVER_ERROR", ["tagsAdd"]), OutcomeUnknown),
    ],
)
def test_only_a_change_that_was_not_begun_is_refused_for_sure(
    web: Any, shop: ShopifyShop, body: object, error: type[Exception]
) -> None:
    answer(web, body)
    with pytest.raises(error) as caught:
        shop.mark("1", ("vip",), ())
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


def test_an_error_in_part_is_not_half_an_answer(web: Any, shop: ShopifyShop) -> None:
    answer(web, fault("INTERNAL_SERVER_ERROR", ["shop", "email"], SHOP))
    answer(web, {"data": SHOP})
    assert shop.facts().email == "owner@example.com"


@pytest.mark.parametrize(
    ("status", "reading", "changing"),
    [
        (402, TryLater, TryLater),
        (403, Unauthorized, Unauthorized),
        (404, Refused, Refused),
        (302, Refused, Refused),
        (423, TryLater, TryLater),
        (429, TryLater, TryLater),
        (500, TryLater, OutcomeUnknown),
        (503, TryLater, OutcomeUnknown),
    ],
)
def test_a_status_means(
    web: Any, shop: ShopifyShop, status: int, reading: type[Exception], changing: type[Exception]
) -> None:
    for _ in range(9):
        answer(web, "<html>", status, {"Location": "https://evil.example/"})
    web.assert_all_requests_are_fired = False
    with pytest.raises(reading):
        shop.facts()
    asked = len(web.calls)
    with pytest.raises(changing):
        shop.mark("1", ("vip",), ())
    assert len(web.calls) == asked + 1


def test_a_page_in_html_is_asked_again_when_reading_and_unknown_when_changing(
    web: Any, shop: ShopifyShop
) -> None:
    answer(web, "<html>Oops</html>")
    answer(web, {"data": SHOP})
    shop.facts()
    answer(web, "<html>Oops</html>")
    with pytest.raises(OutcomeUnknown):
        shop.mark("1", ("vip",), ())


def test_retry_after_is_obeyed_with_its_decimals(web: Any, shop: ShopifyShop, clock: Any) -> None:
    answer(web, "", 429, {"Retry-After": "2.0"})
    answer(web, {"data": SHOP})
    shop.facts()
    assert clock.waits == [2.0]


def test_a_long_retry_after_is_handed_to_the_queue(web: Any, shop: ShopifyShop, clock: Any) -> None:
    answer(web, "", 429, {"Retry-After": "600"})
    with pytest.raises(TryLater) as caught:
        shop.facts()
    assert (caught.value.wait, clock.waits) == (timedelta(minutes=10), [])


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("2.0", timedelta(seconds=2)),
        ("-5", timedelta(0)),
        ("99999999999999999999", timedelta(hours=1)),
        ("nan", None),
        ("soon", None),
        ("Sat, 21 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sat, 21 Nov 2020 12:00:30 GMT", timedelta(0)),
    ],
)
def test_retry_after_reads(text: str | None, wait: timedelta | None) -> None:
    assert retry_after(text, datetime(2026, 11, 21, 12, tzinfo=UTC)) == wait


def test_a_dead_token_is_renewed_once_and_the_question_asked_again(
    web: Any, shop: ShopifyShop, vault: Any
) -> None:
    answer(web, {"errors": "[API] Invalid API key or access token"}, 401)
    web.add(
        responses.POST,
        TOKEN,
        json={"access_token": "access-2", "expires_in": 3600, "refresh_token": "refresh-2"},
    )
    answer(web, {"data": SHOP})
    shop.facts()
    assert [it.headers["X-Shopify-Access-Token"] for it in calls(web)] == ["access-1", "access-2"]
    assert [tokens.unpack(it).refresh for it in vault.saves] == ["refresh-2"]


def test_a_token_that_stays_dead_means_connect_again(web: Any, shop: ShopifyShop) -> None:
    answer(web, {"errors": "no"}, 401)
    web.add(
        responses.POST,
        TOKEN,
        json={"access_token": "access-2", "expires_in": 3600, "refresh_token": "refresh-2"},
    )
    answer(web, {"errors": "no"}, 401)
    with pytest.raises(Unauthorized):
        shop.facts()


def test_an_uninstalled_shop_means_connect_again(web: Any, shop: ShopifyShop) -> None:
    answer(web, {"errors": "no"}, 401)
    web.add(responses.POST, TOKEN, json={"error": "invalid_grant"}, status=400)
    with pytest.raises(Unauthorized):
        shop.mark("1", ("vip",), ())


def test_a_query_too_dear_is_asked_in_smaller_pages(web: Any, shop: ShopifyShop) -> None:
    answer(web, {"data": {"ordersCount": {"count": 1}, "customersCount": {"count": 1}}})
    page = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    answer(web, {"data": {"customers": page}})
    answer(web, fault("MAX_COST_EXCEEDED"))
    answer(web, {"data": {"orders": page}})
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    found: list[Batch] = list(shop.changed(window))
    assert found == []
    asked = [json.loads(it.body)["variables"] for it in calls(web)]
    assert [(it["first"], it["lines"]) for it in asked[2:]] == [(25, 50), (12, 25)]
    assert asked[2]["query"] == "updated_at:>='2026-11-20T00:00:00Z'"
    # Customers are found by whole days in the shop's own time zone.
    assert asked[1]["query"] == "updated_at:>='2026-11-19T00:00:00Z'"


def test_single_orders_too_dear_together_are_asked_in_halves(web: Any, shop: ShopifyShop) -> None:
    answer(web, fault("MAX_COST_EXCEEDED"))
    answer(web, {"data": {"nodes": [None, None]}})
    answer(web, {"data": {"nodes": [None, None]}})
    assert shop.orders(("1", "2", "3", "4")) == {}
    assert [len(json.loads(it.body)["variables"]["ids"]) for it in calls(web)] == [4, 2, 2]


# --- real sockets: what a mock would only pretend ------------------------------------------------------------


Behaviour = Callable[[socket.socket], None]


@pytest.fixture
def rude(app: App, make_tokens: Callable[..., Tokens], make_vault: Any, clock: Any) -> Iterator[Any]:
    """Makes a shop behind a server on this machine that reads the question and then behaves as told."""
    doors: list[socket.socket] = []
    asked: list[bytes] = []

    def serve(door: socket.socket, behave: Behaviour) -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            with line:
                asked.append(line.recv(65_536))
                behave(line)

    def make(behave: Behaviour | None) -> tuple[ShopifyShop, list[bytes]]:
        door = socket.create_server(("127.0.0.1", 0))
        port = door.getsockname()[1]
        if behave is None:
            door.close()
        else:
            doors.append(door)
            threading.Thread(target=serve, args=(door, behave), daemon=True).start()
        here = App(client_id=app.client_id, secrets=app.secrets, base_url=f"http://127.0.0.1:{port}")
        wire = Wire("demo-gifts.myshopify.com", sandbox=True, read_timeout=0.3)
        vault = make_vault(tokens.pack(make_tokens()))
        return ShopifyShop(here, "demo-gifts.myshopify.com", vault, clock, wire), asked

    yield make
    for door in doors:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def hang(line: socket.socket) -> None:
    line.settimeout(2)
    line.recv(1)


def hang_up(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_RDWR)


def break_off(line: socket.socket) -> None:
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"data":')


@pytest.mark.parametrize("behave", [hang, hang_up, break_off])
def test_a_change_whose_answer_is_lost_is_unknown_and_not_repeated(rude: Any, behave: Behaviour) -> None:
    shop, asked = rude(behave)
    with pytest.raises(OutcomeUnknown):
        shop.mark("1", ("vip",), ())
    assert len(asked) == 1
    assert b"X-Sandbox-Shop: demo-gifts.myshopify.com" in asked[0]


@pytest.mark.parametrize("behave", [hang, hang_up, break_off])
def test_a_question_whose_answer_is_lost_is_asked_again_and_then_later(rude: Any, behave: Behaviour) -> None:
    shop, asked = rude(behave)
    with pytest.raises(TryLater):
        shop.facts()
    assert len(asked) > 2


def test_a_change_that_never_left_the_house_was_not_done(rude: Any) -> None:
    shop, _ = rude(None)
    with pytest.raises(TryLater):
        shop.mark("1", ("vip",), ())
