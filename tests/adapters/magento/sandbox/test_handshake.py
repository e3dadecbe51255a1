"""The exchange of an integration with a callback: what is given when, and in which words it is refused."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from flask import Flask, request
from requests_oauthlib import OAuth1
from werkzeug.serving import make_server

Words = dict[str, str]


class Callback:
    """An app that keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: list[Words] = []
        app = Flask("callback")
        app.add_url_rule("/callbacks/magento", "posted", self.come, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def come(self) -> Any:
        assert request.mimetype == "application/x-www-form-urlencoded"
        self.posted.append(request.form.to_dict())
        return "", 500  # whatever it answers, nobody minds


@pytest.fixture
def app() -> Iterator[Callback]:
    made = Callback()
    yield made
    made.server.shutdown()
    made.server.server_close()


def activate(store: Any, app: Callback, button: str = "activate", **more: Any) -> Words:
    store.control("POST", button, {"public_url": app.url, "browse": False} | more)
    return app.posted[-1]


def exchange(store: Any, step: str, offer: Words, token: Words | None = None, **other: Any) -> Any:
    signed = {"signature_method": "HMAC-SHA256", "timestamp": str(int(store.now.timestamp()))}
    if token:
        signed |= {
            "resource_owner_key": token["oauth_token"],
            "resource_owner_secret": token["oauth_token_secret"],
            "verifier": offer["oauth_verifier"],
        }
    auth = OAuth1(offer["oauth_consumer_key"], offer["oauth_consumer_secret"], **(signed | other))
    answer = requests.post(f"http://{store.host}/oauth/token/{step}", auth=auth, timeout=60)
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer.status_code, dict(parse_qsl(answer.text))


def test_an_activated_integration_has_tokens_after_both_steps_and_not_before(
    store: Any, app: Callback
) -> None:
    offer = activate(store, app)
    assert offer["store_base_url"] == f"http://{store.host}/"
    assert {name: len(offer[name]) for name in offer if name != "store_base_url"} == {
        "oauth_consumer_key": 32,
        "oauth_consumer_secret": 32,
        "oauth_verifier": 32,
    }
    assert store.call("GET", "store/websites").status_code in (400, 401)
    status, token = exchange(store, "request", offer)
    assert (status, {name: len(word) for name, word in token.items()}) == (
        200,
        {"oauth_token": 32, "oauth_token_secret": 32},
    )
    status, access = exchange(store, "access", offer, token)
    assert status == 200
    assert access["oauth_token"] == store.shop.desk.keys.access_token != token["oauth_token"]
    assert store.call("GET", "store/websites").status_code == 200
    assert exchange(store, "access", offer, token) == (
        401,
        {"oauth_problem": "Specified token does not exist"},
    )
    assert exchange(store, "access", offer, access)[1] == {"oauth_problem": "Token is already being used"}


def test_the_request_step_has_five_minutes_and_the_access_step_has_not(store: Any, app: Callback) -> None:
    offer = activate(store, app)
    store.sleep(seconds=301)
    assert exchange(store, "request", offer) == (401, {"oauth_problem": "Consumer key has expired"})
    again = activate(store, app)
    assert again == offer, "a verifier that nobody used is sent again"
    token = exchange(store, "request", again)[1]
    store.sleep(hours=1)
    assert exchange(store, "access", again, token)[0] == 200


def test_after_a_request_token_only_the_first_verifier_works(store: Any, app: Callback) -> None:
    first = activate(store, app)
    token = exchange(store, "request", first)[1]
    second = activate(store, app)
    assert second["oauth_verifier"] != first["oauth_verifier"]
    not_one = "Cannot create request token because consumer token is not a verifier token"
    assert exchange(store, "request", second) == (401, {"oauth_problem": not_one})
    other = {"oauth_problem": "Token verifier and verifier token do not match"}
    assert exchange(store, "access", second, token) == (401, other)
    assert exchange(store, "access", first, token)[0] == 200


def test_reauthorize_keeps_key_and_secret_and_kills_the_token_at_once(store: Any, app: Callback) -> None:
    before = store.shop.desk.keys
    assert store.call("GET", "store/websites").status_code == 200
    offer = activate(store, app, "reauthorize")
    assert offer["oauth_consumer_key"] == before.consumer_key
    assert offer["oauth_consumer_secret"] == before.consumer_secret
    assert store.call("GET", "store/websites").status_code in (400, 401)
    token = exchange(store, "request", offer)[1]
    assert exchange(store, "access", offer, token)[0] == 200
    assert store.shop.desk.keys.access_token != before.access_token
    assert store.call("GET", "store/websites").status_code == 200


def test_there_is_no_reauthorize_beside_an_integration_that_is_not_active(store: Any, app: Callback) -> None:
    activate(store, app)
    with pytest.raises(AssertionError, match="no Reauthorize"):
        activate(store, app, "reauthorize")


def test_only_the_consumers_secret_and_the_one_method_will_do(store: Any, app: Callback) -> None:
    offer = activate(store, app)
    wrong = offer | {"oauth_consumer_secret": "x" * 32}
    assert exchange(store, "request", wrong)[1] == {
        "oauth_problem": "The signature is invalid. Verify and try again."
    }
    assert exchange(store, "request", offer, signature_method="HMAC-SHA1") == (
        400,
        {"oauth_problem": "Signature method HMAC-SHA1 is not supported"},
    )
    stranger = offer | {"oauth_consumer_key": "y" * 32}
    assert exchange(store, "request", stranger)[0] == 401


def test_an_access_token_alone_is_taken_only_where_the_setting_says_so(store: Any) -> None:
    headers = {"Authorization": f"Bearer {store.shop.desk.keys.access_token}"}

    def ask() -> int:
        return requests.get(f"{store.rest}store/websites", headers=headers, timeout=60).status_code

    assert ask() == 401
    store.control("POST", "bearer")
    assert ask() == 200
    store.shop.desk.active = False
    assert ask() == 401


@pytest.mark.parametrize("way", [{"scheme": "https"}, {"drops_port": True}, {"host": "backend"}])
def test_a_proxy_that_changes_the_address_breaks_every_signature(store: Any, way: Words) -> None:
    store.control("POST", "proxy", way)
    status, body = store.refused("GET", "store/websites")
    assert (status, body["message"]) == (401, "The signature is invalid. Verify and try again.")
    store.control("POST", "proxy", {})
    assert store.get("store/websites")
