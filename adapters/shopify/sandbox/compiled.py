"""Bulk queries turned into plain functions: a million fields one by one would take the executor minutes."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_scalar_type,
    parse,
)
from graphql.execution.values import get_argument_values

from adapters.shopify.sandbox import paging, rights, sdl
from adapters.shopify.sandbox.fields.ask import Answer, Ask
from adapters.shopify.sandbox.things import Order

Answers = dict[str, dict[str, Answer]]
Value = Callable[[Any, Ask], Any]
Row = dict[str, Any]


class Branch(msgspec.Struct):
    """How one node becomes a row, and which connections hang below it."""

    kind: Any
    write: Callable[[Any, Ask], Row]
    below: list[tuple[Answer, dict[str, Any], "Branch"]]

    def rows(
        self, thing: object, ask: Ask, parent: str | None = None, depth: int = 0
    ) -> Iterator[tuple[int, Row]]:
        """Yield the node's row and those below it, each with its depth."""
        if isinstance(thing, Order):
            ask.order = thing
        row = self.write(thing, ask)
        if parent is not None:
            row["__parentId"] = parent
        yield depth, row
        for answer, args, branch in self.below:
            for _, child in answer(thing, ask, **args).items:
                yield from branch.rows(child, ask, row["id"], depth + 1)


class Root(msgspec.Struct):
    """One connection at the top of a bulk query."""

    field: str
    needs: frozenset[str]  # the rights that it and everything below it ask for
    answer: Answer
    args: dict[str, Any]
    branch: Branch

    def things(self, ask: Ask) -> list[object]:
        """Return everything the connection holds now."""
        return [thing for _, thing in self.answer(None, ask, **self.args).items]


def roots(query: str, answers: Answers) -> list[Root]:
    """Turn a checked bulk query into its roots."""
    document = parse(query)
    operation = next(it for it in document.definitions if isinstance(it, OperationDefinitionNode))
    reader = _Reader(document.definitions)
    kind = sdl.schema().query_type
    assert kind is not None
    found = []
    for field, _ in reader.fields(operation.selection_set, kind):
        answer, args, branch = reader.connection(field, kind, answers["QueryRoot"][field.name.value])
        found.append(Root(field.name.value, frozenset(reader.needs), answer, args, branch))
        reader.needs.clear()
    return found


