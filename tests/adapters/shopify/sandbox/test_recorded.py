"""Held against recorded answers of the real platform: what queries cost, and which bulk queries are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import GraphQLError

from adapters.shopify.sandbox import bulk_rules, graph
from adapters.shopify.sandbox.cost import Weigher


def exchanges(found: Any) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield every query with its variables and its answer, however deep a recording keeps them."""
    if isinstance(found, list):
        for one in found:
            yield from exchanges(one)
    if isinstance(found, dict):
        answer = found.get("response") or found.get("payload") or found.get("body")
        if isinstance(found.get("query"), str) and isinstance(answer, dict):
            answer = answer.get("payload") or answer.get("body") or answer
            yield found["query"], found.get("variables") or {}, answer
        for one in found.values():
            yield from exchanges(one)


def recorded(shared: Path) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for file in sorted((shared / "shopify" / "recordings").glob("*/*/*.json")):
        yield from exchanges(json.loads(file.read_text()))


def test_queries_cost_what_they_cost_on_the_platform(shared: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    for query, variables, answer in recorded(shared):
        cost = (answer.get("extensions") or {}).get("cost")
        try:
            read = graph.read_document(query)
        except (GraphQLError, KeyError):
            continue
        operation = None if read.errors else read.operation(None)
        if cost is None or operation is None or "__type(" in query:
            continue
        ours = Weigher(graph.served(), read.fragments(), variables).weigh(operation)
        seen[query] = (ours, cost["requestedQueryCost"])
    wrong = {query: both for query, both in seen.items() if both[0] != both[1]}
    assert len(seen) >= 35
    assert wrong == {}


def test_bulk_queries_are_refused_where_the_platform_refuses_them(shared: Path) -> None:
    file = shared / "shopify/recordings/2026-04/bulk-operations/bulk-operation-run-query-validators.json"
    cases = json.loads(file.read_text())["validations"]
    assert len(cases) >= 7
    for name, case in cases.items():
        theirs = case["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
        ours = bulk_rules.complaints(case["variables"]["query"])
        assert {(tuple(it["field"]), it["code"]) for it in theirs} == {
            (tuple(it.field or ()), it.code) for it in ours
        }, name
