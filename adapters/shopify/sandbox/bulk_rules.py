"""What the platform refuses as a bulk query, in the order in which it says so."""

from typing import Any

import msgspec
from graphql import (
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)

from adapters.shopify.sandbox.refusals import Complaint

LONGEST = 65_535
DEEPEST = 2
MOST = 5


class Found(msgspec.Struct, frozen=True):
    """One connection inside a bulk query. `depth` is 0 at the root; `has_id` is about its own node."""

    name: str
    depth: int
    in_list: bool
    by_edges: bool
    has_id: bool
    parents: bool  # further connections hang below it


def complaints(query: str) -> list[Complaint]:
    """Return why this cannot run; empty when it can."""
    from adapters.shopify.sandbox import sdl

    if len(query.encode()) > LONGEST:
        return [_bad(f"a bulk query has at most {LONGEST} bytes")]
    try:
        document = parse(query)
    except GraphQLError as error:
        return [_bad(f"this is no query: {error.message}")]
    operations = [it for it in document.definitions if isinstance(it, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return [_bad("a bulk query is one query operation")]
    wrong = [error for error in validate(sdl.schema(), document) if "fragment" not in error.message.lower()]
    if wrong:
        return [_bad(error.message) for error in wrong]
    root = sdl.schema().query_type
    roots = [one for one in operations[0].selection_set.selections if isinstance(one, FieldNode)]
    found = _connections(operations[0].selection_set, root, 0, False)
    return _top(roots, found) or _shape(found)


def _top(roots: list[FieldNode], found: list[Found]) -> list[Complaint]:
    wrong = []
    if any(one.name.value in ("node", "nodes") for one in roots):
        wrong.append(_bad("a bulk query has no `node` at its top"))
    if not found:
        wrong.append(_bad("a bulk query has at least one connection"))
    return wrong


def _shape(found: list[Found]) -> list[Complaint]:
    by_nodes = [it.name for it in found if not it.by_edges]
    if by_nodes:
        return [
            _bad(f"connections are read by edges and node in a bulk query, not so: {', '.join(by_nodes)}")
        ]
    if any(it.in_list for it in found):
        return [_bad("a connection inside a list cannot be read in a bulk query")]
    if any(it.depth > DEEPEST for it in found):
        return [_bad(f"connections are nested at most {DEEPEST} deep in a bulk query")]
    if len(found) > MOST:
        return [_bad(f"a bulk query has at most {MOST} connections")]
    nameless = [it.name for it in found if it.parents and not it.has_id]
    if nameless:
        return [_bad(f"a node with connections below it is read with its id, not so: {', '.join(nameless)}")]
    return []


def _bad(message: str) -> Complaint:
    return Complaint(message, ["query"], "INVALID")


def _connections(selections: SelectionSetNode, kind: object, depth: int, in_list: bool) -> list[Found]:
    """Return every connection below, outer ones before inner ones."""
    from adapters.shopify.sandbox import sdl

    found: list[Found] = []
    for one in selections.selections:
        if isinstance(one, InlineFragmentNode):
            inner = sdl.schema().type_map[one.type_condition.name.value] if one.type_condition else kind
            found += _connections(one.selection_set, inner, depth, in_list)
        if not isinstance(one, FieldNode) or one.selection_set is None:
            continue
        field = getattr(kind, "fields", {}).get(one.name.value)
        if field is None:
            continue
        named = get_named_type(field.type)
        listed = in_list or is_list_type(get_nullable_type(field.type))
        if named.name.endswith("Connection"):
            found += _connection(one, named, depth, in_list)
        else:
            found += _connections(one.selection_set, named, depth, listed)
    return found


def _connection(field: FieldNode, named: Any, depth: int, in_list: bool) -> list[Found]:
    assert field.selection_set is not None
    parts = {one.name.value: one for one in field.selection_set.selections if isinstance(one, FieldNode)}
    edges = parts.get("edges")
    if edges is None or edges.selection_set is None:
        return [Found(field.name.value, depth, in_list, False, False, False)]
    nodes = [
        one
        for one in edges.selection_set.selections
        if isinstance(one, FieldNode) and one.name.value == "node" and one.selection_set
    ]
    kind: Any = get_named_type(named.fields["edges"].type)
    below: list[Found] = []
    plain: set[str] = set()
    for node in nodes:
        assert node.selection_set is not None
        below += _connections(node.selection_set, get_named_type(kind.fields["node"].type), depth + 1, False)
        plain |= {
            one.name.value
            for one in node.selection_set.selections
            if isinstance(one, FieldNode) and one.alias is None
        }
    own = Found(field.name.value, depth, in_list, bool(nodes), "id" in plain, bool(below))
    return [own, *below]
