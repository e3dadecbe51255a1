"""searchCriteria: filters, sorting, pages, fields."""

from typing import Any

import pytest


@pytest.fixture
def five(store: Any) -> Any:
    """Five orders, an hour apart; the third is cancelled, the fourth paid."""
    for number in range(1, 6):
        store.order(email=f"guest-{number}@example.net")
        store.sleep(hours=1)
    store.send("POST", "orders/3/cancel", {})
    store.sleep(hours=1)
    store.send("POST", "order/4/invoice", {"capture": True})
    return store


def _ids(answer: Any) -> list[int]:
    return [row["entity_id"] for row in answer["items"]]


@pytest.mark.parametrize(
    ("field", "condition", "value", "expected"),
    [
        ("entity_id", "gt", 3, [4, 5]),
        ("entity_id", "gteq", 3, [3, 4, 5]),
        ("entity_id", "lt", 3, [1, 2]),
        ("entity_id", "lteq", 3, [1, 2, 3]),
        ("entity_id", "from", 4, [4, 5]),
        ("entity_id", "to", 2, [1, 2]),
        ("entity_id", "in", "5,1,99", [1, 5]),
        ("entity_id", "nin", "5,1,99", [2, 3, 4]),
        ("state", "eq", "canceled", [3]),
        ("state", "neq", "new", [3, 4]),
        ("state", "in", "canceled,processing", [3, 4]),
        ("customer_email", "like", "GUEST-2%", [2]),
        ("customer_email", "eq", "Guest-5@example.net", [5]),
        ("customer_id", "null", "1", [1, 2, 3, 4, 5]),
        ("customer_id", "notnull", "1", []),
        ("grand_total", "gteq", "20.00", [1, 2, 3, 4, 5]),
        ("base_total_paid", "gt", "0", [4]),
        ("entity_id", "approximately", 2, [2]),
        ("created_at", "lt", "2026-06-01 14:00:00", [1, 2]),
        ("created_at", "gteq", "2026-06-01", [1, 2, 3, 4, 5]),
        ("created_at", "gteq", "2026-06-01T14:00:00+05:00", [3, 4, 5]),
    ],
)
def test_conditions(
    five: Any, criteria: Any, field: str, condition: str, value: Any, expected: list[int]
) -> None:
    answer = five.get("orders", criteria((field, condition, value), sort=("entity_id", "ASC")))
    assert _ids(answer) == expected
    assert answer["total_count"] == len(expected)


def test_groups_are_and_filters_in_a_group_are_or(five: Any) -> None:
    name = "searchCriteria[filterGroups]"
    query = (
        f"{name}[0][filters][0][field]=state&{name}[0][filters][0][value]=canceled"
        f"&{name}[0][filters][1][field]=state&{name}[0][filters][1][value]=processing"
        f"&{name}[1][filters][0][field]=entity_id&{name}[1][filters][0][value]=3"
        f"&{name}[1][filters][0][conditionType]=gt&searchCriteria[pageSize]=10"
    )
    assert _ids(five.get("orders", query)) == [4]


def test_a_window_of_updated_at_finds_what_moved_in_it(five: Any, criteria: Any) -> None:
    # Order 3 was cancelled at 17:00 and order 4 invoiced at 18:00; the others stand where they were placed.
    window = (("updated_at", "gteq", "2026-06-01 15:00:00"), ("updated_at", "lt", "2026-06-01 18:00:00"))
    answer = five.get("orders", criteria(*window, sort=("updated_at", "ASC"), size=10))
    assert [(row["entity_id"], row["updated_at"]) for row in answer["items"]] == [
        (5, "2026-06-01 16:00:00"),
        (3, "2026-06-01 17:00:00"),
    ]
    backwards = five.get("orders", criteria(*window, sort=("updated_at", "DESC"), size=10))
    assert _ids(backwards) == [3, 5]


