"""What arrived and what was sent, what is tried again, the checks, and requests under privacy law."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from connector.flow import reconciling
from connector.port import Delivery, Unread
from connector.store import inbox as kept
from connector.store import proofs
from connector.store.tables import inbox, outbox


@pytest.fixture
def arrived(town: Any) -> Any:
    """Write down deliveries: 120 applied, 2 parked."""
    here = {
        "merchant_id": town.shop.merchant_id,
        "shop_id": town.shop.id,
        "way": "webhook",
        "topic": "orders/paid",
    }
    rows = [
        here
        | {"delivery_id": f"d{n}", "subject": f"order {n}", "received_at": town.now - timedelta(minutes=n)}
        | {"state": "parked" if n > 119 else "applied", "attempts": 8, "result": f"Because of {n}."}
        | {"body_sealed": b"sealed" if n > 119 else None}
        for n in range(122)
    ]
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(inbox), rows)
    return town


def states(town: Any, table: Any) -> list[str]:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return [row.state for row in tx.all(select(table.c.state).order_by(table.c.id))]


def test_the_pages_show_every_delivery_once(arrived: Any, browser: Any) -> None:
    seen, address = [], "/settings/activity?state=applied"
    while address:
        page = browser.get(address).split('class="tabs"')[1]
        seen += re.findall(r"order (\d+) ·", page)
        further = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(further[1]) if further else ""
    assert len(seen) == 120
    assert len(set(seen)) == 120


def test_what_stopped_stands_first_with_its_reason_and_is_tried_again(arrived: Any, browser: Any) -> None:
    page = browser.get("/settings/activity")
    assert page.index("Because of 121.") < page.index('class="tabs"')
    action = re.search(r'action="(/settings/activity/arrived/\d+/again)"', page)
    assert action
    assert browser.post(action[1], "/settings/activity").status_code == 303
    assert states(arrived, inbox).count("parked") == 1
    assert states(arrived, inbox).count("waiting") == 1
    browser.post("/settings/activity/again", "/settings/activity")
    assert states(arrived, inbox).count("parked") == 0


def test_thousands_that_cannot_be_read_are_one_line_of_a_shop_with_the_first_of_their_numbers(
    arrived: Any, browser: Any
) -> None:
    def aside(*found: Unread) -> None:
        with arrived.house.database.merchant(arrived.shop.merchant_id) as tx:
            reconciling.keep_unread(tx, arrived.shop.id, found, arrived.now)

    aside(*(Unread("order", str(number)) for number in range(5000, 5060)))
    aside(*(Unread("customer", str(number)) for number in range(70, 75)))
    page = browser.get("/settings/activity")
    assert "60 orders cannot be read" in page
    assert re.findall(r"order (50\d\d)", page) == ["5000", "5001", "5002"]
    assert page.count("Because of 121.") == 2, "the others are not pushed out of sight"
    assert "Customer 74 cannot be read" in page, "a handful has a line each"
    (address,) = re.findall(r'href="([^"]+)">Show all', page)
    assert "order 5059 ·" in browser.get(html.unescape(address))


def test_a_parked_push_is_tried_again(town: Any, browser: Any) -> None:
    row = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "kind": "marks", "subject": "7"}
    row |= {
        "state": "parked",
        "attempts": 6,
        "next_at": town.now,
        "made_at": town.now,
        "result": "The shop is closed.",
    }
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(outbox).values(**row))
    page = browser.get("/settings/activity/sent")
    assert "The shop is closed." in page
    action = re.search(r'action="(/settings/activity/sent/\d+/again)"', page)
    assert action
    answer = browser.post(action[1], "/settings/activity/sent", next="/settings/activity/sent?state=parked")
    assert answer.headers["Location"] == "/settings/activity/sent?state=parked"
    assert states(town, outbox) == ["waiting"]


def test_a_page_that_grants_a_right_is_a_link_and_nothing_else_of_what_was_said_is_markup(
    town: Any, browser: Any
) -> None:
    about = {
        "merchant_id": town.shop.merchant_id,
        "shop_id": town.shop.id,
        "kind": "coupon",
        "state": "parked",
    }
    about |= {"attempts": 1, "next_at": town.now, "made_at": town.now}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        why = "No <b>right</b>. Allow it at /paper/allow?shop=paper.example, then try again."
        tx.run(insert(outbox).values(**about, subject="7", result=why))
    for place in ("/settings/activity", "/settings/activity/sent"):
        page = browser.get(place)
        assert '<a href="/paper/allow?shop=paper.example">/paper/allow?shop=paper.example</a>, then' in page
        assert "<b>" not in page


@pytest.mark.parametrize("way", ["arrived", "sent"])
def test_what_is_not_there_is_not_said_to_be_tried_again(arrived: Any, browser: Any, way: str) -> None:
    with arrived.house.database.merchant(arrived.shop.merchant_id) as tx:
        applied = tx.value(select(inbox.c.id).where(inbox.c.state == "applied").limit(1))
    before = states(arrived, inbox)
    for guessed in (applied, 987654321):
        assert (
            browser.post(f"/settings/activity/{way}/{guessed}/again", "/settings/activity").status_code == 303
        )
        page = browser.get("/settings/activity")
        assert "It no longer waits for a try." in page
        assert "It is tried again." not in page
    assert states(arrived, inbox) == before


def test_with_nothing_put_aside_nothing_is_said_to_be_tried_again(town: Any, browser: Any) -> None:
    browser.post("/settings/activity/again", "/settings/activity")
    assert "There is nothing to try again." in browser.get("/settings/activity")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
def test_nobody_is_sent_elsewhere_by_a_form(arrived: Any, browser: Any, elsewhere: str) -> None:
    answer = browser.post("/settings/activity/again", "/settings/activity", next=elsewhere)
    assert answer.headers["Location"] == "/"
    answer = browser.post("/settings/language", "/", language="nl", next=elsewhere)
    assert answer.headers["Location"] == "/"


def test_check_now_asks_for_a_check_of_one_shop(town: Any, browser: Any) -> None:
    page = "/settings/activity/checks"
    answer = browser.post("/settings/activity/check", page, shop=str(town.shop.id), kind="full")
    assert answer.status_code == 303
    assert "Paper Shop is being checked" in browser.get(page)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        jobs = tx.all(text("SELECT task_name, args FROM procrastinate_jobs"))
    assert [job.task_name for job in jobs] == ["reconcile_full"]
    assert jobs[0].args["shop_id"] == town.shop.id
    assert browser.post("/settings/activity/check", page, shop="999").status_code == 404


def test_a_request_for_data_can_be_handed_over(town: Any, browser: Any) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        deed = proofs.Deed("Paper Shop", "data_asked", town.now, {"customers": 3}, "9001", "c0")
        proofs.write_down(tx, deed, town.now, b'{"orders": [{"number": "=1+1"}]}')
    page = browser.get("/settings/activity/privacy")
    link = re.search(r'href="(/settings/activity/privacy/\d+\.json)"', page)
    assert link
    answer = browser.client.get(link[1])
    assert answer.json == {"orders": [{"number": "=1+1"}]}
    assert "9001" in page
    table = browser.client.get(link[1].replace(".json", ".csv"))
    assert table.text.splitlines() == ["about,field,value", "orders.1,number,'=1+1"]
    assert "attachment" in answer.headers["Content-Disposition"]
    browser.get("/settings/activity/privacy/999.json", status=404)


@pytest.mark.parametrize(
    "bad", ["shop=999", "state=lost", "after=x", "shop=1e3", "after=99999999999999999999"]
)
def test_a_nonsense_question_is_not_found(browser: Any, bad: str) -> None:
    browser.get(f"/settings/activity?{bad}", status=404)
    if "state" not in bad:
        browser.get(f"/settings/activity/sent?{bad}", status=404)


def test_nothing_personal_stands_in_the_lists(town: Any, fair: Any, browser: Any) -> None:
    fair.furnish(town, 40)
    for page in ("", "/sent", "/checks", "/privacy"):
        assert "@" not in browser.get(f"/settings/activity{page}")


# ---------------------------------------------------------------- filters, and one message by itself


@pytest.fixture
def told(town: Any) -> Any:
    """Order #1007 (the shop calls it 5501) was told of twice, and other things once each."""
    town.orders(town.customers(1), 3, id="5501", number="#1007")
    here = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "way": "webhook"}
    rows = [
        here | {"delivery_id": f"e{n}", "topic": topic, "subject": subject, "state": state, "result": f"Line {n}."}
        | {"received_at": town.now - timedelta(days=n), "request_id": f"request-{n}"}
        for n, (topic, subject, state) in enumerate(
            [
                ("orders/paid", "order 5501", "applied"),
                ("orders/updated", "order 5501", "ignored"),
                ("orders/paid", "order 9", "applied"),
                ("customers/update", "customer 1007", "applied"),
            ]
        )
    ]  # fmt: skip
    push = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "kind": "marks", "subject": "c0"}
    push |= {"state": "done", "next_at": town.now, "made_at": town.now, "request_id": "request-0"}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(inbox), rows)
        tx.run(insert(outbox).values(**push))
    return town


