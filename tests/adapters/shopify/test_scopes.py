"""The rights asked for are those that our documents and topics need by Shopify's own table: no more, no fewer."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    visit,
)

from adapters.shopify import documents, settings, subscriptions
from adapters.shopify.sandbox import rights

# What the table does not list: `tagsAdd` takes the right of whatever is tagged; the storefront's address is no document.
BESIDE_THE_TABLE = {"write_customers", "write_app_proxy"}
# The optional ones are asked for inside the app, by whoever wants what they are for.
ASKED = frozenset(settings.SCOPES) | frozenset(settings.OPTIONAL)
DOCUMENTS = documents.EVERY | {
    "bulk customers": documents.bulk_customers(),
    "bulk orders": documents.bulk_orders(),
}


class Scoped(msgspec.Struct, frozen=True):
    """What a type, or one field of it, asks for: any one of these rights."""

    type: str
    type_name: str = msgspec.field(name="typeName")
    field_name: str = msgspec.field(name="fieldName", default="")
    offline_scopes: tuple[str, ...] = msgspec.field(name="offlineScopes", default=())


class Reference(msgspec.Struct, frozen=True):
    """Shopify's schema with its table of scopes, and what it says of each webhook topic."""

    schema: GraphQLSchema
    types: dict[str, tuple[str, ...]]
    fields: dict[tuple[str, str], tuple[str, ...]]
    topics: dict[str, str]


class _Needs(Visitor):
    """Collects, for every field of a document, the lists of rights of which one each is needed."""

    def __init__(self, reference: Reference, info: TypeInfo) -> None:
        super().__init__()
        self.found: dict[tuple[str, ...], str] = {}
        self._reference, self._info = reference, info

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, returned = self._info.get_parent_type(), self._info.get_type()
        if parent is None or returned is None:
            return
        place = f"{parent.name}.{node.name.value}"
        own = self._reference.fields.get((parent.name, node.name.value), ())
        for scopes in (own, self._reference.types.get(get_named_type(returned).name, ())):
            if scopes:
                self.found.setdefault(scopes, place)


@pytest.fixture(scope="module")
def reference(shared: Path) -> Reference:
    with gzip.open(shared / "shopify" / "admin_schema_2026-10.json.gz") as file:
        told = json.load(file)
    rows = msgspec.convert(told["offline_scopes"]["items"], list[Scoped])
    enum = next(it for it in told["data"]["__schema"]["types"] if it["name"] == "WebhookSubscriptionTopic")
    return Reference(
        build_client_schema(told["data"], assume_valid=True),
        {it.type_name: it.offline_scopes for it in rows if it.type == "type"},
        {(it.type_name, it.field_name): it.offline_scopes for it in rows if it.type == "field"},
        {it["name"]: it["description"] for it in enum["enumValues"]},
    )


def needs(reference: Reference, document: str) -> dict[tuple[str, ...], str]:
    """Return each list of rights of which the document needs one, with the first place that needs it."""
    info = TypeInfo(reference.schema)
    visitor = _Needs(reference, info)
    visit(parse(document), TypeInfoVisitor(info, visitor))
    return visitor.found


def rights_of_topic(text: str) -> tuple[str, ...]:
    """Return the rights of which a topic needs one, from the sentence that names them."""
    named = re.search(r"Requires (?:the|at least one of the following scopes:)\s*([^.]*)", text)
    return tuple(re.findall(r"(?:read|write)_\w+", named[1])) if named else ()


def pairs(reference: Reference) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, document in DOCUMENTS.items():
        for scopes, place in needs(reference, document).items():
            yield f"{name}: {place}", scopes
    for topic in subscriptions.TOPICS:
        scopes = rights_of_topic(reference.topics[topic.replace("/", "_").upper()])
        if scopes:
            yield topic, scopes


def first_asked(scopes: tuple[str, ...]) -> set[str]:
    """Return the right of the list that we ask for; the right to write holds the right to read."""
    for right in scopes:
        if right in ASKED:
            return {right}
    return {w for it in scopes if (w := it.replace("read_", "write_", 1)) in ASKED}


def test_every_right_that_is_needed_is_asked_for(reference: Reference) -> None:
    lacking = {place: scopes for place, scopes in pairs(reference) if not first_asked(scopes)}
    assert lacking == {}


def test_every_right_that_is_asked_for_is_needed(reference: Reference) -> None:
    needed = set[str]().union(*(first_asked(scopes) for _, scopes in pairs(reference)))
    assert set(settings.SCOPES) - needed - BESIDE_THE_TABLE == set()
    assert {"read_orders", "read_customers", "read_products", "read_customer_merge"} <= needed
    assert {"read_discounts", "write_discounts"} <= needed
    assert set(settings.OPTIONAL) == needed - set(settings.SCOPES)


def test_a_field_with_a_right_of_its_own_would_be_caught(reference: Reference) -> None:
    found = needs(reference, "{ orders(first: 1) { nodes { id returns(first: 1) { nodes { id } } } } }")
    assert any("read_returns" in scopes for scopes in found)
    assert not any(first_asked(scopes) for scopes in found if "read_returns" in scopes)


def test_the_sandbox_demands_what_the_table_says(reference: Reference) -> None:
    demanded = {name: need for name, need in rights.THINGS.items() if not name.endswith("Connection")}
    assert {name for name, need in demanded.items() if need not in reference.types[name]} == set()
    told = {name: rights_of_topic(text) for name, text in reference.topics.items()}
    assert {name for name, need in rights.TOPICS.items() if need not in told[name]} == set()
    ours = {topic.replace("/", "_").upper() for topic in subscriptions.TOPICS}
    assert {it for it in ours if told[it]} - set(rights.TOPICS) == set()
