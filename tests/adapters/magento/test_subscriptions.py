"""Subscribing to a shop's asynchronous events: once each, whoever else is there, and whatever goes wrong on the way."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from adapters.magento import events as told
from adapters.magento import install, keys, texts_events
from adapters.magento.keys import Events
from adapters.magento.line import Line
from adapters.magento.sandbox import events
from adapters.magento.subscriptions import EVENTS, Broken, Subscription, fits, plan, recipient
from connector.port import Refused, ShopLine, Unauthorized

RIGHT = "MageOS_AsyncEvents::manage"
HOME = "http://127.0.0.1:8080/webhooks/magento"
MOVED = "http://127.0.0.1:9090/webhooks/magento"
DOOR = f"{HOME}/shop-key"
TOKEN = Events(token="token-of-now")
HERE = recipient(DOOR, TOKEN.token)
FULL = tuple(Subscription(number, name, HERE, True) for number, name in enumerate(EVENTS, 1))


def row(number: int, name: str = EVENTS[0], url: str = HERE, status: bool = True) -> Subscription:
    return Subscription(number, name, url, status)


@pytest.fixture
def mage(sandbox: Any, vault: Any) -> Any:
    """A shop with the module, and an integration with the right to it."""
    events.install(sandbox.shop, "mageos")
    sandbox.shop.rights = sandbox.shop.rights | {RIGHT}
    vault.tokens = keys.packed(sandbox.keys)
    return sandbox


@pytest.fixture
def line(mage: Any, vault: Any) -> Any:
    """Open a new line, as a worker does for each job; what was kept before is there."""

    def opened() -> Line:
        return Line(mage.env, ShopLine(mage.address, "shop-key"), vault)

    return opened


@pytest.fixture
def faults(mage: Any) -> Any:
    """Have calls to the shop go wrong as the list says."""

    def order(requested: list[dict[str, Any]]) -> None:
        planted = requests.post(f"{mage.address}_sandbox/faults", json={"requests": requested}, timeout=10)
        planted.raise_for_status()

    return order


def there(shop: Any) -> list[events.Subscription]:
    return list(events.table(shop.shop))


def on(shop: Any) -> list[str]:
    return [one.event_name for one in there(shop) if one.status]


def kept(vault: Any) -> Events:
    return keys.unpacked(vault.tokens).events


# --- what is to be done, of the list alone -------------------------------------------------------------------------


def test_every_event_that_nobody_subscribed_to_is_made_and_a_second_look_finds_nothing_to_do() -> None:
    assert plan((), DOOR, TOKEN).make == EVENTS
    again = plan(FULL, DOOR, TOKEN)
    assert (again.stand, again.make, again.end, again.off, again.wake) == (EVENTS, (), (), (), ())


def test_of_two_of_a_kind_the_first_stays_in_whatever_order_they_come() -> None:
    doubles = (row(31), *FULL, row(30))
    for rows in (doubles, doubles[::-1]):
        assert {one.subscription_id for one in plan(rows, DOOR, TOKEN).end} == {30, 31}


def test_what_was_switched_off_in_the_shop_stays_off_and_is_named_until_the_merchant_asks_for_it() -> None:
    rows = (row(1, status=False), *FULL[1:])
    found = plan(rows, DOOR, TOKEN)
    assert (found.off, found.make, found.wake, found.end) == ((EVENTS[0],), (), (), ())
    asked = plan(rows, DOOR, msgspec.structs.replace(TOKEN, revive=True))
    assert (asked.off, asked.make, asked.wake, asked.end) == ((), (), (rows[0],), ())


def test_what_is_gone_is_made_anew() -> None:
    assert plan(FULL[1:], DOOR, TOKEN).make == (EVENTS[0],)


def test_a_new_token_replaces_what_signs_with_the_old_one() -> None:
    new = Events(token="another", old=(keys.Old(TOKEN.token, 0),))
    found = plan(FULL, DOOR, new)
    assert (found.make, found.end, found.stand) == (EVENTS, FULL, ())


def test_where_comeback_moved_what_goes_to_its_old_address_is_ended() -> None:
    moved = "https://new.example/webhooks/magento/shop-key"
    found = plan(FULL, moved, TOKEN)
    assert (found.make, found.end) == (EVENTS, FULL)


@pytest.mark.parametrize(
    "other", [recipient("https://b.example/webhooks/magento/shop-key", TOKEN.token), recipient(DOOR, "newer")]
)
def test_what_we_ended_ourselves_for_another_address_or_token_is_woken_where_it_is_wanted_again(
    other: str,
) -> None:
    asleep = tuple(msgspec.structs.replace(one, status=False) for one in FULL)
    others = tuple(row(20 + number, name, other) for number, name in enumerate(EVENTS))
    found = plan((*asleep, *others), DOOR, TOKEN)
    assert (found.wake, found.end, found.off, found.make) == (asleep, others, (), ())
    # Where the other one of an event is off as well, it was not we who left the event without any.
    half = plan((*asleep, *others[1:]), DOOR, TOKEN)
    assert (half.wake, half.off) == (asleep[1:], (EVENTS[0],))


@pytest.mark.parametrize(
    "url",
    [
        DOOR,  # made by hand, with the shop's secret
        f"{HOME}/another-key?subscription=abcdefabcdef",
        recipient("https://other.example/webhooks/magento/shop-key", "their-token"),
        recipient(f"{HOME}/not-shop-key", TOKEN.token),
        "arn:aws:events:eu-west-1:1:rule/x",
        "https://mail.example/hook",
        "",
    ],
)
def test_what_others_subscribed_to_is_not_touched(url: str) -> None:
    rows = (row(90, url=url), row(91, url=url))
    for wanted in (TOKEN, msgspec.structs.replace(TOKEN, left=True), Events()):
        found = plan(rows, DOOR, wanted)
        assert (found.end, found.wake, found.off) == ((), (), ())


def test_where_the_merchant_wants_none_ours_are_ended_and_none_is_made() -> None:
    rows = (*FULL, row(40, "customer.saved", status=False), row(41, url=DOOR))
    found = plan(rows, DOOR, msgspec.structs.replace(TOKEN, left=True))
    assert (found.end, found.make, found.wake) == (FULL, (), ())


_ROW = st.builds(
    Subscription,
    st.integers(1, 40),
    st.sampled_from((*EVENTS, "catalog.product.updated")),
    st.sampled_from((HERE, recipient(DOOR, "old"), DOOR, "https://mail.example/hook")),
    st.booleans(),
)


@given(st.lists(_ROW, unique_by=lambda one: one.subscription_id), st.booleans())
def test_whatever_stands_there_one_round_is_enough(rows: list[Subscription], revive: bool) -> None:
    wanted = Events(token=TOKEN.token, old=(keys.Old("old", 0),), revive=revive)
    todo = plan(rows, DOOR, wanted)
    ended, woken = set(todo.end), set(todo.wake)
    after = [
        msgspec.structs.replace(one, status=(one.status and one not in ended) or one in woken) for one in rows
    ]
    made = [row(100 + number, name) for number, name in enumerate(todo.make)]
    again = plan([*after, *made], DOOR, wanted)
    assert (again.make, again.end, again.wake) == ((), (), ())
    assert set(again.stand) | set(again.off) == set(EVENTS)


def test_whole_orders_go_over_https_alone_unless_the_shop_itself_does_without() -> None:
    assert fits("https://c.example/webhooks/magento/k", "https://shop.example/")
    assert not fits("http://c.example/webhooks/magento/k", "https://shop.example/")
    assert fits(DOOR, "http://127.0.0.1:8000/")
    assert not fits(f"https://c.example/{'x' * 230}/k", "https://shop.example/")


# --- in a shop -----------------------------------------------------------------------------------------------------


def test_a_shop_with_the_module_is_subscribed_to_once_however_often(mage: Any, line: Any, vault: Any) -> None:
    for _ in range(3):
        assert line().subscribe(HOME) == EVENTS
    assert on(mage) == list(EVENTS)
    tokens = {one.verification_token for one in there(mage)}
    assert tokens == {kept(vault).token}
    assert tokens.isdisjoint({keys.unpacked(vault.tokens).hook_secret, ""})
    assert {one.metadata for one in there(mage)} == {"http"}
    found = line().examine(HOME)
    assert (found.missing_topics, found.stray_topics, found.notes) == ((), (), ())


def test_without_the_module_nothing_is_asked_of_it_said_or_kept(sandbox: Any) -> None:
    line = sandbox.line()
    assert line.subscribe(HOME) == ()
    assert kept(line._vault) == Events()
    found = line.examine(HOME)
    assert (found.missing_topics, found.missing_rights, found.notes) == ((), (), ())
    assert "async_events" not in [one.key for one in line.choices("en")]


@pytest.mark.parametrize(
    ("maker", "right", "where"),
    [
        ("mageos", RIGHT, "Manage Asynchronous Events"),
        ("aligent", "Aligent_AsyncEvents::manage", "Asynchronous Events"),
    ],
)
def test_without_the_right_the_one_to_tick_is_named_and_nothing_else_is_amiss(
    sandbox: Any, maker: Any, right: str, where: str
) -> None:
    events.install(sandbox.shop, maker)
    assert sandbox.line().subscribe(HOME) == ()
    found = sandbox.line().examine(HOME)
    assert (found.missing_rights, found.missing_topics, found.cannot_read) == ((), (), False)
    [note] = found.notes
    assert f"Tick {where} ({right})" in note["en"]
    assert f"Vink {where} ({right})" in note["nl"]
    sandbox.shop.rights = sandbox.shop.rights | {right}
    assert set(sandbox.line().examine(HOME).missing_topics) == set(EVENTS)
    assert sandbox.line().subscribe(HOME) == EVENTS


def test_an_event_that_asks_a_right_of_its_own_keeps_no_other_from_coming(mage: Any, line: Any) -> None:
    events.install(mage.shop, "mageos", {"customer.saved": ["Vendor_Crm::sync"]})
    assert line().subscribe(HOME) == tuple(name for name in EVENTS if name != "customer.saved")
    assert line().examine(HOME).missing_topics == ("customer.saved",)


@pytest.mark.parametrize(("status", "html"), [(401, False), (404, True), (500, True), (503, False)])
def test_a_module_that_fails_holds_up_nothing_of_the_shop(
    mage: Any, line: Any, faults: Any, status: int, html: bool
) -> None:
    faults([{"match": "async_event", "times": 99, "status": status, "html": html}])
    assert line().subscribe(HOME) == ()
    assert line().facts().name
    assert line().examine(HOME).missing_rights == ()
    faults([])
    assert line().subscribe(HOME) == EVENTS


def test_a_lost_answer_makes_no_second_one(mage: Any, line: Any, faults: Any) -> None:
    faults([{"match": "async_event", "method": "POST", "status": 502, "html": True, "after_effect": True}])
    assert line().subscribe(HOME) == ()
    assert len(there(mage)) == 1
    assert line().subscribe(HOME) == EVENTS
    assert len(there(mage)) == len(EVENTS)


def test_two_workers_at_the_same_moment_end_with_one_each(mage: Any, line: Any) -> None:
    both = threading.Barrier(2, timeout=30)

    def work() -> None:
        opened = line()
        opened._client.probe()
        both.wait()
        opened.subscribe(HOME)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    line().subscribe(HOME)
    assert sorted(on(mage)) == sorted(EVENTS)


def test_a_new_secret_is_a_new_token_and_the_one_before_is_believed_for_a_day(
    mage: Any, line: Any, vault: Any
) -> None:
    line().subscribe(HOME)
    first = kept(vault).token
    line().new_secret(mage.now)
    assert kept(vault).token != first
    assert [each.secret for each in kept(vault).old] == [first]
    assert set(line().examine(HOME).stray_topics) == set(EVENTS)
    line().subscribe(HOME)
    assert {one.verification_token for one in there(mage) if one.status} == {kept(vault).token}
    assert len(on(mage)) == len(EVENTS)


def test_comeback_that_moves_there_and_back_comes_to_every_event(mage: Any, line: Any) -> None:
    for home in (HOME, MOVED, HOME, MOVED):
        assert set(line().subscribe(home)) == set(EVENTS)
        assert [one.recipient_url.startswith(f"{home}/") for one in there(mage) if one.status] == [True] * 10
        assert line().examine(home).notes == ()
    assert len(there(mage)) == 2 * len(EVENTS)


@pytest.mark.parametrize(("method", "homes"), [("POST", [HOME]), ("PUT", [HOME, MOVED, HOME])])
def test_a_shop_that_refuses_the_new_one_of_an_event_keeps_the_old(
    mage: Any, line: Any, faults: Any, method: str, homes: list[str]
) -> None:
    """Refused to be made, or, where Comeback goes back, to be enabled."""
    for home in homes:
        line().subscribe(home)
    before = [one for one in there(mage) if one.status]
    faults([{"match": "async_event", "method": method, "times": 3, "status": 400}])
    assert set(line().subscribe(MOVED)) == set(EVENTS[3:])
    assert [one for one in there(mage) if one in before] == before[:3]
    assert sorted(on(mage)) == sorted(EVENTS)
    faults([])
    assert set(line().subscribe(MOVED)) == set(EVENTS)
    assert sorted(on(mage)) == sorted(EVENTS)


def test_what_is_none_of_the_events_any_more_and_what_nobody_wants_is_ended_whatever_stands(
    mage: Any, line: Any, vault: Any, faults: Any
) -> None:
    line().subscribe(HOME)
    gone = recipient(DOOR, kept(vault).token)
    events.save(
        mage.shop, {"event_name": "catalog.product.updated", "recipient_url": gone, "metadata": "http"}
    )
    line().subscribe(HOME)
    assert sorted(on(mage)) == sorted(EVENTS)
    line().choose("async_events", ("no",))
    faults([{"match": "async_event", "method": "POST", "times": 99, "status": 400}])
    line().subscribe(MOVED)
    assert on(mage) == []


def test_a_backup_from_before_a_new_secret_takes_the_events_back(mage: Any, line: Any, vault: Any) -> None:
    line().subscribe(HOME)
    backup = vault.tokens
    line().new_secret(mage.now)
    line().subscribe(HOME)
    vault.tokens = backup
    assert set(line().subscribe(HOME)) == set(EVENTS)
    assert {one.verification_token for one in there(mage) if one.status} == {kept(vault).token}
    assert sorted(on(mage)) == sorted(EVENTS)


def test_what_an_admin_switched_off_is_left_and_said_and_one_yes_switches_it_on_again_once(
    mage: Any, line: Any, vault: Any
) -> None:
    line().subscribe(HOME)
    events.put(mage.shop, msgspec.structs.replace(there(mage)[0], status=False))
    line().subscribe(HOME)
    assert EVENTS[0] not in on(mage)
    [note] = line().examine(HOME).notes
    assert EVENTS[0] in note["en"]
    line().choose("async_events", ("yes",))
    assert line().examine(HOME).missing_topics == (EVENTS[0],)
    assert set(line().subscribe(HOME)) == set(EVENTS)
    assert set(on(mage)) == set(EVENTS)
    events.put(mage.shop, msgspec.structs.replace(there(mage)[1], status=False))
    line().subscribe(HOME)
    assert EVENTS[1] not in on(mage)


def test_what_is_deleted_in_the_shop_is_made_again(mage: Any, line: Any) -> None:
    line().subscribe(HOME)
    events.drop(mage.shop, 3)
    assert line().examine(HOME).missing_topics == (EVENTS[2],)
    line().subscribe(HOME)
    assert sorted(on(mage)) == sorted(EVENTS)


def test_who_wants_none_has_ours_switched_off_and_others_left(mage: Any, line: Any) -> None:
    theirs = {"event_name": EVENTS[0], "recipient_url": "https://mail.example/hook", "metadata": "http"}
    events.save(mage.shop, theirs)
    line().subscribe(HOME)
    [choice] = [one for one in line().choices("nl") if one.key == "async_events"]
    assert choice.chosen == ("yes",)
    line().choose("async_events", ("no",))
    assert line().subscribe(HOME) == ()
    assert [one.recipient_url for one in there(mage) if one.status] == ["https://mail.example/hook"]
    found = line().examine(HOME)
    assert (found.missing_topics, found.stray_topics, found.notes) == ((), (), ())
    line().choose("async_events", ("yes",))
    assert set(line().subscribe(HOME)) == set(EVENTS)
    assert len(there(mage)) == len(EVENTS) + 1


def test_at_farewell_ours_are_switched_off_and_dead_keys_are_no_fault_then_but_are_said_before(
    mage: Any, line: Any, vault: Any
) -> None:
    line().subscribe(HOME)
    line().farewell()
    assert on(mage) == []
    # Connected again, with the keys and nothing else of before.
    vault.tokens = keys.packed(mage.keys)
    assert set(line().subscribe(HOME)) == set(EVENTS)
    assert line().examine(HOME).notes == ()
    vault.tokens = keys.packed(msgspec.structs.replace(keys.unpacked(vault.tokens), token="dead"))
    line().farewell()
    with pytest.raises(Unauthorized):
        line().subscribe(HOME)


def test_a_shop_that_is_connected_again_keeps_its_token() -> None:
    old = keys.Keys("key", "secret", "token", "secret", "hook-secret-of-16", events=TOKEN)
    new = keys.Keys("key", "secret", "another", "another", "")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert install.renewed(old, new, now, confirms_email=False).events == TOKEN


def test_what_cannot_be_looked_at_is_said_only_where_something_was_made_before() -> None:
    assert told.report(Broken(), DOOR, "https://shop.example/", Events()).notes == ()
    assert len(told.report(Broken(), DOOR, "https://shop.example/", TOKEN).notes) == 1


def test_both_languages_say_the_same_of_events() -> None:
    for texts in (texts_events.NOTES, texts_events.CHOICE):
        assert set(texts["nl"]) == set(texts["en"])


@pytest.mark.parametrize("values", [(), ("maybe",), ("yes", "no")])
def test_only_yes_or_no_can_be_chosen(values: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        told.chosen(keys.Keys("key", "secret", "token", "secret", "hook-secret-of-16"), values)
