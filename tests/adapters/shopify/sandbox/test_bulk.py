"""Bulk queries: refused as by the platform, run in the background, the same content as pages."""

import time
from typing import Any

import msgspec
import pytest

from adapters.shopify import documents

START = """mutation B($query: String!, $grouped: Boolean!) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
    bulkOperation { id status objectCount fileSize url } userErrors { code field } } }"""
STATE = """query S($id: ID!) { bulkOperation(id: $id) {
  id status errorCode objectCount rootObjectCount fileSize url completedAt } }"""
ORDERS = "{ orders { edges { node { id name lineItems { edges { node { id title } } } } } } }"


def start(stand, query: str, grouped: bool = False) -> Any:
    return stand.data(START, {"query": query, "grouped": grouped})["bulkOperationRunQuery"]


def done(stand, query: str, grouped: bool = False) -> Any:
    made = start(stand, query, grouped)
    assert made["userErrors"] == []
    return wait(stand, made["bulkOperation"]["id"])


def wait(stand, bulk: str) -> Any:
    for _ in range(3000):
        state = stand.data(STATE, {"id": bulk})["bulkOperation"]
        if state["status"] not in ("CREATED", "RUNNING", "CANCELING"):
            return state
        time.sleep(0.02)
    raise AssertionError("the bulk query did not end")


def rows(stand, state: Any) -> list[dict[str, Any]]:
    file = stand.http.get(state["url"], timeout=60).content
    return [msgspec.json.decode(line) for line in file.splitlines()]


@pytest.mark.parametrize(
    "query",
    [
        "{ orders { nodes { id } } }",
        '{ node(id: "gid://shopify/Order/0") { id } }',
        "{ shop { name } }",
        'mutation { tagsAdd(id: "1", tags: []) { userErrors { message } } }',
        "{ orders { edges { node { id refunds { refundLineItems(first: 5) { edges { node { id } } } } } } } }",
        "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }",
        "{ orders { edges { node { colour } } } }",
        "{ orders { edges { node { id ",
        "{ orders { edges { node { id } } } customers { edges { node { id } } } discountNodes { edges { node { id } } }"
        " a: orders { edges { node { id } } } b: orders { edges { node { id } } } c: orders { edges { node { id } } } }",
    ],
)
def test_what_the_platform_would_not_run_is_refused(stand, query) -> None:
    made = start(stand, query)
    assert made["bulkOperation"] is None
    assert {it["code"] for it in made["userErrors"]} == {"INVALID"}
    assert {tuple(it["field"]) for it in made["userErrors"]} == {("query",)}


def test_a_top_level_node_is_refused_twice_for_two_reasons(stand) -> None:
    made = start(stand, '{ node(id: "gid://shopify/Order/0") { id } }')
    assert len(made["userErrors"]) == 2


def test_children_follow_with_their_parents_id_and_slashes_are_escaped(stand) -> None:
    lines = [{"title": title, "price": "1.00"} for title in ("Mug", "Card")]
    first, second = stand.order(lines=lines), stand.order()
    state = done(stand, ORDERS, grouped=True)
    raw = stand.http.get(state["url"], timeout=60).content
    assert b"gid:\\/\\/shopify\\/Order\\/" in raw
    assert b"gid://" not in raw
    found = rows(stand, state)
    assert [row["id"].split("/")[3] for row in found] == [
        "Order",
        "LineItem",
        "LineItem",
        "Order",
        "LineItem",
    ]
    assert (
        found[1]["__parentId"] == found[2]["__parentId"] == found[0]["id"] == f"gid://shopify/Order/{first}"
    )
    assert found[4]["__parentId"] == f"gid://shopify/Order/{second}"
    assert (state["objectCount"], state["rootObjectCount"]) == ("5", "2")
    assert state["fileSize"] == str(len(raw))


def test_without_grouping_children_come_apart_from_their_parents(stand) -> None:
    stand.order()
    stand.order()
    kinds = [row["id"].split("/")[3] for row in rows(stand, done(stand, ORDERS))]
    assert kinds == ["Order", "Order", "LineItem", "LineItem"]


