"""The Admin GraphQL API: one document in, data, errors and cost out."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    get_named_type,
    is_abstract_type,
    parse,
    validate,
)

from adapters.shopify.sandbox import cost, paging, rights, sdl
from adapters.shopify.sandbox.fields import FIELDS
from adapters.shopify.sandbox.fields.ask import LATEST, Answer, Ask
from adapters.shopify.sandbox.refusals import GraphRefusal, Said
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Order


class Request(msgspec.Struct, frozen=True):
    """One call of the API."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")


class Read(msgspec.Struct, frozen=True):
    """A parsed document, or the errors that kept it from being one."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation that would run; None where the name fits none or several."""
        assert self.document is not None
        every = [it for it in self.document.definitions if isinstance(it, OperationDefinitionNode)]
        if name:
            every = [it for it in every if it.name and it.name.value == name]
        return every[0] if len(every) == 1 else None

    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        assert self.document is not None
        found = [it for it in self.document.definitions if isinstance(it, FragmentDefinitionNode)]
        return {it.name.value: it for it in found}


def run(shop: Shop, scopes: frozenset[str], request: Request, version: str = LATEST) -> dict[str, object]:
    """Answer one call; refusals and throttling are part of the answer, as on the platform."""
    read = read_document(request.query)
    if read.errors:
        return {"errors": [_error(error, "undefinedField") for error in read.errors]}
    operation = read.operation(request.operation_name)
    if operation is None:
        return {
            "errors": [{"message": "name the one operation to run", "extensions": {"code": "BAD_REQUEST"}}]
        }
    variables = request.variables or {}
    weigher = cost.Weigher(served(), read.fragments(), _defaults(operation, variables))
    wanted = weigher.weigh(operation)
    if wanted > cost.DEAREST:
        return _too_dear(wanted)
    with shop.lock:
        shop.bucket.refill(shop.clock())
        if wanted > shop.bucket.available:
            return _throttled(shop, wanted)
        ask = Ask(shop, scopes, FIELDS, version=version)
        # The read cache keeps documents; only what changes per call is handed to the executor.
        assert read.document is not None
        result = execute_sync(
            served(),
            read.document,
            context_value=ask,
            variable_values=variables,
            operation_name=request.operation_name,
        )
        actual = weigher.weigh(operation, result.data) if result.data is not None else wanted
        shop.bucket.available -= min(actual, wanted)
        return _answer(shop, ask, result, wanted, min(actual, wanted))


@lru_cache(maxsize=400)
def read_document(text: str) -> Read:
    """Parse and check a document once."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return Read(None, (error,))
    return Read(document, tuple(validate(served(), document)))


@cache
def served() -> GraphQLSchema:
    """Return the schema with every field's answer attached."""
    schema = sdl.schema()
    for name, kind in schema.type_map.items():
        if is_abstract_type(kind):
            kind.resolve_type = _resolve_type(name)
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__"):
            continue
        for field_name, field in kind.fields.items():
            named = get_named_type(field.type).name
            answer = answer_of(name, field_name)
            field.resolve = _resolver(answer, rights.of_field(name, field_name, named), field_name)
    return schema


def answer_of(kind: str, field: str) -> Answer:
    """Return how a field of a type is answered: by its own function, by its pattern, or by the attribute."""
    own = FIELDS.get(kind, {}).get(field)
    if own is not None:
        return own
    if kind.endswith("Connection"):
        return _PAGE[field]
    if kind.endswith("Edge"):
        return _EDGE[field]
    if kind.endswith("Payload"):
        return _complaints if field == "userErrors" else _thing
    return _attribute(re.sub(r"([A-Z])", r"_\1", field).lower())


def _attribute(name: str) -> Answer:
    get = attrgetter(name)
    return lambda it, _: get(it)


def _complaints(it: Said, _: Ask) -> object:
    return it.user_errors


def _thing(it: Said, _: Ask) -> object:
    return it.thing


_PAGE: dict[str, Answer] = {
    "edges": lambda it, _: it.items,
    "nodes": lambda it, _: [thing for _, thing in it.items],
    "pageInfo": lambda it, _: it,
}
_EDGE: dict[str, Answer] = {"cursor": lambda it, _: paging.cursor(it[0]), "node": lambda it, _: it[1]}


def _resolver(answer: Answer, need: str | None, field: str) -> Callable[..., Any]:
    def resolve(it: Any, info: Any, **args: Any) -> Any:
        if need is not None:
            info.context.may(need, field)
        if isinstance(it, Order):
            info.context.order = it
        if args:
            _check_lists(args)
        return answer(it, info.context, **args)

    return resolve


def _resolve_type(abstract: str) -> Callable[..., str]:
    def resolve(it: Any, *_: Any) -> str:
        return sdl.kind_of(it, abstract)

    return resolve


def _check_lists(value: Any) -> None:
    if isinstance(value, dict):
        for part in value.values():
            _check_lists(part)
    elif isinstance(value, list) and len(value) > paging.LARGEST:
        raise GraphRefusal(
            f"a list of {len(value)} is longer than the {paging.LARGEST} allowed", "MAX_INPUT_SIZE_EXCEEDED"
        )


def _defaults(operation: OperationDefinitionNode, variables: dict[str, Any]) -> dict[str, Any]:
    given = {
        it.variable.name.value: getattr(it.default_value, "value", None)
        for it in operation.variable_definitions or ()
        if it.default_value is not None
    }
    return {**given, **variables}


def _answer(shop: Shop, ask: Ask, result: ExecutionResult, wanted: int, actual: int) -> dict[str, object]:
    extensions: dict[str, object] = {
        "cost": {
            "requestedQueryCost": wanted,
            "actualQueryCost": actual,
            "throttleStatus": shop.bucket.status(),
        }
    }
    if ask.searches:
        extensions["search"] = ask.searches
    body: dict[str, object] = {}
    if result.errors:
        body["errors"] = [_error(error, "INVALID_VARIABLE") for error in result.errors]
        shop.asked["refused"] += 1
        if result.data is None and all(error.path is None for error in result.errors):
            return body
    body["data"] = result.data
    body["extensions"] = extensions
    return body


def _error(error: GraphQLError, code: str) -> dict[str, object]:
    """Write an error; one that no field raised is the document's or the variables' own fault."""
    shown: dict[str, object] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": it.line, "column": it.column} for it in error.locations]
    if error.path is not None:
        shown["path"] = error.path
        code = "INTERNAL_SERVER_ERROR"
    shown["extensions"] = {"code": code, **(error.extensions or {})}
    return shown


def _throttled(shop: Shop, wanted: int) -> dict[str, object]:
    shop.asked["throttled"] += 1
    return {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {
            "cost": {
                "requestedQueryCost": wanted,
                "actualQueryCost": None,
                "throttleStatus": shop.bucket.status(),
            }
        },
    }


def _too_dear(wanted: int) -> dict[str, object]:
    return {
        "errors": [
            {
                "message": f"the query costs {wanted}, a single one may cost {cost.DEAREST}",
                "extensions": {"code": "MAX_COST_EXCEEDED", "cost": wanted, "maxCost": cost.DEAREST},
            }
        ]
    }
