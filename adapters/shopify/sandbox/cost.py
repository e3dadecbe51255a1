"""What a query costs, and the leaky bucket it is paid from.

The weights were fitted to recorded answers: an object or a list of objects 1, a mutation or a count 10, a page 2 plus
one child for every power of 1.7 in its size; money, page information and what a mutation hands back are free.
"""

import math
from datetime import datetime
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

DEAREST = 1000  # of a single query
_FREE = {"MoneyBag", "MoneyV2", "PageInfo", "UserError", "DiscountUserError", "BulkOperationUserError"}
_FREE |= {"MetafieldsSetUserError", "MetafieldDefinitionCreateUserError"}
_FREE |= {"GiftCardUserError", "StoreCreditAccountCreditUserError"}
_FLAT = 10
_GROWTH = 1.7


class Bucket(msgspec.Struct):
    """Points that can be spent now; they come back with time."""

    maximum: int = 2000
    per_second: int = 100
    available: float = 2000.0
    at: datetime | None = None

    def refill(self, now: datetime) -> None:
        """Let in what came back since the last look."""
        if self.at is not None:
            passed = max(0.0, (now - self.at).total_seconds())
            self.available = min(self.maximum, self.available + passed * self.per_second)
        self.at = now

    def status(self) -> dict[str, object]:
        """Say it as the platform does."""
        return {
            "maximumAvailable": float(self.maximum),
            "currentlyAvailable": int(self.available),
            "restoreRate": float(self.per_second),
        }


class Weigher:
    """Weighs one operation: as asked, or as answered when given the data."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> None:
        self._schema, self._fragments, self._variables = schema, fragments, variables

    def weigh(self, operation: OperationDefinitionNode, data: object = None) -> int:
        """Return the points; at least 1."""
        mutation = operation.operation is OperationType.MUTATION
        root = self._schema.mutation_type if mutation else self._schema.query_type
        assert root is not None
        if mutation:
            roots = [it for it in self._fields(operation.selection_set, root) if self._included(it[0])]
            return max(1, sum(_FLAT + self._payload(it, kind, data) for it, kind in roots))
        return max(1, self._set(operation.selection_set, root, data if isinstance(data, dict) else None))

    def _payload(self, field: FieldNode, root: Any, data: object) -> int:
        """Weigh what hangs below the things a mutation hands back."""
        kind = get_named_type(root.fields[field.name.value].type)
        value = data.get(_key(field)) if isinstance(data, dict) else None
        if field.selection_set is None or (data is not None and value is None):
            return 0
        total = 0
        for part, _ in self._fields(field.selection_set, kind):
            named = (
                get_named_type(kind.fields[part.name.value].type) if part.name.value in kind.fields else None
            )
            if part.selection_set is None or named is None or named.name in _FREE:
                continue
            inner = None if value is None else value.get(_key(part))
            if value is None or inner is not None:
                total += self._set(part.selection_set, named, inner)
        return total

    def _set(self, selections: SelectionSetNode, parent: Any, data: dict[str, Any] | None) -> int:
        total = 0
        for field, kind in self._fields(selections, parent):
            if not self._included(field):
                continue
            key = _key(field)
            if data is not None and data.get(key) is None:
                continue
            total += self._field(field, kind, None if data is None else data[key])
        return total

    def _field(self, field: FieldNode, kind: Any, value: Any) -> int:
        definition = getattr(kind, "fields", {}).get(field.name.value)
        if definition is None:
            return 0
        named = get_named_type(definition.type)
        if named.name == "Count":
            return _FLAT
        if not is_composite_type(named) or field.selection_set is None:
            return 0
        if named.name.endswith("Connection"):
            return self._page(field, named, value)
        if isinstance(value, list):
            value = value[0] if value and isinstance(value[0], dict) else None
        own = 0 if named.name in _FREE else 1
        return own + self._set(field.selection_set, named, value)

    def _page(self, field: FieldNode, named: Any, value: Any) -> int:
        assert field.selection_set is not None
        size = self._size(field)
        children = 0
        for part, _ in self._fields(field.selection_set, named):
            inner, child_type = part.selection_set, named.fields.get(part.name.value)
            if inner is None or child_type is None or part.name.value == "pageInfo":
                continue
            child, first = get_named_type(child_type.type), None
            if value is not None:
                rows = value.get(_key(part)) or []
                size, first = len(rows), rows[0] if rows else {}
            if part.name.value == "edges":
                edge = [it for it, _ in self._fields(inner, child) if it.name.value == "node"]
                child = get_named_type(child.fields["node"].type)
                first = first.get("node") if first else first
                children = max(
                    [1 + self._set(it.selection_set, child, first) for it in edge if it.selection_set],
                    default=0,
                )
            else:
                children = 1 + self._set(inner, child, first)
        return 2 + (children * max(1, int(math.log(size, _GROWTH))) if size else 0)

    def _size(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    return int(self._variables.get(argument.value.name.value) or 0)
        return 0

    def _included(self, field: FieldNode) -> bool:
        for directive in field.directives or ():
            value = (directive.arguments or ())[0].value
            on = (
                self._variables.get(value.name.value)
                if isinstance(value, VariableNode)
                else getattr(value, "value", True)
            )
            if bool(on) != (directive.name.value == "include"):
                return False
        return True

    def _fields(self, selections: SelectionSetNode, parent: Any) -> list[tuple[FieldNode, Any]]:
        """Flatten fragments; a field of a type condition belongs to that type."""
        found: list[tuple[FieldNode, Any]] = []
        for one in selections.selections:
            if isinstance(one, FieldNode):
                found.append((one, parent))
            elif isinstance(one, InlineFragmentNode):
                kind = self._schema.type_map[one.type_condition.name.value] if one.type_condition else parent
                found += self._fields(one.selection_set, kind)
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                kind = self._schema.type_map[fragment.type_condition.name.value]
                found += self._fields(fragment.selection_set, kind)
        return found


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
