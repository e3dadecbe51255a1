"""The module of asynchronous events in the sandbox: what its published source does with subscriptions."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from adapters.magento import subscriptions
from adapters.magento.sandbox import Shop, events, memory
from adapters.magento.sandbox.hints import subscribed

RIGHT = "MageOS_AsyncEvents::manage"
WISH = {
    "event_name": "sales.order.created",
    "recipient_url": "https://c.example/hook",
    "verification_token": "token",
    "metadata": "http",
}
SHOWN = {"subscription_id", "event_name", "recipient_url", "status", "subscribed_at"}


@pytest.fixture
def mage(store: Any) -> Any:
    store.control("POST", "events", {"maker": "mageos"})
    store.shop.rights = store.shop.rights | {RIGHT}
    return store


def test_without_the_module_there_are_no_such_routes_and_with_it_the_right_is_asked_for(store: Any) -> None:
    assert store.refused("GET", "async_events", query="searchCriteria=") == (
        404,
        {"message": "Request does not match any route."},
    )
    for maker, right in (("mageos", RIGHT), ("aligent", "Aligent_AsyncEvents::manage")):
        store.control("POST", "events", {"maker": maker})
        status, said = store.refused("GET", "async_events", query="searchCriteria=")
        assert (status, said["parameters"]) == (401, {"resources": right})


def test_a_subscription_is_made_for_any_name_twice_if_asked_and_never_shows_its_token(mage: Any) -> None:
    wishes = [WISH, WISH, WISH | {"event_name": "no.such.event"}]
    made = [mage.send("POST", "async_event", {"asyncEvent": wish}) for wish in wishes]
    assert [one["subscription_id"] for one in made] == [1, 2, 3]
    listed = mage.get("async_events", "searchCriteria%5BpageSize%5D=10")
    assert (listed["items"], listed["total_count"]) == (made, 3)
    assert set(made[0]) == set(mage.get("async_event/2")) == SHOWN
    assert made[0]["status"] is True
    assert mage.refused("DELETE", "async_event/2")[0] == 404
    assert mage.refused("POST", "async_event", {"asyncEvent": WISH | {"x": 1}})[0] == 400


def test_a_change_keeps_all_but_the_status_which_is_off_unless_it_is_said(mage: Any) -> None:
    mage.send("POST", "async_event", {"asyncEvent": WISH})
    other = {"recipient_url": "https://evil.example/", "verification_token": "other", "status": False}
    changed = mage.send("PUT", "async_event/1", {"asyncEvent": other})
    assert (changed["status"], changed["recipient_url"]) == (False, WISH["recipient_url"])
    assert mage.send("PUT", "async_event/1", {"asyncEvent": {"status": True}})["status"] is True
    assert (
        mage.send("PUT", "async_event/1", {"asyncEvent": {"event_name": "customer.created"}})["status"]
        is False
    )
    with mage.shop.lock:
        [kept] = events.table(mage.shop)
    assert (kept.verification_token, kept.event_name) == ("token", WISH["event_name"])
    assert mage.refused("PUT", "async_event/9", {"asyncEvent": {"status": True}})[0] == 404


def test_an_event_may_ask_for_rights_of_its_own_which_are_named_as_a_list(mage: Any) -> None:
    mage.control("POST", "events", {"maker": "mageos", "asks": {WISH["event_name"]: ["Vendor_Crm::sync"]}})
    status, said = mage.refused("POST", "async_event", {"asyncEvent": WISH})
    assert (status, said["parameters"]) == (401, {"resources": ["Vendor_Crm::sync"]})


@pytest.mark.parametrize(("maker", "longest"), [("mageos", 1024), ("aligent", 255)])
def test_a_long_address_is_cut_without_a_word(store: Any, maker: Any, longest: int) -> None:
    events.install(store.shop, maker)
    made = events.save(store.shop, WISH | {"recipient_url": "https://c.example/" + "x" * 2000})
    assert len(made.recipient_url) == longest


@pytest.mark.parametrize(
    ("maker", "made"),
    [
        (
            "mageos",
            [
                "customer.created",
                "sales.order.created",
                "sales.order.updated",
                "sales.invoice.paid",
                "sales.creditmemo.created",
            ],
        ),
        ("aligent", ["customer.saved", "sales.order.saved", "sales.order.saved", "sales.order.saved"]),
    ],
)
def test_each_change_makes_the_events_that_its_maker_defines_and_one_in_part_moves_no_state(
    store: Any, maker: Any, made: list[str]
) -> None:
    events.install(store.shop, maker)
    for name in subscriptions.EVENTS:
        events.save(store.shop, WISH | {"event_name": name})
    store.control("POST", "faults", {"hold": True})
    ann = store.customer("ann@example.com")
    order = store.order(customer_id=str(ann), paid=True)
    store.control("POST", f"orders/{order}/refund", {"amount": "5.00"})
    assert [hint.to.event.name for hint in store.stage.hints.held] == made


def test_what_goes_out_is_signed_with_the_subscriptions_token_over_the_bytes_that_are_sent(
    mage: Any,
) -> None:
    order = mage.order()
    event = events.Event("sales.order.created", "order", order)
    outlet = subscribed.Outlet(event, events.save(mage.shop, WISH))
    letter = subscribed.write(mage.shop, outlet, "n")
    assert letter is not None
    expected = hmac.new(b"token", letter.body, hashlib.sha256).hexdigest()
    assert letter.headers == {"x-magento-signature": expected}
    said = json.loads(letter.body)
    assert (said["type"], said["data"]["entity_id"]) == ("sales.order.created", order)
    events.install(mage.shop, "aligent")
    bare = subscribed.write(mage.shop, outlet, "n")
    assert bare is not None
    assert set(json.loads(bare.body)) == {"data"}


def test_our_own_module_shows_its_address_and_takes_only_what_can_be_good(store: Any) -> None:
    assert store.refused("GET", "comebackMessages")[0] == 404
    store.control("POST", "module")
    assert store.refused("GET", "comebackMessages")[1]["parameters"] == {
        "resources": "Comeback_Loyalty::config"
    }
    store.shop.rights = store.shop.rights | {"Comeback_Loyalty::config"}
    assert store.get("comebackMessages") == ""
    good = {"address": "https://c.example/webhooks/magento/key", "secret": "s" * 16}
    for changed in ({"address": "http://c.example/x"}, {"secret": ""}, {"secret": "s" * 15}, {"secret": 1}):
        assert store.refused("PUT", "comebackMessages", good | changed)[0] == 400
    assert store.send("PUT", "comebackMessages", good) is True
    assert store.get("comebackMessages") == good["address"]
    assert store.send("PUT", "comebackMessages", {"address": "", "secret": ""}) is True
    assert store.get("comebackMessages") == ""


def test_subscriptions_outlive_a_restart(mage: Any, tmp_path: Any) -> None:
    mage.send("POST", "async_event", {"asyncEvent": WISH})
    memory.save(mage.shop, tmp_path / "state")
    again = Shop()
    memory.load(again, tmp_path / "state")
    assert events.module(again) == "mageos"
    assert [one.verification_token for one in events.table(again)] == ["token"]
