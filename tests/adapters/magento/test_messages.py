"""Our own module set up over REST: nothing is pasted, and what was entered by hand stays."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import requests

from adapters.magento import events, keys, messages, texts_events
from adapters.magento.keys import Events
from adapters.magento.line import Line
from adapters.magento.sandbox import events as async_events
from adapters.magento.sandbox import own_module
from adapters.magento.subscriptions import recipient
from connector.port import ShopLine

RIGHT = "Comeback_Loyalty::config"
HOME = "http://127.0.0.1:8080/webhooks/magento"
DOOR = f"{HOME}/shop-key"


@pytest.fixture
def mage(sandbox: Any, vault: Any) -> Any:
    """A shop with our module, and an integration with the right to its settings."""
    own_module.install(sandbox.shop)
    sandbox.shop.rights = sandbox.shop.rights | {RIGHT}
    vault.tokens = keys.packed(sandbox.keys)
    return sandbox


@pytest.fixture
def line(mage: Any, vault: Any) -> Any:
    return lambda: Line(mage.env, ShopLine(mage.address, "shop-key"), vault)


def kept(vault: Any) -> Events:
    return keys.unpacked(vault.tokens).events


def test_address_and_secret_are_entered_once_and_the_token_is_kept_before(
    mage: Any, line: Any, vault: Any
) -> None:
    assert line().examine(HOME).missing_topics == (events.MODULE,)
    assert line().subscribe(HOME) == (events.MODULE,)
    token = kept(vault).token
    assert own_module.settings(mage.shop) == (recipient(DOOR, token), token)
    assert line().examine(HOME).missing_topics == ()
    log = requests.get(f"{mage.address}_sandbox/log", timeout=10).json()
    assert line().subscribe(HOME) == (events.MODULE,)
    again = requests.get(f"{mage.address}_sandbox/log", timeout=10).json()
    puts = [
        sum(count for call, count in one["requests"].items() if call.startswith("PUT V1/comebackMessages"))
        for one in (log, again)
    ]
    assert puts == [1, 1]


@pytest.mark.parametrize(
    "theirs", [DOOR, "https://other.example/webhooks/magento/their-key?subscription=abcdefabcdef"]
)
def test_what_was_entered_by_hand_or_by_others_stays(mage: Any, line: Any, theirs: str) -> None:
    own_module.enter(mage.shop, theirs, "a-secret-of-their-own")
    line().subscribe(HOME)
    assert own_module.settings(mage.shop) == (theirs, "a-secret-of-their-own")
    found = line().examine(HOME)
    assert found.missing_topics == ()
    assert [theirs in note["nl"] for note in found.notes] == ([] if theirs == DOOR else [True])


def test_a_new_secret_and_a_new_address_are_entered_anew(mage: Any, line: Any, vault: Any) -> None:
    line().subscribe(HOME)
    line().new_secret(mage.now)
    line().subscribe(HOME)
    assert own_module.settings(mage.shop) == (recipient(DOOR, kept(vault).token), kept(vault).token)
    moved = "http://127.0.0.1:9090/webhooks/magento"
    assert line().examine(moved).missing_topics == (events.MODULE,)
    line().subscribe(moved)
    assert own_module.settings(mage.shop)[0] == recipient(f"{moved}/shop-key", kept(vault).token)


def test_without_the_right_it_is_named_and_without_the_module_nothing_is_said(sandbox: Any) -> None:
    assert sandbox.line().examine(HOME).notes == ()
    own_module.install(sandbox.shop)
    assert sandbox.line().subscribe(HOME) == ()
    found = sandbox.line().examine(HOME)
    assert (found.missing_rights, found.missing_topics) == ((), ())
    [note] = found.notes
    assert f"Tick Stores > Settings > Configuration > Comeback ({RIGHT})" in note["en"]
    own_module.install(sandbox.shop, there=False)
    assert sandbox.line().subscribe(HOME) == ()


@pytest.mark.parametrize("status", [400, 500])
def test_a_module_that_fails_holds_up_nothing(mage: Any, line: Any, status: int) -> None:
    fault = {"match": "comebackMessages", "times": 99, "status": status, "html": status == 500}
    requests.post(f"{mage.address}_sandbox/faults", json={"requests": [fault]}, timeout=10)
    assert line().subscribe(HOME) == ()
    assert line().facts().name
    assert line().examine(HOME).missing_rights == ()
    requests.post(f"{mage.address}_sandbox/faults", json={"requests": []}, timeout=10)
    assert line().subscribe(HOME) == (events.MODULE,)


def test_what_a_shop_on_https_is_told_is_an_address_on_https(mage: Any, vault: Any) -> None:
    found = events.stands(
        mage.client(), "http://c.example/webhooks/magento/k", "https://shop.example/", Events()
    )
    assert found == events.Report()


def test_at_farewell_the_module_is_told_to_send_no_more_and_who_connects_again_is_told_of_anew(
    mage: Any, line: Any, vault: Any
) -> None:
    line().subscribe(HOME)
    line().new_secret(mage.now)
    line().farewell()
    assert own_module.settings(mage.shop) == ("", "")
    vault.tokens = keys.packed(mage.keys)
    line().subscribe(HOME)
    assert own_module.settings(mage.shop) == (recipient(DOOR, kept(vault).token), kept(vault).token)


@pytest.mark.parametrize(
    "theirs", [DOOR, "https://other.example/webhooks/magento/their-key?subscription=abcdefabcdef"]
)
def test_at_farewell_what_was_entered_by_hand_or_by_others_stays(mage: Any, line: Any, theirs: str) -> None:
    line().subscribe(HOME)
    own_module.enter(mage.shop, theirs, "a-secret-of-their-own")
    line().farewell()
    assert own_module.settings(mage.shop) == (theirs, "a-secret-of-their-own")


@pytest.mark.parametrize(("method", "status"), [("GET", 500), ("PUT", 400), ("PUT", 502)])
def test_a_module_that_fails_at_farewell_keeps_nothing_else_from_it(
    mage: Any, line: Any, method: str, status: int
) -> None:
    """400: one of before 1.1.0, which takes no empty address."""
    async_events.install(mage.shop, "mageos")
    mage.shop.rights = mage.shop.rights | {"MageOS_AsyncEvents::manage"}
    line().subscribe(HOME)
    fault = {"match": "comebackMessages", "method": method, "times": 99, "status": status}
    requests.post(f"{mage.address}_sandbox/faults", json={"requests": [fault]}, timeout=10)
    line().farewell()
    assert [one for one in async_events.table(mage.shop) if one.status] == []


def test_a_restored_comeback_takes_over_its_own_address(mage: Any, line: Any, vault: Any) -> None:
    line().subscribe(HOME)
    lost = msgspec.structs.replace(keys.unpacked(vault.tokens), events=Events())
    vault.tokens = keys.packed(lost)
    line().subscribe(HOME)
    assert own_module.settings(mage.shop)[1] == kept(vault).token


def test_every_standing_has_its_words() -> None:
    [note] = events.of_module(messages.Found("elsewhere", "https://x.example/\x1b[2J" + "x" * 5_000)).notes
    assert "https://x.example/[2Jxxx" in note["en"]
    assert len(note["en"]) < 500
    assert set(texts_events.NOTES["nl"]) == set(texts_events.NOTES["en"])