def test_in_versions_before_2026_files_are_grouped(stand) -> None:
    stand.order()
    stand.order()
    query = """mutation B($query: String!) { bulkOperationRunQuery(query: $query) {
      bulkOperation { id } userErrors { message } } }"""

    def kinds(version: str) -> list[str]:
        answer = stand.post(query, {"query": ORDERS}, version=version).json()
        state = wait(stand, answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"])
        return [row["id"].split("/")[3] for row in rows(stand, state)]

    assert kinds("2025-10") == ["Order", "LineItem", "Order", "LineItem"]
    assert kinds("2026-01") == ["Order", "Order", "LineItem", "LineItem"]


def test_an_empty_result_is_completed_without_a_file(stand) -> None:
    state = done(stand, ORDERS)
    assert (state["status"], state["url"], state["objectCount"]) == ("COMPLETED", None, "0")


def test_the_file_says_the_same_as_the_pages(stand) -> None:
    ada = stand.customer()
    order = stand.order("12.50", 2, customer_id=ada, shipping="4.95")
    stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}])
    stand.act(order, "fulfil")
    page = stand.data(documents.ORDERS, {"first": 1, "lines": 10})["orders"]["nodes"][0]
    found = rows(stand, done(stand, documents.bulk_orders(), grouped=True))
    lines = page.pop("lineItems")["nodes"]
    shipping = page.pop("shippingLines")["nodes"]
    assert found[0] == page
    children = [{key: value for key, value in row.items() if key != "__parentId"} for row in found[1:]]
    assert children == [*lines, *shipping]
    people = rows(stand, done(stand, documents.bulk_customers()))
    assert people == stand.data(documents.CUSTOMERS, {"first": 5})["customers"]["nodes"]


def test_a_search_narrows_a_bulk_query(stand) -> None:
    order = stand.order()
    stand.order()
    found = rows(stand, done(stand, documents.bulk_orders(f"id:{order}")))
    assert {row.get("__parentId", row["id"]) for row in found} == {f"gid://shopify/Order/{order}"}


def test_five_run_at_once_and_the_sixth_is_told_which(stand) -> None:
    stand.shop.bulk_seconds = 2.0
    running = [start(stand, ORDERS)["bulkOperation"]["id"] for _ in range(5)]
    sixth = start(stand, ORDERS)
    assert sixth["userErrors"] == [{"code": "OPERATION_IN_PROGRESS", "field": None}]
    assert {wait(stand, it)["status"] for it in running} == {"COMPLETED"}
    assert start(stand, ORDERS)["userErrors"] == []


def test_a_cancelled_bulk_query_ends_cancelled(stand) -> None:
    stand.order()
    stand.shop.bulk_seconds = 1.0
    made = start(stand, ORDERS)["bulkOperation"]["id"]
    cancel = "mutation C($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    assert stand.data(cancel, {"id": made})["bulkOperationCancel"]["bulkOperation"]["status"] == "CANCELING"
    assert wait(stand, made)["status"] == "CANCELED"
    assert len(stand.data(cancel, {"id": made})["bulkOperationCancel"]["userErrors"]) == 1


def test_without_the_right_a_bulk_query_fails(stand) -> None:
    token = stand.grant("read_customers")
    answer = stand.ask(START, {"query": ORDERS, "grouped": False}, token)
    state = wait(stand, answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"])
    assert (state["status"], state["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_a_right_that_only_a_line_needs_fails_the_whole_of_it(stand) -> None:
    stand.order()
    token = stand.grant("read_orders")
    query = documents.bulk_orders()
    answer = stand.ask(START, {"query": query, "grouped": False}, token)
    state = wait(stand, answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"])
    assert (state["status"], state["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_the_end_of_a_bulk_query_is_told(stand, box) -> None:
    stand.subscribe("BULK_OPERATIONS_FINISH", box.url)
    state = done(stand, ORDERS)
    stand.settle()
    assert box.topics() == ["bulk_operations/finish"]
    assert box.got[0].json["admin_graphql_api_id"] == state["id"]
    assert box.got[0].json["status"] == "completed"
