"""Two websites with books of their own: which is told where, and what stays apart."""

from pathlib import Path
from typing import Any

import pytest

from adapters.magento.sandbox import Shop, history, memory
from adapters.magento.sandbox.places import BY_COUNT


@pytest.fixture
def two(store: Any) -> Any:
    store.control("POST", "websites", {"count": 2})
    return store


def test_a_shop_begins_with_one_website_and_two_views(store: Any) -> None:
    assert [(view["code"], view["website_id"]) for view in store.get("store/storeViews")] == [
        ("default", 1),
        ("admin", 0),
        ("uk_en", 1),
    ]
    assert [site["code"] for site in store.get("store/websites")] == ["base", "admin"]


def test_the_second_website_keeps_its_books_in_euro_and_its_clock_in_berlin(two: Any) -> None:
    told = {one["code"]: one for one in two.get("store/storeConfigs")}
    assert {code: (one["website_id"], one["base_currency_code"]) for code, one in told.items()} == {
        "default": (1, "USD"),
        "eu_de": (2, "EUR"),
        "uk_en": (1, "USD"),
    }
    assert (told["eu_de"]["timezone"], told["eu_de"]["locale"]) == ("Europe/Berlin", "de_DE")
    assert told["uk_en"]["default_display_currency_code"] == "GBP"
    groups = [(one["website_id"], one["default_store_id"]) for one in two.get("store/storeGroups")]
    assert groups == [(0, 0), (1, 1), (2, 2)]


def test_an_order_is_in_the_books_of_its_website_and_numbered_by_its_view(two: Any) -> None:
    here, there = two.get(f"orders/{two.order()}"), two.get(f"orders/{two.order(store='eu_de')}")
    assert (here["increment_id"], here["base_currency_code"], here["base_grand_total"]) == (
        "000000001",
        "USD",
        20,
    )
    assert (there["increment_id"], there["base_currency_code"], there["base_grand_total"]) == (
        "2000000001",
        "EUR",
        20,
    )
    words = (
        "order_currency_code",
        "store_currency_code",
        "global_currency_code",
        "base_to_global_rate",
        "store_id",
    )
    assert [there[word] for word in words] == ["EUR", "EUR", "USD", 1.087, 2]
    assert there["store_name"] == "Europe Website\nEurope Store\nDeutsch"
    assert two.control("GET", "orders")["orders"][1]["currency"] == "EUR"


def test_accounts_belong_to_their_website_so_two_may_have_one_address(two: Any) -> None:
    first, second = two.customer("ann@example.com"), two.customer("ann@example.com", store="eu_de")
    told = [two.get(f"customers/{key}") for key in (first, second)]
    assert [(one["store_id"], one["website_id"], one["created_in"]) for one in told] == [
        (1, 1, "Default Store View"),
        (2, 2, "Deutsch"),
    ]
    two.control("POST", "customers", {"email": "ann@example.com"}, expect=422)


def test_a_store_view_that_is_not_there_is_refused_and_breaks_nothing(two: Any) -> None:
    key = two.customer()
    status, said = two.refused("PUT", f"customers/{key}", {"customer": {"id": key, "store_id": 9}})
    assert (status, said["message"]) == (
        404,
        "The store that was requested wasn't found. Verify the store and try again.",
    )
    new = {"email": "bob@example.com", "firstname": "Bob", "lastname": "B", "store_id": 2, "website_id": 1}
    assert two.refused("POST", "customers", {"customer": new}) == (
        400,
        {"message": "The store view is not in the associated website."},
    )


def test_a_code_works_on_the_websites_of_its_rule_only(two: Any) -> None:
    two.code("HERE", website_ids=[1])
    two.code("THERE", website_ids=[2])
    two.control("POST", "orders", {**_basket("eu_de"), "codes": ["HERE"]}, expect=422)
    assert two.order(**_basket("eu_de"), codes=["THERE"])
    two.control("POST", "orders", {**_basket("default"), "codes": ["THERE"]}, expect=422)


def _basket(store: str) -> dict[str, Any]:
    return {"store": store, "email": "ann@example.com", "lines": [{"title": "Mug", "price": "10.00"}]}


def test_a_rule_ends_at_midnight_of_its_own_website(two: Any) -> None:
    two.code("TODAY", website_ids=[1, 2], to_date="2026-06-01")
    two.sleep(hours=11)  # 23:00 UTC: one in the morning of 2 June in Berlin, seven in the evening in New York
    two.control("POST", "orders", {**_basket("eu_de"), "codes": ["TODAY"]}, expect=422)
    assert two.order(**_basket("default"), codes=["TODAY"])


def test_no_website_is_opened_under_the_feet_of_who_bought_in_another_view(two: Any) -> None:
    two.order(store="uk_en")
    assert "already" in two.control("POST", "websites", {"count": 1}, expect=422)["error"]


def test_in_a_past_with_two_websites_every_fifth_customer_buys_in_euro(tmp_path: Path) -> None:
    shop = Shop()
    shop.places = BY_COUNT[2]
    rows = history.slice_rows()[:200]
    history.fill(shop, rows, max(row.day for row in rows))
    euro = [row for row in shop.orders if row.books == "EUR"]
    assert {row.customer_id % 5 for row in euro if row.customer_id} == {0}
    assert len(euro) == sum(row.customer % 5 == 0 for row in rows) > 10
    assert euro[0].number == "2000000001"

    memory.save(shop, tmp_path / "state")
    again = Shop()
    memory.load(again, tmp_path / "state")
    assert again.places == BY_COUNT[2]
    assert again.customers.rows[euro[0].customer_id or 0].created_in == "Deutsch"
