"""Tokens are renewed ahead of time, by one at a time, kept before use; an odd answer never locks a shop out."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
import responses

from adapters.shopify import tokens
from adapters.shopify.settings import SCOPES, App
from adapters.shopify.tokens import BadGrant, Keys, Tokens
from adapters.shopify.wire import Wire
from connector.port import Refused, TryLater, Unauthorized

TOKEN = "https://demo-gifts.myshopify.com/admin/oauth/access_token"
SHOP = "demo-gifts.myshopify.com"
GRANTED = "read_orders,write_customers,read_customer_merge,read_products,write_discounts,write_app_proxy"
GIVEN = {
    "access_token": "access-2",
    "scope": GRANTED,
    "expires_in": 3600,
    "refresh_token": "refresh-2",
    "refresh_token_expires_in": 7_776_000,
}


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def keys(app: App, vault: Any, wire: Wire, clock: Any) -> Keys:
    return Keys(app, SHOP, vault, wire, clock)


def give(web: Any, body: object, status: int = 200) -> None:
    web.add(responses.POST, TOKEN, body=body if isinstance(body, str) else json.dumps(body), status=status)


def test_a_code_is_exchanged_for_tokens_that_expire(web: Any, app: App, wire: Wire, now: datetime) -> None:
    give(web, GIVEN)
    found = tokens.by_code(app, SHOP, "code-1", wire, now)
    assert found == Tokens(
        "access-2", now + timedelta(hours=1), "refresh-2", now + timedelta(days=90), GIVEN["scope"]
    )
    sent = json.loads(web.calls[0].request.body)
    assert sent == {"client_id": "client-1", "client_secret": app.secret, "code": "code-1", "expiring": "1"}


def test_a_session_token_is_exchanged_for_an_offline_token(
    web: Any, app: App, wire: Wire, now: datetime
) -> None:
    give(web, GIVEN)
    tokens.by_session_token(app, SHOP, "jwt", wire, now)
    sent = json.loads(web.calls[0].request.body)
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
    assert (sent["subject_token"], sent["expiring"]) == ("jwt", "1")
    assert sent["requested_token_type"].endswith(":offline-access-token")


def test_without_expires_in_an_hour_is_assumed(web: Any, app: App, wire: Wire, now: datetime) -> None:
    give(web, {key: value for key, value in GIVEN.items() if key != "expires_in"})
    assert tokens.by_code(app, SHOP, "code-1", wire, now).expires_at == now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (1800, 1800),
        ("1800", 1800),
        (1800.9, 1800),
        ("1800.9", 3600),
        ("", 3600),
        ("soon", 3600),
        ("٣٦٠٠", 3600),
        (0, 3600),
        (-5, 3600),
        (0.5, 3600),
        (10**18, 3600),
        (1e300, 3600),
        (True, 3600),
        (None, 3600),
        ([3600], 3600),
        ({}, 3600),
    ],
)
def test_an_odd_length_of_life_is_read_as_an_hour_and_never_locks_a_shop_out(
    web: Any, keys: Keys, vault: Any, now: datetime, said: object, seconds: int
) -> None:
    give(web, GIVEN | {"expires_in": said, "refresh_token_expires_in": said, "scope": said})
    assert keys.after_refusal("access-1") == "access-2"
    kept = tokens.unpack(vault.kept)
    assert kept.expires_at == now + timedelta(seconds=seconds)
    assert kept.refresh == "refresh-2"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"access_token": ""}, TryLater),
        ({"access_token": 5}, TryLater),
        ({"access_token": None}, TryLater),
        ({"refresh_token": ""}, Refused),
        ({"refresh_token": None}, Refused),
        ({"scope": "read_orders"}, Refused),
        ({"scope": None}, Refused),
    ],
)
def test_a_first_answer_that_is_not_as_agreed_gives_no_tokens(
    web: Any, app: App, wire: Wire, now: datetime, changes: dict[str, object], error: type[Exception]
) -> None:
    give(web, GIVEN | changes)
    with pytest.raises(error) as caught:
        tokens.by_code(app, SHOP, "code-1", wire, now)
    assert "access-2" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_subject_token"}, BadGrant),
        (400, {"error": "invalid_request"}, BadGrant),
        (401, "<html>", BadGrant),
        (400, {"error": "invalid_client"}, Refused),
        (429, "", TryLater),
        (500, "", TryLater),
        (302, "", Refused),
        (200, "<html>", TryLater),
    ],
)
def test_a_denial_means(
    web: Any, app: App, wire: Wire, now: datetime, status: int, body: object, error: type[Exception]
) -> None:
    give(web, body, status)
    with pytest.raises(error) as caught:
        tokens.by_code(app, SHOP, "code-1", wire, now)
    assert isinstance(caught.value, BadGrant) == (error is BadGrant)


def test_the_right_to_write_holds_the_right_to_read() -> None:
    assert tokens.lacking(GRANTED) == ()
    assert tokens.lacking("") == SCOPES
    assert tokens.lacking(GRANTED.replace("write_customers", " read_customers")) == ("write_customers",)


def test_a_token_that_lives_a_while_is_used_as_it_is(keys: Keys, clock: Any) -> None:
    assert keys.access() == "access-1"
    clock.sleep(54 * 60)
    assert keys.access() == "access-1"


def test_a_token_is_renewed_five_minutes_ahead_and_kept_before_use(
    web: Any, keys: Keys, vault: Any, clock: Any
) -> None:
    give(web, GIVEN)
    clock.sleep(55 * 60)
    assert keys.access() == "access-2"
    assert tokens.unpack(vault.saves[0]).refresh == "refresh-2"
    sent = json.loads(web.calls[0].request.body)
    assert (sent["grant_type"], sent["refresh_token"]) == ("refresh_token", "refresh-1")


def test_a_renewal_without_a_refresh_token_keeps_the_old_one(web: Any, keys: Keys, vault: Any) -> None:
    give(web, {"access_token": "access-2"})
    assert keys.after_refusal("access-1") == "access-2"
    kept = tokens.unpack(vault.kept)
    assert (kept.refresh, kept.scope) == ("refresh-1", GRANTED)


@pytest.mark.parametrize("body", ["<html>", {"access_token": ""}, {}])
def test_an_odd_renewal_changes_nothing_and_is_tried_again(
    web: Any, keys: Keys, vault: Any, body: object
) -> None:
    give(web, body)
    with pytest.raises(TryLater):
        keys.after_refusal("access-1")
    assert vault.saves == []


def test_a_renewal_whose_answer_was_lost_is_asked_again_with_the_same_token(
    web: Any, keys: Keys, vault: Any
) -> None:
    web.add(responses.POST, TOKEN, body=ConnectionResetError("gone"))
    with pytest.raises(TryLater):
        keys.after_refusal("access-1")
    give(web, GIVEN)
    assert keys.after_refusal("access-1") == "access-2"
    assert [json.loads(it.request.body)["refresh_token"] for it in web.calls] == ["refresh-1", "refresh-1"]


def test_a_dead_refresh_token_means_connect_again(web: Any, keys: Keys, vault: Any) -> None:
    give(web, {"error": "invalid_grant"}, 400)
    with pytest.raises(Unauthorized):
        keys.after_refusal("access-1")
    assert vault.saves == []


@pytest.mark.parametrize("kept", [b"", b"{}", b"\xff", b'{"access":""}'])
def test_an_empty_vault_means_connect_again(
    app: App, wire: Wire, clock: Any, make_vault: Any, kept: bytes
) -> None:
    with pytest.raises(Unauthorized):
        Keys(app, SHOP, make_vault(kept), wire, clock).access()


OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
OLD = "shpat_0123456789abcdef"


def test_a_token_of_old_that_never_ends_is_exchanged_once_and_kept_before_use(
    web: Any, app: App, wire: Wire, clock: Any, make_vault: Any, now: datetime
) -> None:
    give(web, GIVEN)
    vault = make_vault(OLD.encode())
    keys = Keys(app, SHOP, vault, wire, clock)
    assert (keys.access(), keys.access(), len(web.calls), len(vault.saves)) == ("access-2", "access-2", 1, 1)
    sent = json.loads(web.calls[0].request.body)
    assert (sent["subject_token"], sent["subject_token_type"], sent["requested_token_type"]) == (
        OLD,
        OFFLINE,
        OFFLINE,
    )
    assert sent["expiring"] == "1"
    kept = tokens.unpack(vault.kept)
    assert (kept.refresh, kept.refresh_until) == ("refresh-2", now + timedelta(days=90))


def test_an_exchange_of_an_old_token_whose_answer_was_lost_means_connect_again(
    web: Any, app: App, wire: Wire, clock: Any, make_vault: Any
) -> None:
    vault = make_vault(OLD.encode())
    keys = Keys(app, SHOP, vault, wire, clock)
    web.add(responses.POST, TOKEN, body=ConnectionResetError("gone"))
    with pytest.raises(TryLater):
        keys.access()
    give(web, {"error": "invalid_subject_token"}, 400)
    with pytest.raises(Unauthorized):
        keys.access()
    assert vault.saves == []


def test_a_first_answer_without_an_end_is_exchanged_at_once(
    web: Any, app: App, wire: Wire, now: datetime
) -> None:
    give(web, {"access_token": OLD, "scope": GRANTED})
    give(web, GIVEN)
    assert tokens.by_code(app, SHOP, "code-1", wire, now).refresh == "refresh-2"
    assert json.loads(web.calls[1].request.body)["subject_token"] == OLD


def test_what_nobody_used_for_a_week_is_renewed_and_nothing_else(
    web: Any, keys: Keys, vault: Any, clock: Any, now: datetime
) -> None:
    clock.sleep(6 * 24 * 3600)
    assert (keys.keep_alive(), vault.saves) == (now + timedelta(days=90), [])
    give(web, GIVEN)
    clock.sleep(24 * 3600)
    assert keys.keep_alive() == clock.now() + timedelta(days=90)
    assert (len(web.calls), len(vault.saves)) == (1, 1)


def test_an_app_of_the_merchants_own_asks_with_its_credentials(
    web: Any, app: App, wire: Wire, clock: Any, make_vault: Any, now: datetime
) -> None:
    own = msgspec.structs.replace(app, kind="own")
    first = {"access_token": "day-1", "scope": GRANTED, "expires_in": 86_399}
    give(web, first)
    give(web, first | {"access_token": "day-2"})
    given = tokens.by_client_credentials(own, SHOP, wire, now)
    assert (given.expires_at, given.refresh) == (now + timedelta(seconds=86_399), None)
    keys = Keys(own, SHOP, make_vault(tokens.pack(given)), wire, clock)
    assert keys.access() == "day-1"
    clock.sleep(24 * 3600)
    assert keys.access() == "day-2"
    sent = json.loads(web.calls[1].request.body)
    assert sent == {
        "client_id": "client-1",
        "client_secret": app.secret,
        "grant_type": "client_credentials",
    }


def test_a_shop_of_another_organisation_is_no_shop_of_an_own_app(
    web: Any, app: App, wire: Wire, now: datetime
) -> None:
    give(web, {"error": "shop_not_permitted"}, 400)
    with pytest.raises(Refused, match="organisation") as caught:
        tokens.by_client_credentials(msgspec.structs.replace(app, kind="own"), SHOP, wire, now)
    assert not isinstance(caught.value, BadGrant)


def test_what_another_process_renewed_is_used(
    keys: Keys, vault: Any, make_tokens: Callable[..., Tokens]
) -> None:
    assert keys.access() == "access-1"
    vault.kept = tokens.pack(make_tokens("access-9"))
    assert keys.after_refusal("access-1") == "access-9"
    assert vault.saves == []


def test_fifty_threads_at_expiry_renew_once(
    app: App, make_vault: Any, make_tokens: Callable[..., Tokens], clock: Any
) -> None:
    asked: list[str] = []

    class TokenHost(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["refresh_token"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(GIVEN).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), TokenHost)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    here = App(app.client_id, app.secrets, base_url=f"http://127.0.0.1:{server.server_port}")
    vault = make_vault(tokens.pack(make_tokens(minutes=4)))
    found: list[str] = []

    def work() -> None:
        wire = Wire(SHOP, sandbox=True)
        found.append(Keys(here, SHOP, vault, wire, clock).access())
        wire.close()

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.shutdown()
    server.server_close()
    assert (found, asked) == (["access-2"] * 50, ["refresh-1"])