def test_rows_of_one_second_come_in_the_order_of_their_ids(store: Any, criteria: Any) -> None:
    for _ in range(4):
        store.order()
    second = ("updated_at", "eq", "2026-06-01 12:00:00")
    assert _ids(store.get("orders", criteria(second, ("entity_id", "gt", 2), sort=("entity_id", "ASC")))) == [
        3,
        4,
    ]
    assert _ids(store.get("orders", criteria(second, sort=("updated_at", "DESC"), size=3))) == [1, 2, 3]


def test_pages_and_what_lies_past_the_last(five: Any, criteria: Any) -> None:
    pages = [
        five.get("orders", criteria(sort=("entity_id", "DESC"), size=2, page=page)) for page in (1, 2, 3, 4)
    ]
    assert [_ids(page) for page in pages] == [[5, 4], [3, 2], [1], []]
    assert {page["total_count"] for page in pages} == {5}
    assert pages[3]["search_criteria"] == {
        "filter_groups": [],
        "sort_orders": [{"field": "entity_id", "direction": "DESC"}],
        "page_size": 2,
        "current_page": 4,
    }


def test_fields_keep_what_is_named_and_an_empty_list_becomes_null(five: Any, criteria: Any) -> None:
    some = five.get(
        "orders", criteria(("entity_id", "gt", 4), fields="items[entity_id,payment[method]],total_count")
    )
    assert some == {"items": [{"entity_id": 5, "payment": {"method": "checkmo"}}], "total_count": 1}
    none = five.get("orders", criteria(("entity_id", "gt", 9), fields="items[entity_id],total_count"))
    assert none == {"items": None, "total_count": 0}
    assert five.get("store/storeViews", "fields=code") == []


def test_wrong_searches_answer_as_the_shop_does(store: Any, criteria: Any) -> None:
    assert store.refused("GET", "orders") == (
        400,
        {
            "message": '"%fieldName" is required. Enter and try again.',
            "parameters": {"fieldName": "searchCriteria"},
        },
    )
    status, body = store.refused("GET", "orders", query=criteria(("no_such", "eq", 1)))
    assert status == 500
    assert body["message"].startswith(
        "Internal Error. Details are available in Magento log file. Report ID: webapi-"
    )
    assert store.refused("GET", "customers/search", query=criteria(("id", "eq", 1)))[0] == 400
    status, body = store.refused("GET", "orders", query=criteria(sort=("entity_id", "SIDEWAYS")))
    assert (status, body["parameters"]) == (400, ["ASC", "DESC"])


def test_limits_that_are_switched_on(five: Any, criteria: Any) -> None:
    five.control("POST", "limits", {"maximum_page_size": 3, "default_page_size": 2})
    assert five.refused("GET", "orders", query=criteria(size=4)) == (
        400,
        {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 3}},
    )
    answer = five.get("orders", criteria())
    assert (_ids(answer), answer["total_count"], answer["search_criteria"]["page_size"]) == ([1, 2], 5, 2)


def test_what_is_asked_for_without_an_order_may_come_in_another(five: Any, criteria: Any) -> None:
    five.control("POST", "limits", {"unsorted": True})
    assert _ids(five.get("orders", criteria(size=2, sort=None))) == [5, 4]
    assert _ids(five.get("orders", criteria(size=2, sort=("entity_id", "ASC")))) == [1, 2]


def test_before_2_4_the_last_page_never_ends(five: Any, criteria: Any) -> None:
    assert _ids(five.get("orders", criteria(size=2, page=4))) == []
    five.control("POST", "limits", {"version": "2.3"})
    answer = five.get("orders", criteria(size=2, page=4))
    assert (_ids(answer), answer["total_count"]) == ([5], 5)
    assert five.get("orders", criteria(("entity_id", "gt", 9), size=2, page=4))["items"] == []


def test_an_address_longer_than_a_web_server_takes_is_refused_before_the_shop_sees_it(store: Any) -> None:
    answer = store.call("GET", "orders", query="searchCriteria=&longer=" + "1" * 8000)
    assert answer.status_code == 200
    answer = store.call("GET", "orders", query="searchCriteria=&longer=" + "1" * 8200)
    assert (answer.status_code, answer.headers["Content-Type"]) == (414, "text/html")