def lines_of(browser: Any, query: str) -> set[str]:
    return set(re.findall(r"Line (\d)\.", browser.get(f"/settings/activity?{query}")))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "0123"),
        ("q=1007", "013"),
        ("q=order+1007", "01"),
        ("q=%231007", "013"),
        ("q=bestelling+5501", "01"),
        ("q=klant+1007", "3"),
        ("q=request-2", "2"),
        ("q=e3", "3"),
        ("q=nobody", ""),
        ("topic=orders/paid", "02"),
        ("topic=orders/paid&q=1007", "0"),
        ("state=ignored", "1"),
        ("since=2026-11-19", "01"),
        ("until=2026-11-18", "23"),
        ("since=2026-11-18&until=2026-11-18", "2"),
    ],
)
def test_a_filter_shows_what_it_says(told: Any, browser: Any, query: str, found: str) -> None:
    assert lines_of(browser, query) == set(found)


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-13-01", "since=0001-01-01"])
def test_a_day_that_is_none_is_not_there(browser: Any, query: str) -> None:
    browser.get(f"/settings/activity?{query}", 404)


@pytest.mark.parametrize(
    ("query", "count"), [("q=order+1007", 1), ("q=c0", 1), ("q=request-0", 1), ("q=order+9", 0)]
)
def test_what_was_sent_is_found_by_the_order_behind_it(
    told: Any, browser: Any, query: str, count: int
) -> None:
    page = browser.get(f"/settings/activity/sent?{query}")
    assert page.count("Tags of customer c0") == count


