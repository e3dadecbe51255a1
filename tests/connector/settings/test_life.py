"""Stages of life, win-back and notices on the merchant's pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.flow import programme, settling
from connector.loyalty.terms import StageTags, suggested
from connector.store import programs

PAGE = "/settings/programme"
DAY = timedelta(days=1)
CHANGE = msgspec.structs.replace


def read(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def draft(town: Any) -> Any:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return programs.draft(tx)


def send(browser: Any, **changes: str) -> Any:
    fields = browser.form(PAGE, "terms") | changes
    fields = {name: value for name, value in fields.items() if name != "csrf_token"}
    return browser.post(f"{PAGE}/draft", PAGE, **fields)


def test_every_term_of_life_goes_through_the_form_and_back(town: Any, browser: Any) -> None:
    town.customers(1)
    changes = {
        "lapse_min_days": "21",
        "usual_gap": "75",
        "loyal_from": "7",
        "stage_tags.new": "",
        "stage_tags.lost": "weg",
        "win_back.name": "Please come back",
        "win_back.reward.kind": "amount",
        "win_back.reward.value": "7.50",
        "win_back.reward.valid_days": "14",
        "notice_days": "60; 14 1",
    }
    assert send(browser, **changes).status_code == 303
    kept = draft(town)
    assert (kept.lapse_min_days, kept.usual_gap, kept.loyal_from) == (21, 75, 7)
    assert (kept.stage_tags.new, kept.stage_tags.lost, kept.stage_tags.loyal) == ("", "weg", "customer-loyal")
    assert (kept.win_back.key, kept.win_back.name) == ("win-back", "Please come back")
    assert (kept.win_back.reward.value, kept.win_back.reward.valid_days) == (7_50, 14)
    assert kept.notice_days == (60, 14, 1)
    assert 'value="60, 14, 1"' in browser.get(PAGE)


def test_no_tick_no_win_back_and_no_days_no_notices(town: Any, browser: Any) -> None:
    town.customers(1)
    assert send(browser, **{"win_back.given": "", "notice_days": ""}).status_code == 303
    assert (draft(town).win_back, draft(town).notice_days) == (None, ())
    page = browser.get(PAGE)
    assert not re.search(r'id="win_back.given"[^>]* checked', page)
    assert 'value="10 % off to come back"' in page  # what is suggested stands there, switched off


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("notice_days", "30, soon", "Write a whole number, such as 14."),
        ("notice_days", "91", "This must lie between 1 and 90."),
        ("notice_days", "6 5 4 3 2 1", "At most 5 of these."),
        ("notice_days", "7 7", "Each number of days once."),
        ("loyal_from", "2", "This must lie between 3 and 1000."),
        ("lapse_min_days", "0", "This must lie between 1 and 1000."),
        ("stage_tags.lapsing", "loyalty-GOLD", "“loyalty-GOLD” is there already; each must be different."),
        ("stage_tags.lost", "customer-new", "“customer-new” is there already; each must be different."),
        ("win_back.name", "", "This must be filled in."),
        ("win_back.reward.value", "0", "This must lie between"),
    ],
)
def test_what_cannot_be_meant_is_said_beside_its_field(
    browser: Any, town: Any, field: str, typed: str, said: str
) -> None:
    town.customers(1)
    answer = send(browser, **{field: typed})
    assert answer.status_code == 422
    assert said in answer.text.split(f'id="{field}.error"')[1][:200]


def test_publishing_freezes_the_usual_gap_that_is_measured_then(town: Any, browser: Any) -> None:
    ids = town.customers(24)
    town.orders(ids, 300)
    for n, one in enumerate(ids):
        town.orders([one], 300 - 10 - n)  # gaps of 10 to 33 days: three in four stay within 27
    assert "now 27" in read(browser.get(PAGE))
    town.start(suggested("EUR"))
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert programme.versions(tx)[0].terms.usual_gap == 27
        assert programme.usual_gap(tx) == 27
    assert "In force" in browser.get(PAGE)
    assert "Draft differs" not in browser.get(PAGE)


def test_orders_that_do_not_count_make_no_gap(town: Any) -> None:
    ids = town.customers(24)
    town.orders(ids, 300)
    town.orders(ids, 250)
    town.orders(ids, 299, test=True)
    town.orders(ids, 298, cancelled_at=town.now)
    town.orders(ids, 297, refunded=25_00)
    town.orders(ids, 296, paid_at=None)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert programme.usual_gap(tx) == 50


def test_the_card_says_the_stage_the_term_the_grace_and_what_the_win_back_is_for(
    town: Any, browser: Any
) -> None:
    ids = town.customers(2)
    town.orders(ids, 70, 300_00)
    town.orders(ids[:1], 1, 10_00)
    town.start()
    told = read(browser.get(f"/settings/members/{town.member_of('c1')}"))
    # Paid on 11 September 2026: the term is over a year later, the grace 30 days after that.
    assert "Silver until 11 Sept 2027 grace until 11 Oct 2027" in told.replace("11 Sep 2027", "11 Sept 2027")
    assert "Lapsing · lost from 9 Jan 2027" in told
    assert "10 % off to come back win-back after order #1002" in told
    told = read(browser.get(f"/settings/members/{town.member_of('c0')}"))
    assert "Second order · lapsing from" in told
    assert "win-back" not in told
    assert "10 % off to come back win-back after order #1002" in read(browser.get("/settings/coupons"))


def test_notices_stand_on_the_card_and_are_counted_in_activity(town: Any, browser: Any) -> None:
    ids = town.customers(1)
    town.orders(ids, 340, 45_00)  # 15 December 2025
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        programme.publish(tx, suggested("EUR"), town.now - 365 * DAY, town.now - 10 * DAY)
        settling.settle_due(tx, town.now)
    told = read(browser.get(f"/settings/members/{town.member_of('c0')}"))
    assert "45 points can be spent until the end of 15 Dec 2026 until 7 Dec 2026" in told
    assert "15 Nov 2026, 00:00" in told
    assert "1 notice worth telling" in read(browser.get("/settings/activity"))


def test_a_version_from_before_there_were_stages_reads_and_gives_nothing(town: Any, browser: Any) -> None:
    ids = town.customers(1)
    town.orders(ids, 70, 45_00)
    town.start(CHANGE(suggested("EUR"), stage_tags=StageTags(), win_back=None))
    told = read(browser.get(f"/settings/members/{town.member_of('c0')}"))
    assert "No codes yet." in told
    assert "Who starts to lapse gets no coupon." in read(browser.get(f"{PAGE}/versions/1"))
