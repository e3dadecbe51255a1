"""Finding a member, reading their card, exchanging and adjusting points."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.store.tables import acts, coupons, entries


def read(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.fixture
def card(town: Any) -> str:
    """The card of a member with 250 points: one order of 150.00, one of 100.00."""
    ids = town.customers(3)
    town.orders(ids[:1], 60, 150_00)
    town.orders(ids[:1], 50, 100_00)
    town.start()
    return f"/settings/members/{town.member_of('c0')}"


def count(town: Any, table: Any) -> int:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return int(tx.value(select(func.count()).select_from(table)))


def balance(town: Any) -> int:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return int(tx.value(select(func.coalesce(func.sum(entries.c.points), 0))))


def test_an_address_leads_to_the_card_and_never_stands_in_a_url(town: Any, browser: Any) -> None:
    town.customers(3)
    answer = browser.post("/settings/members/search", "/settings/members", q=" C1@Example.NL ")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/settings/members/{town.member_of('c1')}"
    answer = browser.post("/settings/members/search", "/settings/members", q="nobody@example.nl")
    assert "@" not in answer.headers["Location"]
    assert "Nobody found" in browser.get(answer.headers["Location"])


@pytest.mark.parametrize("typed", ["#1002", "1002", "c1"])
def test_an_order_number_or_a_customer_number_leads_to_the_member(
    town: Any, browser: Any, typed: str
) -> None:
    town.orders(town.customers(3), 10)
    answer = browser.post("/settings/members/search", "/settings/members", q=typed)
    page = browser.get(answer.headers["Location"])
    assert "1 member found." in page
    assert "Ada C1" in page


def test_the_pages_of_the_list_show_everybody_once(town: Any, browser: Any) -> None:
    ids = town.customers(120)
    town.orders(ids[:60], 60, 50_00)
    town.start()
    for by in ("balance", "orders", "newest"):
        seen, address = [], f"/settings/members?by={by}"
        while address:
            page = browser.get(address)
            seen += re.findall(r'href="/settings/members/(\d+)"', page)
            further = re.search(r'rel="next" href="([^"]+)"', page)
            address = html.unescape(further[1]) if further else ""
        assert len(seen) == len(set(seen)) == 120


def test_the_list_can_be_narrowed_to_a_tier(town: Any, browser: Any) -> None:
    ids = town.customers(5)
    town.orders(ids[:2], 60, 300_00)
    town.start()
    page = browser.get("/settings/members?tier=Silver")
    assert len(re.findall(r'href="/settings/members/(\d+)"', page)) == 2
    browser.get("/settings/members?tier=Platinum", status=404)


@pytest.mark.parametrize("bad", ["after=x", "after=1.2.3", "by=name", "after=1.99999999999999999999"])
def test_a_nonsense_question_is_not_found(browser: Any, bad: str) -> None:
    browser.get(f"/settings/members?{bad}", status=404)


def test_the_card_explains_every_line(browser: Any, card: str) -> None:
    told = read(browser.get(card))
    assert "Order #1001: EUR 150.00 of goods kept, 1 point per full EUR 1.00, makes 150 points." in told
    assert "Points to spend 250" in told
    assert "c0@example.nl" in told
    assert "On its way customer-lapsing, loyalty-silver, returning-customer" in told


def test_points_become_a_code_once_however_often_the_form_is_sent(town: Any, browser: Any, card: str) -> None:
    before = count(town, coupons)
    fields = {"act_key": "a-key-of-its-own-1", "reward": "five-off", "place": f"{town.shop.id}:c0"}
    for _ in range(2):
        answer = browser.post(f"{card}/redeem", card, **fields)
        assert answer.status_code == 303
    assert balance(town) == 150
    assert count(town, coupons) == before + 1
    assert count(town, acts) == 1
    assert "100 points exchanged" in read(browser.get(card))


def test_too_few_points_are_said_in_plain_words(town: Any, browser: Any, card: str) -> None:
    for n in range(3):
        fields = {"act_key": f"a-key-of-its-own-{n}", "reward": "five-off", "place": f"{town.shop.id}:c0"}
        answer = browser.post(f"{card}/redeem", card, **fields)
    assert answer.status_code == 422
    assert 'id="reward.error"' in answer.text
    assert "100" in read(answer.text.split('id="reward.error"')[1])[:120]
    assert balance(town) == 50


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"reward": "a-car"}, 422),
        ({"place": ""}, 422),
        ({"place": "999:c0"}, 404),
        ({"place": "{shop}:c1"}, 404),
    ],
)
def test_only_what_is_theirs_can_be_had(
    town: Any, browser: Any, card: str, changed: Any, status: int
) -> None:
    fields = {"act_key": "a-key-of-its-own-1", "reward": "five-off", "place": f"{town.shop.id}:c0"} | changed
    fields["place"] = fields["place"].replace("{shop}", str(town.shop.id))
    assert browser.post(f"{card}/redeem", card, **fields).status_code == status
    assert balance(town) == 250


def test_points_are_given_and_taken_with_a_reason_once(town: Any, browser: Any, card: str) -> None:
    for points, key in (
        ("25", "one-of-a-kind-key-1"),
        ("25", "one-of-a-kind-key-1"),
        ("-75", "one-of-a-kind-key-2"),
    ):
        answer = browser.post(f"{card}/adjust", card, act_key=key, points=points, reason="A late parcel")
        assert answer.status_code == 303
    assert balance(town) == 200
    assert "25 points given by hand: A late parcel." in read(browser.get(card))


@pytest.mark.parametrize(
    ("points", "reason", "field"),
    [
        ("", "why not", "points"),
        ("a lot", "why not", "points"),
        ("0", "why not", "points"),
        ("1000001", "why not", "points"),
        ("-251", "why not", "points"),
        ("25", "  ", "reason"),
        ("25", "x" * 201, "reason"),
    ],
)
def test_a_bad_adjustment_is_refused_beside_its_field(
    town: Any, browser: Any, card: str, points: str, reason: str, field: str
) -> None:
    answer = browser.post(f"{card}/adjust", card, act_key="one-of-a-kind-key-1", points=points, reason=reason)
    assert answer.status_code == 422
    assert f'id="{field}.error"' in answer.text
    assert f'value="{points}"' in answer.text
    assert balance(town) == 250


def test_before_the_start_there_is_nothing_to_exchange(town: Any, browser: Any) -> None:
    town.customers(1)
    page = browser.get(f"/settings/members/{town.member_of('c0')}")
    assert "Possible once the programme has started." in page


def test_a_name_is_shown_as_text_whatever_it_is(town: Any, browser: Any) -> None:
    import msgspec

    from connector.store import people

    town.customers(1)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        odd = msgspec.structs.replace(town._customer("c0"), name="<script>alert(1)</script> {{7*7}}")
        people.keep(tx, town.shop.id, [(odd, town.member_of("c0"))])
    for page in ("/settings/members", f"/settings/members/{town.member_of('c0')}"):
        text = browser.get(page)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in text