def test_a_message_shows_what_it_said_without_the_person_and_is_applied_once_more(
    town: Any, browser: Any
) -> None:
    body = b'{"id": 5501, "email": "anna@example.nl", "total_price": "12.50", "odd": "Keizersgracht 1"}'
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        kept.keep(tx, town.shop.id, Delivery("d-1", "orders/paid", body), "webhook", town.now)
        row_id = kept.waiting(tx, town.shop.id, town.now, 1)[0].id
        kept.finish(
            tx, town.shop.id, [kept.Done(row_id, "applied", "Nothing to do.", "order 5501")], town.now
        )
    address = f"/settings/activity/arrived/{row_id}"
    page = browser.get(address)
    assert f'href="{address}"' in browser.get("/settings/activity")
    assert "5501" in page
    assert "12.50" in page
    assert "anna" not in page
    assert "Keizersgracht" not in page
    assert "9 to 32 signs" in page
    assert browser.post(f"{address}/replay", address).status_code == 303
    assert states(town, inbox) == ["waiting"]
    browser.post(f"{address}/replay", address)
    assert "It waits already" in browser.get("/settings/activity")


def test_a_message_whose_words_were_erased_says_so(arrived: Any, browser: Any) -> None:
    with arrived.house.database.merchant(arrived.shop.merchant_id) as tx:
        row_id = tx.value(select(inbox.c.id).limit(1))
    page = browser.get(f"/settings/activity/arrived/{row_id}")
    assert "erased after 7 days" in page
    assert "/replay" not in page
