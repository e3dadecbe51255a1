"""Open codes: which ones, and a file that no spreadsheet can be tricked with."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from connector.settings import table
from connector.store import figures
from connector.store.tables import coupons


@pytest.fixture
def codes(town: Any) -> Any:
    """Four codes: live, being made, ended, used."""
    ids = town.customers(1)
    town.orders(ids, 10, 25_00, coupon_codes=("USED00000000",))
    here = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "member_id": town.member_of("c0")}
    here |= {
        "customer_id": "c0",
        "kind": "amount",
        "value": 5_00,
        "minimum": 0,
        "currency": "EUR",
        "version": 1,
    }
    here |= {"starts_at": town.now - timedelta(days=5)}
    rows = [
        here
        | {
            "source": f"order:1:{code}",
            "reward_key": "five-off",
            "code": code,
            "title": title,
            "state": state,
        }
        | {"ends_at": town.now + timedelta(days=days)}
        for code, title, state, days in (
            ("LIVE00000000", "=HYPERLINK(1)", "live", 30),
            ("WANT00000000", "5,00 off", "wanted", 20),
            ("PAST00000000", "5.00 off", "live", -1),
            ("USED00000000", "5.00 off", "live", 10),
        )
    ]
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(coupons), rows)
    return town


def test_codes_that_can_still_be_used_stand_there_soonest_end_first(codes: Any, browser: Any) -> None:
    page = browser.get("/settings/coupons")
    assert re.findall(r'class="code">(\w+)<', page) == ["WANT00000000", "LIVE00000000"]
    page = browser.get("/settings/coupons?state=live")
    assert re.findall(r'class="code">(\w+)<', page) == ["LIVE00000000"]
    browser.get("/settings/coupons?state=used", status=404)
    browser.get("/settings/coupons?after=yesterday_X", status=404)


def test_the_file_holds_the_same_and_no_formula(codes: Any, browser: Any) -> None:
    answer = browser.client.get("/settings/coupons.csv")
    assert answer.mimetype == "text/csv"
    assert answer.text.endswith("\r\n")
    head, first, second = list(csv.reader(io.StringIO(answer.text)))
    assert head[0] == "code"
    assert (first[0], first[1], first[3]) == ("WANT00000000", "5,00 off", "5.00")
    assert (second[0], second[1]) == ("LIVE00000000", "'=HYPERLINK(1)")
    assert '"5,00 off"' in answer.text


def test_a_gift_card_shows_its_code_and_a_store_credit_says_what_it_is(codes: Any, browser: Any) -> None:
    with codes.house.database.merchant(codes.shop.merchant_id) as tx:
        for code, kind, state in (
            ("LIVE00000000", "gift_card", "live"),
            ("WANT00000000", "store_credit", "revoking"),
        ):
            tx.run(update(coupons).where(coupons.c.code == code).values(kind=kind, state=state))
    assert re.findall(r'class="code">(\w+)<', browser.get("/settings/coupons")) == ["LIVE00000000"]
    card = browser.get(f"/settings/members/{codes.member_of('c0')}")
    assert "WANT00000000" not in card
    assert "Store credit" in card
    assert "Being looked for" in card
    with codes.house.database.merchant(codes.shop.merchant_id) as tx:
        tx.run(update(coupons).where(coupons.c.code == "WANT00000000").values(state="live"))
        assert figures.standing(tx, codes.now).live_codes == 1, "gifts are no codes that wait to be used"
    lines = list(csv.reader(io.StringIO(browser.client.get("/settings/coupons.csv").text)))
    assert [(line[0], line[2], line[3], line[8]) for line in lines[1:]] == [
        ("", "store_credit", "5.00", "given"),
        ("LIVE00000000", "gift_card", "5.00", "given"),
    ]


def test_the_pages_show_every_code_once(town: Any, browser: Any) -> None:
    ids = town.customers(120)
    town.orders(ids, 60, 30_00)
    town.orders(ids, 50, 30_00)
    town.start()
    seen, address = [], "/settings/coupons?reward=second-order-gift"
    while address:
        page = browser.get(address)
        seen += re.findall(r'class="code">(\w+)<', page)
        further = re.search(r'rel="next" href="([^"]+)"', page)
        address = further[1].replace("&amp;", "&") if further else ""
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\0x", "＝1"])
def test_a_cell_that_begins_like_a_formula_gets_a_quote(cell: str) -> None:
    assert table.harmless(cell) == "'" + cell


def test_quotes_and_line_ends_are_written_as_the_standard_says() -> None:
    assert (
        table.written([('say "tea"', "a,b", "two\nlines", "12")]) == '"say ""tea""","a,b","two\nlines",12\r\n'
    )


def test_a_code_on_two_orders_is_found_out_with_their_numbers_and_named_on_the_overview(
    codes: Any, browser: Any
) -> None:
    """The order of #1001 has the code already; then a guest uses it, and the customer twice another that works once."""
    assert "Used more than once" not in browser.get("/settings/coupons")
    assert "used on several orders" not in browser.get("/")
    used = ("USED00000000",)
    codes.orders(["c0"], 9, coupon_codes=used, cancelled_at=codes.now)
    codes.orders(["c0"], 9, coupon_codes=used, test=True)
    codes.orders(["c0", "c0"], 8, coupon_codes=("SUMMER",))  # the shop's own
    assert "Used more than once" not in browser.get("/settings/coupons")
    codes.orders([None], 7, email="somebody.else@example.nl", coupon_codes=used)
    codes.orders(["c0"], 6, coupon_codes=("PAST00000000",))
    codes.orders(["c0"], 5, coupon_codes=("PAST00000000",))
    rows = re.findall(r"<tr>.*?</tr>", browser.get("/settings/coupons").split("reused-title")[2], re.DOTALL)
    first, second = (re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in rows[1:3])
    assert "PAST00000000" in first
    assert "#1007, #1008" in first
    assert "also as a guest" not in first
    assert "USED00000000" in second
    assert "#1001, #1006 also as a guest" in second
    assert "2 codes that work once were used on several orders." in browser.get("/")


def test_what_was_used_again_long_ago_needs_no_look_any_more(codes: Any, browser: Any) -> None:
    for days in (40, 31):
        codes.orders(["c0"], days, coupon_codes=("LIVE00000000",))
    assert "used on several orders" not in browser.get("/")