class _Reader:
    """Walks the selections of one document."""

    def __init__(self, definitions: Any) -> None:
        named = [it for it in definitions if isinstance(it, FragmentDefinitionNode)]
        self._fragments = {it.name.value: it for it in named}
        self.needs: set[str] = set()

    def connection(
        self, field: FieldNode, parent: Any, answer: Answer
    ) -> tuple[Answer, dict[str, Any], Branch]:
        """Return how to read all of a connection, and its nodes."""
        definition = parent.fields[field.name.value]
        self._note(parent, field)
        args = {**get_argument_values(definition, field), "first": paging.EVERYTHING}
        for unused in ("last", "after", "before"):
            args.pop(unused, None)
        assert field.selection_set is not None
        edge = get_named_type(get_named_type(definition.type).fields["edges"].type)
        node = _inner(_inner(field, "edges"), "node")
        assert node.selection_set is not None
        return answer, args, self.branch(node.selection_set, get_named_type(edge.fields["node"].type))

    def branch(self, selections: SelectionSetNode, kind: Any) -> Branch:
        """Return how a node is written, its connections kept apart."""
        values: list[tuple[str, Value]] = []
        below = []
        for field, owner in self.fields(selections, kind):
            named = get_named_type(_type_of(owner, field))
            if named.name.endswith("Connection"):
                answer = self._answer(owner.name, field.name.value)
                below.append(self.connection(field, owner, answer))
            else:
                values.append((_key(field), self.value(field, owner)))
        return Branch(kind, _writer(values), below)

    def value(self, field: FieldNode, owner: Any) -> Value:
        """Return how one field of a thing is read and written."""
        name = field.name.value
        if name == "__typename":
            return lambda *_: owner.name
        kind = _type_of(owner, field)
        self._note(owner, field)
        answer = self._answer(owner.name, name)
        args = get_argument_values(owner.fields[name], field)
        finish = self._finish(field, kind)
        if finish is None:
            return (lambda thing, ask: answer(thing, ask, **args)) if args else answer
        return lambda thing, ask: finish(answer(thing, ask, **args), ask)

    def _finish(self, field: FieldNode, kind: Any) -> Value | None:
        """Return how a field's value becomes JSON; None where it is JSON already."""
        kind = get_nullable_type(kind)
        if is_list_type(kind):
            inner = self._finish(field, kind.of_type)
            return None if inner is None else lambda found, ask: [inner(one, ask) for one in found]
        if is_composite_type(kind):
            assert field.selection_set is not None
            write = self._composite(field.selection_set, kind)
            return lambda found, ask: None if found is None else write(found, ask)
        if is_scalar_type(kind) and kind.name == "DateTime":
            return lambda found, _: None if found is None else sdl.iso(found)
        return None

    def _composite(self, selections: SelectionSetNode, kind: Any) -> Callable[[Any, Ask], Row]:
        if not is_abstract_type(kind):
            write = _writer(
                [(_key(one), self.value(one, owner)) for one, owner in self.fields(selections, kind)]
            )
            return _remembered(write) if kind.name in ("MoneyBag", "MoneyV2") else write
        writers = {
            possible.name: _writer(
                [(_key(one), self.value(one, owner)) for one, owner in self.fields(selections, possible)]
            )
            for possible in sdl.schema().get_possible_types(kind)
        }
        return lambda found, ask: writers[sdl.kind_of(found, kind.name)](found, ask)

    def fields(self, selections: SelectionSetNode, kind: Any) -> list[tuple[FieldNode, Any]]:
        """Flatten fragments that fit the type."""
        found: list[tuple[FieldNode, Any]] = []
        for one in selections.selections:
            match one:
                case FieldNode():
                    found.append((one, kind))
                case InlineFragmentNode() if self._fits(one.type_condition, kind):
                    found += self.fields(one.selection_set, kind)
                case FragmentSpreadNode():
                    fragment = self._fragments[one.name.value]
                    if self._fits(fragment.type_condition, kind):
                        found += self.fields(fragment.selection_set, kind)
                case _:
                    continue
        return found

    def _fits(self, condition: Any, kind: Any) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = sdl.schema().type_map[condition.name.value]
        return is_abstract_type(wanted) and sdl.schema().is_sub_type(wanted, kind)

    def _note(self, owner: Any, field: FieldNode) -> None:
        need = rights.of_field(owner.name, field.name.value, get_named_type(_type_of(owner, field)).name)
        if need is not None:
            self.needs.add(need)

    def _answer(self, kind: str, field: str) -> Answer:
        from adapters.shopify.sandbox import graph

        return graph.answer_of(kind, field)


def _type_of(owner: Any, field: FieldNode) -> Any:
    name = field.name.value
    return sdl.schema().type_map["String"] if name == "__typename" else owner.fields[name].type


def _inner(field: FieldNode, name: str) -> FieldNode:
    assert field.selection_set is not None
    return next(
        one for one in field.selection_set.selections if isinstance(one, FieldNode) and one.name.value == name
    )


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


def _remembered(write: Callable[[Any, Ask], Row]) -> Callable[[Any, Ask], Row]:
    """Write each amount once: a shop's prices repeat, and nobody changes a row after it was written."""
    known: dict[tuple[int, str, int], Row] = {}

    def recall(amount: int, ask: Ask) -> Row:
        key = (amount, "", 0) if ask.order is None else (amount, ask.order.presentment, ask.order.rate)
        if key not in known:
            known[key] = write(amount, ask)
        return known[key]

    return recall


def _writer(values: list[tuple[str, Value]]) -> Callable[[Any, Ask], Row]:
    def write(thing: Any, ask: Ask) -> Row:
        return {key: value(thing, ask) for key, value in values}

    return write
