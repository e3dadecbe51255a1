"""One exchange over a real socket: what is followed, how much is read, and how long anybody is listened to."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.shopify import wire
from adapters.shopify.wire import NoReply, Reply, Wire
from connector.port import Refused, TryLater

Does = Callable[[BaseHTTPRequestHandler], None]


class Shop:
    """A server on this machine that answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        shop = self
        self.does: Does = lambda request: None
        self.seen: list[tuple[str, dict[str, str]]] = []

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                shop.seen.append((self.path, dict(self.headers)))
                try:
                    shop.does(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/admin"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


@pytest.fixture
def line() -> Iterator[Wire]:
    made = Wire("demo.myshopify.com", read_timeout=30)
    yield made
    made.close()


def saying(body: bytes, status: int = 200, **headers: str) -> Does:
    def said(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, word in headers.items():
            request.send_header(name.replace("_", "-"), word)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return said


def bomb(megabytes: int) -> bytes:
    """So many megabytes of blanks, packed twice: a gigabyte becomes a few kilobytes."""
    packer, found = zlib.compressobj(9, zlib.DEFLATED, 31), bytearray()
    for _ in range(megabytes):
        found += packer.compress(b" " * 1024 * 1024)
    return gzip.compress(bytes(found + packer.flush()), 9)


def test_a_redirect_is_not_followed_and_its_address_is_not_told(shop: Shop, line: Wire) -> None:
    shop.does = saying(b"secret inside", 302, Location="http://127.0.0.1:1/inside")
    reply = line.post(shop.url, b"{}")
    assert reply.status == 302
    assert len(shop.seen) == 1
    error = wire.status_error(reply, wire.WallClock().now(), changing=False)
    assert isinstance(error, Refused)
    assert str(error) == "Shopify answers with a redirect, which Comeback does not follow."
    with pytest.raises(TryLater, match="is not there"):
        list(line.lines(shop.url))
    assert len(shop.seen) == 2


def test_a_gigabyte_packed_into_kilobytes_is_cut_at_ten_megabytes(shop: Shop, line: Wire) -> None:
    packed = bomb(1024)
    assert len(packed) < 16_000
    shop.does = saying(packed, Content_Type="application/json", Content_Encoding="gzip, gzip")
    tracemalloc.start()
    try:
        with pytest.raises(NoReply, match="larger than Comeback reads"):
            line.post(shop.url, b"{}")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 64 * 1024 * 1024, f"{most} bytes were held"


def test_a_line_of_a_file_is_cut_too(shop: Shop, line: Wire) -> None:
    shop.does = saying(gzip.compress(b" " * 12 * 1024 * 1024), Content_Encoding="gzip")
    with pytest.raises(TryLater, match="larger than Comeback reads"):
        list(line.lines(shop.url))


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\n"]
)
def test_a_drip_of_bytes_ends_with_the_time_of_the_whole_call(
    shop: Shop, line: Wire, monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(wire, "WHOLE_CALL", 0.4)

    def drips(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(first)
        for _ in range(1200):
            request.wfile.write(b"x")
            time.sleep(0.05)

    shop.does = drips
    began = time.monotonic()
    with pytest.raises(NoReply, match="in time"):
        line.post(shop.url, b"{}")
    assert time.monotonic() - began < 30


def test_neither_a_proxy_nor_a_password_file_of_the_machine_is_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    file = f"{tmp_path}/netrc"
    with open(file, "w") as netrc:
        netrc.write("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", file)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    shop.does = saying(b"{}")
    line = Wire("demo.myshopify.com")
    assert line.post(shop.url, b"{}").status == 200
    line.close()
    assert "Authorization" not in shop.seen[0][1]


def test_connecting_takes_three_seconds_reading_twenty_and_all_of_it_thirty_at_most() -> None:
    assert (round(wire.CONNECT), wire.READ, wire.WHOLE_CALL) == (3, 20.0, 30.0)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422, 429, 500, 503])
def test_no_error_quotes_the_answer_or_names_an_address(status: int) -> None:
    reply = Reply(status, {"Location": "http://10.0.0.1/x"}, b"shpat_secret of jan@example.com at 10.0.0.1")
    for changing in (True, False):
        said = str(wire.status_error(reply, wire.WallClock().now(), changing=changing))
        assert not any(word in said for word in ("shpat", "jan", "10.0.0.1"))
