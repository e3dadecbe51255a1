"""Protected customer data: an app of level 1 sees nobody's name or address, one of level 0 neither orders nor customers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.shopify.sandbox.launch import options
from connector.port import ShopAdapter, Unauthorized

HOME = "https://loyalty.example/webhooks/shopify"


def test_with_level_2_nothing_is_withheld_and_an_empty_shop_withholds_nothing_yet(
    street: Any, line: ShopAdapter
) -> None:
    assert line.withheld() == ()
    street.busy()
    assert line.withheld() == line.examine(HOME).withheld == ()


def test_with_level_1_every_shape_comes_without_names_and_addresses(
    street: Any, line: ShopAdapter, everything: Any
) -> None:
    ids = street.busy()
    before = {it.id: it for it in everything(line)[1]}
    street.shop.protected = 1
    assert line.withheld() == line.examine(HOME).withheld == ("name", "email")
    people, orders = everything(line)
    assert [(it.email, it.name, it.email_verified) for it in people] == [(None, None, False)] * 2
    assert line.customers(tuple(it.id for it in people)) == {it.id: it for it in people}
    nameless = {key: msgspec.structs.replace(it, email=None) for key, it in before.items()}
    assert {it.id: it for it in orders} == nameless == line.orders(tuple(ids.values()))


def test_with_level_1_webhooks_come_without_them_too(street: Any, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    street.shop.protected = 1
    anna = street.customer("anna")
    street.order(customer_id=anna, email="anna@example.com")
    street.quiet()
    told = {it.topic: it.body.decode().lower() for it in street.house.kept}
    assert set(told) == {"customers/create", "orders/create", "orders/paid", "orders/updated"}
    assert not any(word in body for word in ("anna", "bakker") for body in told.values())
    street.shop.protected = 0
    street.customer("bert")
    street.quiet()
    assert len(street.house.kept) == len(told)


@pytest.mark.parametrize("read", ["counts", "history", "withheld", "examine", "orders"])
def test_with_level_0_all_is_refused_with_what_to_do(street: Any, line: ShopAdapter, read: str) -> None:
    street.busy()
    street.shop.protected = 0
    asks = {
        "counts": line.counts,
        "history": lambda: list(line.history(None)),
        "withheld": line.withheld,
        "examine": lambda: line.examine(HOME),
        "orders": lambda: line.orders((str(next(iter(street.shop.orders)).id),)),
    }
    with pytest.raises(Unauthorized, match="protected customer data"):
        asks[read]()


def test_the_level_can_be_chosen_on_the_command_line() -> None:
    assert options().parse_args([]).protected == 2
    assert options().parse_args(["--protected", "1"]).protected == 1
