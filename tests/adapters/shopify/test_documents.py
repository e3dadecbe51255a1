"""Every document we send is good in the real schema of the API version we pin, without one deprecated element."""

import gzip
import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, NoDeprecatedCustomRule, build_client_schema, parse, validate

from adapters.shopify import documents

VERSIONS = ("2026-10", "2026-07")
DOCUMENTS = documents.EVERY | {
    "bulk customers": documents.bulk_customers("updated_at:>='2026-11-01T00:00:00Z'"),
    "bulk orders": documents.bulk_orders(),
}


@pytest.fixture(scope="module", params=VERSIONS)
def schema(request: pytest.FixtureRequest, shared: Path) -> GraphQLSchema:
    with gzip.open(shared / "shopify" / f"admin_schema_{request.param}.json.gz") as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_and_uses_nothing_deprecated(schema: GraphQLSchema, name: str) -> None:
    tree = parse(DOCUMENTS[name])
    assert validate(schema, tree) == []
    assert validate(schema, tree, [NoDeprecatedCustomRule]) == []


def test_a_document_with_a_deprecated_field_would_be_caught(schema: GraphQLSchema) -> None:
    tree = parse("{ orders(first: 1) { nodes { totalPrice } } }")
    assert validate(schema, tree, [NoDeprecatedCustomRule]) != []


def test_every_operation_is_listed_under_its_own_name() -> None:
    written = {
        value
        for name, value in vars(documents).items()
        if name.isupper() and isinstance(value, str) and name[0] != "_"
    }
    assert set(documents.EVERY.values()) == written
    for name, text in documents.EVERY.items():
        assert re.search(rf"(query|mutation) {name}\b", text), name


@pytest.mark.parametrize("query", [documents.bulk_customers(), documents.bulk_orders()])
def test_a_bulk_query_keeps_the_rules_the_schema_does_not_show(query: str) -> None:
    assert "nodes {" not in query
    assert query.count("edges") <= 5
    assert len(query) < 65_536
