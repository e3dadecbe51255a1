"""What is served is a part of the real schema: same names, fitting types, nothing deprecated."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    build_client_schema,
    is_enum_type,
    is_input_object_type,
    is_required_argument,
    is_required_input_field,
    is_union_type,
    parse,
    validate,
)

from adapters.shopify import documents
from adapters.shopify.sandbox import graph, sdl

Row = tuple[str, Any, Any]


@pytest.fixture(scope="module")
def real(shared: Path) -> GraphQLSchema:
    with gzip.open(shared / "shopify" / "admin_schema_2026-10.json.gz") as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


def test_every_type_that_is_served_exists_in_the_real_schema_and_is_of_the_same_kind(
    real: GraphQLSchema,
) -> None:
    wrong = [
        name
        for name, kind in _served().items()
        if name not in real.type_map or type(real.type_map[name]) is not type(kind)
    ]
    assert len(_served()) > 100
    assert wrong == []


def test_every_field_has_the_real_type_and_is_not_deprecated(real: GraphQLSchema) -> None:
    fields = list(_fields(real))
    assert len(fields) > 400
    assert [name for name, _, theirs in fields if theirs is None] == []
    assert [name for name, ours, theirs in fields if str(ours.type) != str(theirs.type)] == []
    assert [name for name, _, theirs in fields if theirs.deprecation_reason] == []


def test_every_argument_has_the_real_type_and_default_and_none_that_is_required_is_missing(
    real: GraphQLSchema,
) -> None:
    wrong = []
    for name, ours, theirs in _fields(real):
        if isinstance(getattr(ours, "args", None), dict):
            for key, argument in ours.args.items():
                other = theirs.args.get(key)
                if (
                    other is None
                    or str(other.type) != str(argument.type)
                    or _default(other) != _default(argument)
                ):
                    wrong.append(f"{name}({key})")
            wrong += [
                f"{name}({key}) missing"
                for key, it in theirs.args.items()
                if is_required_argument(it) and key not in ours.args
            ]
    assert wrong == []


def test_every_enum_value_and_every_member_of_a_union_is_real(real: GraphQLSchema) -> None:
    wrong = []
    for name, kind in _served().items():
        other: Any = real.type_map[name]
        if is_enum_type(kind):
            values = [
                key for key in kind.values if key not in other.values or other.values[key].deprecation_reason
            ]
            wrong += [f"{name}.{key}" for key in values]
        if is_union_type(kind):
            members = {it.name for it in other.types}
            wrong += [f"{name}: {it.name}" for it in kind.types if it.name not in members]
    assert wrong == []


def test_no_input_field_that_the_platform_requires_is_missing(real: GraphQLSchema) -> None:
    wrong = []
    for name, kind in _served().items():
        if is_input_object_type(kind):
            other: Any = real.type_map[name]
            assert isinstance(kind, GraphQLInputObjectType)
            assert kind.is_one_of == other.is_one_of
            needed = [key for key, it in other.fields.items() if is_required_input_field(it)]
            wrong += [f"{name}.{key}" for key in needed if key not in kind.fields]
    assert wrong == []


def test_the_check_would_notice_a_type_that_differs(real: GraphQLSchema) -> None:
    assert str(GraphQLNonNull(real.type_map["Order"])) == "Order!"  # type: ignore[arg-type]
    assert "Order.totalPrice" not in [name for name, _, _ in _fields(real)]
    assert real.type_map["Order"].fields["totalPrice"].deprecation_reason  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(documents.EVERY))
def test_the_adapters_documents_are_served(name: str) -> None:
    assert validate(graph.served(), parse(documents.EVERY[name])) == []


def _served() -> dict[str, Any]:
    return {
        name: kind
        for name, kind in sdl.schema().type_map.items()
        if not name.startswith("__") and not (isinstance(kind, GraphQLScalarType) and kind.name in _BUILT_IN)
    }


_BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def _default(argument: Any) -> Any:
    return (
        argument.default.value
        if argument.default is not None and hasattr(argument.default, "value")
        else None
    )


def _fields(real: GraphQLSchema) -> Any:
    for name, kind in _served().items():
        for key, field in getattr(kind, "fields", {}).items():
            yield f"{name}.{key}", field, getattr(real.type_map[name], "fields", {}).get(key)
