"""The overview's figures on a shop whose figures were worked out by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

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
