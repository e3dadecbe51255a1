"""Who asks, with which rights; and the shapes that several types of fields share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from adapters.shopify.sandbox.refusals import GraphRefusal
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Order

Answer = Callable[..., Any]
LATEST = "2026-10"


class Ask(msgspec.Struct):
    """One request: the shop, the token's scopes, the API's version, and what is to be said about its searches."""

    shop: Shop
    scopes: frozenset[str]
    answers: "dict[str, dict[str, Answer]]"
    searches: list[dict[str, object]] = []
    version: str = LATEST
    order: Order | None = None  # whose fields are being answered: amounts have its currency beside the shop's

    def may(self, scope: str, what: str) -> None:
        """Raise GraphRefusal where the token lacks the scope; the right to write includes the right to read.

        An app that is not approved for any protected customer data is refused orders and customers altogether.
        """
        if self.shop.protected < 1 and scope.partition("_")[2] in ("orders", "customers"):
            raise GraphRefusal(f"this app is not approved to access {what}", "ACCESS_DENIED")
        if scope not in self.scopes and scope.replace("read_", "write_", 1) not in self.scopes:
            raise GraphRefusal(f"access denied for {what}: the scope {scope} is missing", "ACCESS_DENIED")


def personal(answer: Answer) -> Answer:
    """Leave the field empty, without a word, where the app is not approved for what is personal (level 2)."""
    return lambda it, ask: answer(it, ask) if ask.shop.protected > 1 else None


class Counted(NamedTuple):
    """How many; `exact` is False where counting stopped at a limit."""

    count: int  # type: ignore[assignment]
    exact: bool = True


def gid(kind: str, number: int) -> str:
    """Return a thing's global id."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str, *kinds: str) -> int | None:
    """Return the number inside a global id of one of these kinds; None for the id of something else."""
    for kind in kinds:
        head, number = f"gid://shopify/{kind}/", global_id.rpartition("/")[2].partition("?")[0]
        if global_id.startswith(head) and number.isdigit():
            return int(number)
    return None
