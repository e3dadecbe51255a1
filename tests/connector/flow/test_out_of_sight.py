"""What the shop does not show, or shows no more: old orders, erased messages, tokens of a shop that has gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    NotReady,
    OrderChanged,
    OrderTouched,
    ShopRemoved,
    TryLater,
)
from connector.rounds import lines
from connector.store import inbox, runs, shops, vaults
from connector.store.tables import inbox as messages
from connector.store.tables import orders


def test_an_order_too_old_to_be_shown_keeps_its_points(world: Any, start: Any, make: Any) -> None:
    start()
    old, new = make.order(1, 60, make.NOW - 70 * make.DAY), make.order(2, 40, make.NOW - 10 * make.DAY)
    world.tell(CustomerChanged(make.person()))
    world.happen(old, new)
    assert world.balance() == 100
    world.corner.hides_before = make.NOW - 50 * make.DAY
    assert world.reconcile() == 0
    world.tell(OrderTouched("1"))  # a refund of it, say
    assert world.balance() == 100
    del world.corner.order_book["2"]
    assert world.reconcile() == 1
    assert world.balance() == 60, "what would be shown and is not has been deleted"


def test_what_is_told_of_an_order_too_old_to_be_shown_is_believed(world: Any, start: Any, make: Any) -> None:
    start()
    old = make.order(1, 60, make.NOW - 70 * make.DAY)
    world.tell(CustomerChanged(make.person()))
    world.happen(old)
    world.corner.hides_before = make.NOW - 50 * make.DAY
    # The same moment and other content: usually asked for, and here nobody can answer.
    world.tell(OrderChanged(msgspec.structs.replace(old, refunded=2000)))
    assert world.balance() == 40
    world.tell(OrderChanged(msgspec.structs.replace(old, refunded=6000, changed_at=make.NOW)))
    assert world.sums() == {}


def test_a_message_put_aside_whose_words_are_erased_does_not_hold_up_the_others(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        row = world.rows(messages)[0]
        inbox.park(tx, world.shop.id, row.id, 3, "could not be applied", world.now)
    world.tell(CustomerForgotten("corner.example", "7", None))
    assert [row.state for row in world.rows(messages)] == ["ignored", "applied"]
    assert [row.body_sealed for row in world.rows(messages)] == [None, None], "nor what asked for it"
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert inbox.again(tx) == []
    world.tell(CustomerChanged(make.person("8", "ben@example.nl")))
    assert [row.state for row in world.rows(messages)][-1] == "applied"


def test_tokens_renewed_while_the_shop_was_removed_or_connected_anew_are_not_kept(world: Any) -> None:
    vault = vaults.Vault(world.house.database, world.shop.merchant_id, world.shop.id)
    with vault.locked() as held:
        held.read()
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            vaults.keep(tx, world.shop.id, b"of the new connection")
        assert not held.save(b"of the old one, renewed")
    assert vault.read() == b"of the new connection"
    with vault.locked() as held:
        held.read()
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            shops.remove(tx, world.shop.id, world.now)
        assert not held.save(b"of a shop that has gone")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).state == "removed"
    with pytest.raises(vaults.NoTokens):
        vault.read()


def test_an_import_ends_at_once_when_the_shop_removes_us(world: Any, make: Any) -> None:
    everything = [make.order(number, 10, make.NOW) for number in range(1, 9)]
    world.happen(*everything, tell=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)
    history = world.corner.history

    def removed_on_the_way(checkpoint: str | None) -> Any:
        for number, batch in enumerate(history(checkpoint)):
            if number == 2:
                world.tell(ShopRemoved("corner.example"))
            yield batch

    world.corner.history = removed_on_the_way
    assert not rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert len(world.rows(orders)) == 2


def test_ids_are_compared_in_one_order_whatever_they_are_made_of(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    names = ["10", "9", "A-1", "a-1", "É", "é2", "zz", "_", "100"]
    for number, name in enumerate(names, start=1):
        world.happen(msgspec.structs.replace(make.order(number, 10, make.NOW), id=name))
    world.later(1 / 24)
    assert world.reconcile() == 0
    for name in ("a-1", "9"):
        del world.corner.order_book[name]
    assert world.reconcile() == 2
    assert world.balance() == 70
    assert world.reconcile() == 0


def test_a_shop_that_takes_long_to_put_its_history_together_is_waited_for(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 60, make.NOW), tell=False)
    slow = NotReady("still preparing", timedelta(seconds=0.01))
    world.corner.trouble = [slow, slow]
    assert world.reconcile() == 1
    assert world.balance() == 60
    world.corner.trouble = [TryLater("busy", timedelta(seconds=1))]
    assert rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "full") is None


def test_a_shop_that_prepares_something_is_not_left_alone_meanwhile(world: Any) -> None:
    for error, left in (
        (NotReady("not yet", timedelta(minutes=5)), False),
        (TryLater("busy", timedelta(minutes=5)), True),
    ):
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            lines.heed(tx, world.shop.id, error, world.now)
            assert (shops.get(tx, world.shop.id).alone_until(world.now) is not None) == left
