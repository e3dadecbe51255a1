"""Who may call: signatures, nonces, timestamps and rights, as Magento 2.4.4 and later check them."""

from typing import Any
from urllib.parse import quote

import pytest
import requests
from requests_oauthlib import OAuth1

QUERY = "searchCriteria=&fields=total_count"
NOT_ALLOWED = {
    "message": "The consumer isn't authorized to access %resources.",
    "parameters": {"resources": "Magento_Sales::actions_view"},
}


def _signed(store: Any, query: str, **other: Any) -> requests.Response:
    return requests.get(f"{store.rest}orders?{query}", auth=store.auth(**other), timeout=60)


def test_a_signed_call_is_let_in(store: Any) -> None:
    answer = _signed(store, QUERY)
    assert (answer.status_code, answer.json()) == (200, {"total_count": 0})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_value_with_spaces_commas_and_accents_is_signed_as_percent_encoded(store: Any) -> None:
    name = "searchCriteria[filter_groups][0][filters][0]"
    value = quote("2026-06-01 00:00:00, Zoë & co", safe="")
    query = f"{name}[field]=customer_email&{name}[value]={value}&{name}[condition_type]=in&fields=total_count"
    assert _signed(store, query).json() == {"total_count": 0}


def test_without_a_token_or_with_a_bearer_the_answer_is_401_and_names_the_right(store: Any) -> None:
    bare = requests.get(f"{store.rest}orders?{QUERY}", timeout=60)
    assert (bare.status_code, bare.json()) == (401, NOT_ALLOWED)
    headers = {"Authorization": f"Bearer {store.shop.desk.keys.access_token}"}
    bearer = requests.get(f"{store.rest}orders?{QUERY}", headers=headers, timeout=60)
    assert (bearer.status_code, bearer.json()) == (401, NOT_ALLOWED)


def test_sha1_is_not_supported(store: Any) -> None:
    answer = _signed(store, QUERY, signature_method="HMAC-SHA1")
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "Signature method %1 is not supported",
        "parameters": ["HMAC-SHA1"],
    }


def test_a_wrong_secret_is_an_invalid_signature(store: Any) -> None:
    keys = store.shop.desk.keys
    wrong = OAuth1(
        keys.consumer_key,
        keys.consumer_secret,
        keys.access_token,
        "x" * 32,
        signature_method="HMAC-SHA256",
        timestamp=str(int(store.now.timestamp())),
    )
    answer = requests.get(f"{store.rest}orders?{QUERY}", auth=wrong, timeout=60)
    assert (answer.status_code, answer.json()) == (
        401,
        {"message": "The signature is invalid. Verify and try again."},
    )


def test_the_query_is_part_of_the_signature(store: Any) -> None:
    prepared = requests.Request("GET", f"{store.rest}orders?{QUERY}", auth=store.auth()).prepare()
    prepared.url = f"{store.rest}orders?{QUERY.replace('total_count', 'items')}"
    answer = requests.Session().send(prepared, timeout=60)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "searchCriteria[filter_groups][10][filters][0][field]=state&searchCriteria=",
        "searchCriteria=&fields=a+b",
        "searchCriteria",
        "searchCriteria=&fields=a=b",
        "searchCriteria=&fields=a&fields=b",
    ],
)
def test_what_some_versions_sign_otherwise_is_refused(store: Any, query: str) -> None:
    try:
        answer = _signed(store, query)
    except ValueError:
        return  # the client library refuses to sign it at all
    assert answer.status_code == 401


def test_a_path_with_an_encoded_sign_is_refused_however_it_is_signed(store: Any) -> None:
    answer = requests.get(f"{store.rest}orders%2F1?{QUERY}", auth=store.auth(), timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (
        401,
        "The signature is invalid. Verify and try again.",
    )


def test_a_nonce_is_taken_once_even_with_a_new_timestamp(store: Any) -> None:
    assert _signed(store, QUERY, nonce="n" * 32).status_code == 200
    store.sleep(seconds=5)
    again = _signed(store, QUERY, nonce="n" * 32)
    assert again.status_code == 401
    assert again.json()["message"] == "The nonce is already being used by the consumer with ID %1"


@pytest.mark.parametrize(("ahead", "status"), [(-86_400, 200), (599, 200), (601, 401)])
def test_old_timestamps_pass_and_those_over_ten_minutes_ahead_do_not(
    store: Any, ahead: int, status: int
) -> None:
    answer = _signed(store, QUERY, timestamp=str(int(store.now.timestamp()) + ahead))
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"message": "An error occurred validating the nonce"}


def test_a_missing_right_is_401_and_names_it(store: Any) -> None:
    assert store.refused("GET", "cmsPage/search", query="searchCriteria=") == (
        401,
        NOT_ALLOWED | {"parameters": {"resources": "Magento_Cms::page"}},
    )
    store.control("POST", "rights", {"resources": ["Magento_Backend::store"]})
    assert store.refused("GET", "orders", query=QUERY) == (401, NOT_ALLOWED)
    assert store.get("store/storeConfigs")[0]["timezone"] == "America/New_York"


def test_after_the_integration_is_switched_off_its_keys_are_dead(store: Any) -> None:
    store.control("POST", "uninstall")
    assert store.refused("GET", "orders", query=QUERY) == (401, NOT_ALLOWED)


def test_an_unknown_route_is_404_and_a_broken_body_400(store: Any) -> None:
    assert store.refused("GET", "loyalty/points") == (404, {"message": "Request does not match any route."})
    send = {"auth": store.auth(), "timeout": 10}
    address = f"{store.rest}customerGroups"
    broken = requests.post(address, data=b'{"group": ', headers={"Content-Type": "application/json"}, **send)
    assert (broken.status_code, broken.json()) == (400, {"message": "Decoding error."})
    plain = requests.post(
        address, data=b"{}", headers={"Content-Type": "text/plain"}, auth=store.auth(), timeout=60
    )
    assert plain.json()["message"].endswith("media type text/plain")
    assert store.refused("POST", "customerGroups", {"code": "X4"}) == (
        400,
        {"message": '"%fieldName" is required. Enter and try again.', "parameters": {"fieldName": "group"}},
    )


@pytest.mark.parametrize("prefix", ["V1", "all/V1", "default/V1", "uk_en/V1"])
def test_a_store_code_in_the_path_changes_nothing(store: Any, prefix: str) -> None:
    store.order()
    address = f"http://{store.host}/rest/{prefix}/orders?{QUERY}"
    assert requests.get(address, auth=store.auth(), timeout=60).json() == {"total_count": 1}


def test_an_unknown_store_code_is_400(store: Any) -> None:
    answer = requests.get(f"http://{store.host}/rest/mars/V1/orders?{QUERY}", auth=store.auth(), timeout=60)
    assert answer.status_code == 400
