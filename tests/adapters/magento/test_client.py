"""What goes wrong on the line, over real HTTP where the network matters and told answers where only words do."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
import responses

from adapters.magento import client as line
from adapters.magento import wire
from adapters.magento.answers import NotMagento, Redirected, TooLarge, TooSlow
from adapters.magento.client import Client
from adapters.magento.criteria import Search
from adapters.magento.keys import Keys
from connector.port import Forbidden, OutcomeUnknown, Refused, TryLater, Unauthorized

KEYS = Keys("consumer-key", "consumer-secret", "access-token", "access-secret", "hook-secret")
Handler = Callable[[BaseHTTPRequestHandler], None]


class _Number(msgspec.Struct):
    entity_id: int


class Server:
    """A shop on loopback that does with each request what the test says."""

    def __init__(self) -> None:
        self.does: Handler = _json({})
        self.seen: list[str] = []
        server = self

        class Requests(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                server.seen.append(f"{self.command} {self.path}")
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.does(self)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, *parts: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def client(self, **more: Any) -> Client:
        return Client(f"http://{self.host}/", KEYS, frozenset({self.host}), **more)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _json(body: object, status: int = 200, **headers: str) -> Handler:
    return _bytes(json.dumps(body).encode(), status, **{"Content-Type": "application/json", **headers})


def _bytes(body: bytes, status: int = 200, **headers: str) -> Handler:
    def answer(request: BaseHTTPRequestHandler) -> None:
        (request.send_response_only if "Date" in headers else request.send_response)(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "TIMEOUTS", (0.5, 0.3))
    monkeypatch.setattr(line, "WHOLE_CALL", 0.6)


def test_a_call_is_signed_and_its_answer_read(server: Server) -> None:
    signed: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        signed.append(request.headers["Authorization"])
        _json([])(request)

    server.does = answer
    client = server.client()
    client.read("store/websites", list[wire.Website])
    client.read("store/websites", list[wire.Website])
    assert all('oauth_signature_method="HMAC-SHA256"' in each for each in signed)
    nonces = [each.split('oauth_nonce="')[1].split('"')[0] for each in signed]
    assert nonces[0] != nonces[1]
    assert [len(nonce) for nonce in nonces] == [32, 32]


def test_four_calls_at_once_and_no_fifth_go_to_one_shop_whoever_makes_them(server: Server) -> None:
    inside, may_go = threading.Semaphore(0), threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        inside.release()
        assert may_go.wait(60)
        _json({"entity_id": 7})(request)

    server.does = answer
    with ThreadPoolExecutor(5) as crowd:
        calls = [crowd.submit(server.client().read, "orders/7", _Number) for _ in range(5)]
        for _ in range(4):
            assert inside.acquire(timeout=60)
        with pytest.raises(TryLater, match="Too many of our calls"):
            server.client(ends=time.monotonic() + 0.2).read("orders/7", _Number)
        other = Client("http://localhost:1/", KEYS, frozenset({"localhost:1"}))
        with pytest.raises(TryLater, match="cannot be reached"):
            other.read("orders/7", _Number)  # another shop has lanes of its own
        assert len(server.seen) == 4
        may_go.set()
        assert [call.result(60).entity_id for call in calls] == [7] * 5


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.does = _bytes(b"", 301, Location="http://127.0.0.1:1/", Content_Type="text/html")
    with pytest.raises(Redirected, match="redirect"):
        server.client().call("GET", "orders")
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://www.shop.test/rest/V1/orders?secret=1", "https://www.shop.test/"),
        ("https://WWW.shop.test:443/", "https://www.shop.test/"),
        ("https://shop.test/maintenance", ""),
        ("/maintenance", ""),
        ("http://www.shop.test/", ""),
        ("https://10.0.0.7/", ""),
        ("https://2130706433/", ""),
        ("https://[::1]/", ""),
        ("https://user:word@www.shop.test/", ""),
        ("https://intranet/", ""),
        ("https://www.shop.test:8443/", ""),
        ("javascript:alert(1)", ""),
        ("https://www.shop.test\\@evil.test/", ""),
        ("//[", ""),
        ("", ""),
    ],
)
def test_the_address_a_shop_redirects_to_is_named_where_it_could_be_a_shops(
    shop: responses.RequestsMock, client: Client, status: int, location: str, named: str
) -> None:
    shop.add("GET", "https://shop.test/rest/V1/orders", status=status, headers={"Location": location})
    with pytest.raises((Redirected, NotMagento)) as raised:
        client.call("GET", "orders")
    assert getattr(raised.value, "to", "") == named
    assert ("https://" in str(raised.value)) is bool(named)
    assert isinstance(raised.value, TryLater) is (status in (302, 303, 307))


def test_a_redirect_with_an_endless_answer_is_read_no_further_than_any(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "MOST_BYTES", 100_000)
    sent = []

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "https://www.shop.test/")
        request.end_headers()
        with contextlib.suppress(OSError):
            while len(sent) < 1000:
                request.wfile.write(b"x" * 65536)
                sent.append(1)

    server.does = endless
    with pytest.raises(TooLarge):
        server.client().call("GET", "orders")
    assert len(sent) < 1000


def test_a_shop_in_a_folder_is_named_with_it(shop: responses.RequestsMock) -> None:
    there = "https://www.shop.test/tea/rest/V1/orders"
    shop.add("GET", "https://shop.test/tea/rest/V1/orders", status=302, headers={"Location": there})
    with pytest.raises(NotMagento, match=r"https://www\.shop\.test/tea/: connect"):
        Client("https://shop.test/tea/", KEYS).call("GET", "orders")


@pytest.mark.usefixtures("quick")
def test_silence_after_a_read_is_try_later_and_after_a_write_unknown(server: Server) -> None:
    server.does = lambda request: time.sleep(1)
    with pytest.raises(TryLater):
        server.client().call("GET", "orders")
    with pytest.raises(OutcomeUnknown):
        server.client().send("POST", "coupons", {}, wire.Coupon)


def test_a_connection_that_never_stood_did_nothing() -> None:
    client = Client("http://127.0.0.1:1/", KEYS, frozenset({"127.0.0.1:1"}))
    with pytest.raises(TryLater, match="cannot be reached"):
        client.send("POST", "coupons", {}, wire.Coupon)


def test_a_connection_that_breaks_after_a_write_is_unknown(server: Server) -> None:
    server.does = lambda request: request.connection.close()
    with pytest.raises(OutcomeUnknown):
        server.client().send("POST", "coupons", {}, wire.Coupon)


def test_an_answer_cut_short_is_not_taken_for_whole(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", "4000")
        request.end_headers()
        request.wfile.write(b'{"items": []}')

    server.does = answer
    with pytest.raises(TryLater):
        server.client().search("orders", wire.Order, Search())


def test_a_shop_that_is_too_slow_for_a_whole_page_is_asked_for_a_part_of_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a busy machine to answer at once.
    monkeypatch.setattr(line, "TIMEOUTS", (2.0, 2.0))

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = int(request.path.split("pageSize%5D=")[1].split("&")[0])
        time.sleep(0 if asked <= 20 else 2.4)
        with contextlib.suppress(OSError):  # nobody listens any more
            _json({"items": [], "total_count": 0})(request)

    server.does = answer
    client = server.client()
    with pytest.raises(TooSlow):
        client.search("orders", wire.Order, Search())  # it may as well hang: it has never answered
    client.search("orders", wire.Order, Search(size=1))
    client.search("orders", wire.Order, Search())
    client.search("orders", wire.Order, Search())
    sizes = [each.split("pageSize%5D=")[1].split("&")[0] for each in server.seen]
    assert sizes == ["100", "1", "100", "20", "20"]


DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: "),
    "answers that go on": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", b" "),
    "body without an end": (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[]", b" "),
    "size of a piece": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0",
    ),
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("first", "drop"), DRIPS.values(), ids=DRIPS)
def test_a_drip_of_bytes_ends_with_the_time_of_the_whole_call(
    server: Server, first: bytes, drop: bytes
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(first)
        with contextlib.suppress(OSError):
            for _ in range(1200):
                request.wfile.write(drop)
                time.sleep(0.05)
        request.close_connection = True

    server.does = answer
    began = time.monotonic()
    with pytest.raises(TryLater):
        server.client().call("GET", "orders")
    assert time.monotonic() - began < 30


def test_ten_kilobytes_that_unpack_to_twelve_megabytes_are_refused(server: Server) -> None:
    bomb = gzip.compress(b" " * 12 * 1024 * 1024)
    assert len(bomb) < 13_000
    server.does = _bytes(bomb, Content_Type="application/json", Content_Encoding="gzip")
    with pytest.raises(TooLarge):
        server.client().call("GET", "orders")


def test_two_hundred_megabytes_packed_twice_into_a_few_kilobytes_are_cut_as_well(server: Server) -> None:
    packer, packed = zlib.compressobj(6, zlib.DEFLATED, 31), bytearray()
    for _ in range(200):
        packed += packer.compress(b" " * 1024 * 1024)
    bomb = gzip.compress(bytes(packed + packer.flush()))
    assert len(bomb) < 8_000
    server.does = _bytes(bomb, Content_Type="application/json", Content_Encoding="gzip, gzip")
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            server.client().call("GET", "orders")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 64 * 1024 * 1024, f"{most} bytes were held"


def test_a_clock_ahead_of_the_shops_is_set_by_the_answer_and_the_call_made_again(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        stamp = int(request.headers["Authorization"].split('oauth_timestamp="')[1].split('"')[0])
        ahead = stamp - time.time()
        _json({}, 401 if ahead > 600 else 200)(request)

    server.does = answer
    assert server.client(clock=lambda: time.time() + 3600).call("GET", "orders") == b"{}"
    assert len(server.seen) == 2


def test_a_missing_right_is_one_by_whatever_second_the_shops_clock_differs(server: Server) -> None:
    """An hour apart, told a second more at each answer: that explains no refusal."""
    told = iter(range(3600, 3700))

    def answer(request: BaseHTTPRequestHandler) -> None:
        lacks = {"message": "no", "parameters": {"resources": "Magento_Sales::sales_creditmemo"}}
        date = format_datetime(datetime.fromtimestamp(time.time() + next(told), UTC), usegmt=True)
        there = "creditmemos" in request.path
        _json(lacks if there else [], 401 if there else 200, Date=date)(request)

    server.does = answer
    client = server.client()
    client.call("GET", "orders")
    with pytest.raises(Forbidden, match="Credit Memos"):
        client.call("GET", "creditmemos")


def test_the_shops_row_limit_is_kept_from_then_on(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = int(request.path.split("pageSize%5D=")[1].split("&")[0])
        if asked > 30:
            _json({"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 30}}, 400)(
                request
            )
        else:
            _json({"items": None, "total_count": 0})(request)

    server.does = answer
    client = server.client()
    assert client.search("orders", wire.Order, Search()).rows == []
    client.search("orders", wire.Order, Search())
    sizes = [each.split("pageSize%5D=")[1].split("&")[0] for each in server.seen]
    assert sizes == ["100", "30", "30"]


def test_huge_rows_are_asked_for_in_halves(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = int(request.path.split("pageSize%5D=")[1].split("&")[0])
        _json({"items": [], "total_count": 0, "padding": " " * (asked * 200_000)})(request)

    server.does = answer
    server.client().search("orders", wire.Order, Search())
    sizes = [each.split("pageSize%5D=")[1].split("&")[0] for each in server.seen]
    assert sizes == ["100", "50"]


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry_After": "7"}, timedelta(seconds=7)),
        (429, {}, timedelta(seconds=30)),
        (503, {"Retry_After": "120"}, timedelta(minutes=2)),
        (503, {"Retry_After": "soon"}, None),
    ],
)
def test_a_busy_shop_says_how_long(
    says: Any, client: Client, status: int, headers: dict[str, str], wait: Any
) -> None:
    says("GET", "orders", {"message": "slow down"}, status, **headers)
    with pytest.raises(TryLater) as raised:
        client.call("GET", "orders")
    assert raised.value.wait == wait


def test_a_wait_until_a_date_is_counted_from_now(says: Any, client: Client) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    says("GET", "orders", {}, 503, Retry_After=soon)
    with pytest.raises(TryLater) as raised:
        client.call("GET", "orders")
    assert raised.value.wait is not None
    assert timedelta(hours=1) < raised.value.wait <= timedelta(hours=2)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (408, OutcomeUnknown),
        (429, TryLater),
    ],
)
def test_a_write_that_failed_inside_the_shop_may_have_been_done(
    says: Any, client: Client, status: int, meaning: type[Exception]
) -> None:
    says("POST", "coupons", {"message": "secret text"}, status)
    with pytest.raises(meaning) as raised:
        client.send("POST", "coupons", {}, wire.Coupon)
    assert "secret text" not in str(raised.value)


def test_a_web_server_that_gave_up_waiting_may_have_had_it_done(
    shop: responses.RequestsMock, client: Client
) -> None:
    for method, meaning in (("POST", OutcomeUnknown), ("GET", TryLater)):
        shop.add(
            method,
            "https://shop.test/rest/V1/coupons",
            body="<html>408</html>",
            status=408,
            content_type="text/html",
        )
        with pytest.raises(meaning):
            client.call(method, "coupons", body=b"{}" if method == "POST" else None)


def test_what_was_made_may_be_answered_with_201(says: Any, client: Client) -> None:
    says("POST", "coupons", {"coupon_id": 4, "rule_id": 2}, 201)
    assert client.send("POST", "coupons", {}, wire.Coupon).coupon_id == 4


@pytest.mark.parametrize("status", [200, 401, 403, 404])
def test_a_page_where_data_was_expected_is_not_magento(
    shop: responses.RequestsMock, client: Client, status: int
) -> None:
    page = "<html>Checking your browser</html>"
    shop.add("GET", "https://shop.test/rest/V1/orders", body=page, status=status, content_type="text/html")
    with pytest.raises(NotMagento, match="firewall"):
        client.call("GET", "orders")


def test_a_signature_that_is_not_accepted_means_other_keys(says: Any, client: Client) -> None:
    for path in ("orders", "customerGroups/search"):
        says("GET", path, {"message": "The signature is invalid. Verify and try again."}, 401)
    with pytest.raises(Unauthorized, match="keys"):
        client.call("GET", "orders")


def test_a_signature_that_is_not_accepted_once_only_is_no_matter_of_the_keys(
    says: Any, client: Client
) -> None:
    says("GET", "orders", {"message": "The nonce is already being used by the consumer with ID %1"}, 401)
    says("GET", "customerGroups/search", {"total_count": 4})
    with pytest.raises(TryLater, match="this once"):
        client.call("GET", "orders")


def test_an_answer_of_another_shape_says_where_and_not_what(says: Any, client: Client) -> None:
    says("GET", "orders/1", {"entity_id": 1, "created_at": {"secret": "value"}})
    with pytest.raises(TryLater, match=r"created_at") as raised:
        client.read("orders/1", wire.Order)
    assert "value" not in str(raised.value)


def test_only_https_is_spoken_but_to_hosts_that_were_allowed() -> None:
    with pytest.raises(Refused, match="https"):
        Client("http://shop.test/", KEYS)


def test_neither_keys_nor_signatures_reach_the_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.client().call("GET", "orders")
    for secret in ("consumer-secret", "access-secret", "oauth_signature"):
        assert secret not in caplog.text
    assert "consumer-secret" not in repr(KEYS)
