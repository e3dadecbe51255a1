"""The overview's figures on a shop whose figures were worked out by hand."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from connector.insight import glance
from connector.store import figures
from connector.store.tables import coupons, runs, shops


def words(page: str) -> str:
    """The page as one reads it."""
    import html

    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_200_customers_became_230_of_whom_70_new_so_80_per_cent_stayed(town: Any, browser: Any) -> None:
    there, back, new = town.customers(200, "old"), town.customers(10, "back"), town.customers(70, "new")
    town.orders(there, 120, 20_00)
    town.orders(back, 200, 20_00)
    town.orders(there[:150] + back + new, 30, 30_00)
    told = words(browser.get("/"))
    assert "80.0 %" in told
    assert "S · bought before 200 E · bought now 230 N · of them new 70 truly kept 75.0 %" in told
    assert "((E − N) / S) × 100 = ((230 − 70) / 200) × 100" in told
    assert "150 customers bought in both periods; 10 came back after a longer pause" in told
    # 160 of 280 bought more than once; 440 orders: 210 of 20.00 and 230 of 30.00.
    assert "57.1 % 160 of 280 customers" in told
    assert "1.57 440 orders / 280 customers" in told
    assert "€25.23 €11,100.00 / 440 orders" in told


def test_without_earlier_customers_the_rate_is_not_defined(town: Any, browser: Any) -> None:
    town.orders(town.customers(3), 10)
    told = words(browser.get("/"))
    assert "Not defined: nobody bought in the 90 days before" in told
    assert "Your history is younger than these two periods" in told


def test_tests_cancelled_unpaid_deleted_and_empty_orders_do_not_count(town: Any, browser: Any) -> None:
    (one,) = town.customers(1)
    town.orders([one], 10, 25_00)
    town.orders([one], 9, 25_00, test=True)
    town.orders([one], 9, 25_00, cancelled_at=town.now)
    town.orders([one], 9, 25_00, paid_at=None)
    town.orders([one], 9, 0)
    told = words(browser.get("/"))
    assert "1.00 1 orders / 1 customers" in told
    assert "€25.00 €25.00 / 1 orders" in told
    assert "0.0 % 0 of 1 customers" in told


def test_currencies_stand_apart(town: Any, browser: Any) -> None:
    british = town.second_shop()
    town.orders(town.customers(2), 10, 25_00)
    town.orders(town.customers(1, "uk", british), 10, 10_00, shop=british)
    told = words(browser.get("/"))
    assert "€25.00 €50.00 / 2 orders" in told
    assert "£10.00 £10.00 / 1 orders" in told


def test_a_guest_who_later_has_an_account_is_one_customer(town: Any, browser: Any) -> None:
    (one,) = town.customers(1)
    town.orders([one], 10)
    town.orders([None], 20, email=f"{one}@example.nl")
    town.orders([None], 20, email="nobody.else@example.nl")
    assert "50.0 % 1 of 2 customers" in words(browser.get("/"))


def test_the_set_up_steps_see_by_themselves_that_they_are_done(town: Any, browser: Any) -> None:
    assert "1 of 4 done" in browser.get("/")
    here = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(runs).values(**here, kind="import", state="done", done=3, started_at=town.now))
    assert "2 of 4 done" in browser.get("/")
    ids = town.customers(1)
    town.orders(ids, 60, 100_00)
    town.orders(ids, 50, 100_00)
    town.start()
    assert "3 of 4 done" in browser.get("/")
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(coupons).values(state="live"))
    told = words(browser.get("/"))
    assert "Getting started" not in told
    assert "Points outstanding 200" in told
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(state="reconnect"))
    assert "Getting started" not in browser.get("/"), "the shop waits for its merchant, not for another shop"


def test_an_import_shows_count_rate_and_time_left(town: Any, browser: Any) -> None:
    here = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "kind": "import"}
    from datetime import timedelta

    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(
            insert(runs).values(
                **here, state="running", done=3000, total=12000, started_at=town.now - timedelta(minutes=2)
            )
        )
    page = browser.get("/settings/shops/state")
    assert 'hx-trigger="every 2s"' in page
    assert "3,000 of about 12,000" in page
    assert "1,500 per minute · about 6 minutes left" in page
    asked = browser.client.get("/settings/shops/state")
    assert "HX-Refresh" not in asked.headers
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(runs).values(state="done", done=12000))
    # The steps and the figures are of before; the page that asked comes anew, whole.
    assert browser.client.get("/settings/shops/state").headers["HX-Refresh"] == "true"


def test_a_shop_that_refuses_our_key_says_how_to_connect_it_again(town: Any, browser: Any) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(state="reconnect"))
    page = browser.get("/")
    assert "Reconnect needed" in page
    assert "Connect it again" in page


def test_a_shop_that_does_not_answer_says_since_when_and_when_it_is_tried_again(
    town: Any, browser: Any
) -> None:
    failing, probe = town.house.now() - timedelta(minutes=9), town.house.now() + timedelta(minutes=4)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(failures=6, failing_since=failing, probe_at=probe))
    page = browser.get("/")
    assert "Does not answer" in page
    assert "has not answered since 20 Nov 2026, 12:51 and is left alone; it is tried again at" in page
    assert "13:04. Nothing is lost" in page


# ---------------------------------------------------------------- charts, and figures that take a while


def table_after(page: str, title: str) -> dict[str, list[str]]:
    """The rows of the table below a chart, by their first cell."""
    part = page.split(title, 1)[1].split("</table>")[0]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", part.split("<tbody>")[1], re.S):
        cells = [words(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        found[cells[0]] = cells[1:]
    return found


def test_revenue_of_new_and_returning_customers_adds_up_per_month(town: Any, browser: Any) -> None:
    # Now is 20 November. Ten people began in October; four of them and two new ones bought in November.
    october, november = town.customers(10, "oct"), town.customers(2, "nov")
    town.orders(october, 40, 20_00)
    town.orders(october[:1], 38, 30_00)
    town.orders(october[:4], 10, 50_00)
    town.orders(november, 9, 80_00, refunded=30_00)
    town.orders([None], 9, 99_00)
    town.orders(october[:1], 8, 77_00, cancelled_at=town.now)
    page = browser.get("/")
    rows = table_after(page, 'id="takings-1-title"')
    assert len(rows) == 13
    assert rows["Oct 2026"] == ["€230.00", "€0.00"]
    assert rows["Nov 2026"] == ["€100.00", "€200.00"]
    assert rows["Nov 2025"] == ["€0.00", "€0.00"]
    assert 'aria-labelledby="takings-1-wide-only-title takings-1-wide-only-desc"' in page


def test_points_held_are_told_for_every_day_with_what_they_are_worth(town: Any, browser: Any) -> None:
    assert "Points held, per day" not in browser.get("/")
    ids = town.customers(3)
    town.orders(ids, 60, 100_00)
    town.orders(ids[:1], 50, 40_00)
    town.start()
    page = browser.get("/")
    rows = table_after(page, 'id="held-title"')
    assert len(rows) == 90
    # Points count when the hold of 30 days is over: 300 twenty-nine or thirty days ago, 40 more ten days later.
    told = [int(row[0].replace(",", "")) for row in reversed(rows.values())]
    assert sorted(set(told)) == [0, 300, 340]
    assert told[-1] == 340
    assert told == sorted(told)
    assert "Worth at most €" in words(page)


def test_charts_of_an_empty_programme_say_what_will_stand_there(town: Any, browser: Any) -> None:
    town.start()
    assert "No points yet." in words(browser.get("/"))


def test_the_page_of_a_very_large_merchant_comes_before_its_figures(
    town: Any, browser: Any, monkeypatch: Any
) -> None:
    town.orders(town.customers(8), 30, 20_00)
    whole = browser.get("/")
    monkeypatch.setattr(glance, "LONG", 5)
    page = browser.get("/")
    assert 'hx-get="/settings/figures" hx-trigger="load, every 3s" hx-sync="this:drop"' in page
    assert "The figures are being counted" in page
    assert "Orders per month" not in page
    # Without scripts a plain link leads to the page with everything in it.
    assert 'href="/?counted=1"' in page
    assert words(browser.get("/?counted=1")) == words(whole)
    part = browser.get("/settings/figures")
    assert "<html" not in part
    assert words(part).split(" The figures are counted.")[0].strip() in words(whole)
    assert table_after(part, 'id="takings-1-title"')["Oct 2026"] == ["€160.00", "€0.00"]
    town.orders(town.customers(1, "late"), 30, 20_00)
    later = table_after(browser.get("/settings/figures"), 'id="takings-1-title"')
    assert later["Oct 2026"] == ["€180.00", "€0.00"], "counted at every look"


def test_one_count_at_a_time_for_a_merchant_and_none_waits_for_a_neighbours(town: Any, browser: Any) -> None:
    def look() -> str:
        return browser.get("/")

    with town.house.database.merchant(town.shop.merchant_id) as tx, ThreadPoolExecutor(1) as pool:
        with figures.counting(tx):
            pass
        waits = pool.submit(look)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        # The part that comes into a page asks again a little later: no thread of the server stands still for it.
        assert browser.get("/settings/figures", 204) == ""
        with town.house.database.merchant(town.shop.merchant_id + 1) as other:
            other.run(text("SET LOCAL lock_timeout = '5s'"))
            with figures.counting(other):
                pass
        tx.connection.commit()
        assert "Overview" in waits.result(timeout=60)


def test_how_counting_is_planned_ends_with_it(town: Any) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        usual = tx.value(text("SHOW work_mem")), tx.value(text("SHOW enable_nestloop"))
        with figures.counting(tx):
            assert tx.value(text("SHOW work_mem")) == "128MB"
        assert (tx.value(text("SHOW work_mem")), tx.value(text("SHOW enable_nestloop"))) == usual
