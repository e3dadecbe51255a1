"""One call to the shop's REST interface, and the list of routes that answer it."""

import re
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from adapters.magento.sandbox.problems import Problem, required
from adapters.magento.sandbox.shop import Shop


class Ask(msgspec.Struct, frozen=True):
    """What a route is given: the numbers or words of its path, the raw query, and the body as JSON."""

    path: tuple[str, ...] = ()
    query: str = ""
    body: dict[str, Any] = {}
    base_url: str = ""
    rows: tuple[dict[str, Any], ...] = ()  # of a body that is a list

    @property
    def id(self) -> int:
        return int(self.path[0])

    def part(self, name: str) -> dict[str, Any]:
        """Return the object that the body wraps; raise Problem 400 when it is not there."""
        if name not in self.body:
            raise required(name)
        value = self.body[name]
        if not isinstance(value, dict):
            raise Problem(
                400,
                'The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.',
                {"value": str(value), "type": name},
            )
        return value


Answer = Callable[[Shop, Ask], object]


class Route(msgspec.Struct, frozen=True):
    """`right` is the resource an integration needs; empty: anyone may call. `module`: whose it is, if not Magento's."""

    method: str
    pattern: re.Pattern[str]
    right: str
    answer: Answer
    module: str = ""


ROUTES: list[Route] = []


def route(method: str, path: str, right: str, module: str = "") -> Callable[[Answer], Answer]:
    """Register an answer for a path such as `orders/:id`; `:id` is a number, `:word` anything without a slash."""
    spelled = path.replace(":id", r"(\d+)").replace(":word", r"([^/]+)")

    def register(answer: Answer) -> Answer:
        ROUTES.append(Route(method, re.compile(spelled), right, answer, module))
        return answer

    return register


def find(method: str, path: str, installed: Collection[str] = ()) -> tuple[Route, tuple[str, ...]] | None:
    """Return the route of a path and what its variables stand for; None when there is no such route in this shop."""
    for one in ROUTES:
        here = one.method == method and one.module in ("", *installed)
        match = one.pattern.fullmatch(path) if here else None
        if match is not None:
            return one, match.groups()
    return None
