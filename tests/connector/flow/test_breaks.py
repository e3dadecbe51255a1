"""What once went wrong: each of these left the shop and the books in disagreement, or stopped somebody for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import again, importing, pushing, redeeming, welcoming
from connector.places import AT_ONCE_PER_SHOP, Places
from connector.port import (
    CustomerChanged,
    CustomersMerged,
    Delivery,
    Installed,
    OrderChanged,
    OrderRemoved,
    ShopRemoved,
    TryLater,
    Unauthorized,
)
from connector.store import inbox as box
from connector.store import purchases, runs, shops
from connector.store.tables import inbox


def redeem(world: Any, act_key: str = "a-1", customer_id: str = "7") -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        member = world.member(customer_id)
        return redeeming.redeem(
            tx, member, world.shop.id, customer_id, "five-off", act_key, "staff", world.now
        )


def shop_state(world: Any) -> str:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return shops.get(tx, world.shop.id).state


def anna(world: Any, make: Any) -> None:
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    world.push()


def give_up(world: Any) -> None:
    """A coupon whose first try worked without an answer, and whose every other try fails."""
    world.corner.lose_answers = 1
    world.push()
    for _ in range(8):
        world.corner.trouble = [TryLater("out of order")]
        world.later(1)
        world.push()


def test_a_given_up_redemption_never_leaves_points_and_code(world: Any, start: Any, make: Any) -> None:
    start()
    anna(world, make)
    code = redeem(world).code
    give_up(world)
    assert world.balance() == 120
    world.corner.trouble = []
    world.later(1)
    world.push()
    assert code not in world.corner.codes
    assert world.reconcile() == 0


def test_a_given_up_code_that_was_used_all_the_same_has_spent_the_points(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    code = redeem(world).code
    give_up(world)
    world.happen(make.order(2, 40, make.NOW, coupon_codes=(code,)))
    assert world.sums()["redemption:a-1"] == -100


def test_trying_a_given_up_redemption_again_makes_a_fresh_code(world: Any, start: Any, make: Any) -> None:
    start()
    anna(world, make)
    code = redeem(world).code
    give_up(world)
    parked = next(row for row in world.outbox if row.state == "parked")
    with world.house.database.merchant(world.shop.merchant_id) as tx, pytest.raises(again.StillImpossible):
        again.push_again(tx, parked.id, world.now)
    world.corner.trouble = []
    world.later(1)
    world.push()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert again.push_again(tx, parked.id, world.now)
    world.push()
    assert list(world.corner.codes) != [code]
    assert (len(world.corner.codes), world.balance()) == (1, 20)
    assert world.reconcile() == 0


def test_a_late_uninstall_does_not_cut_off_a_shop_that_was_installed_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    letter = Delivery("late", "gone", msgspec.json.encode(ShopRemoved("corner.example")), None, world.now)
    world.later(1)
    facts = world.corner.facts()
    welcoming.welcome(world.house.database, world.corner, Installed(facts, b"new"), world.now)
    world.later(0.1)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        box.keep(tx, world.shop.id, letter, "webhook", world.now)
    world.apply()
    assert shop_state(world) == "connected"


def test_the_codes_of_a_customer_who_was_joined_with_another_become_the_survivors(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person("7")), CustomerChanged(make.person("8", "b@example.nl")))
    world.happen(make.order(1, 150, make.NOW, "8"), make.order(2, 90, make.NOW, "8"))
    redeem(world, customer_id="8")
    world.push()
    old = set(world.corner.codes)
    assert len(old) == 3
    for order_id in ("1", "2"):
        moved = msgspec.structs.replace(world.corner.order_book[order_id], customer_id="7")
        world.corner.order_book[order_id] = moved
    del world.corner.people["8"]
    world.tell(CustomersMerged(kept_id="7", gone_id="8"))
    for _ in range(2):
        world.push()
        rounds.settle(world.house, world.shop.merchant_id)
    world.push()
    assert {code.customer_id for code in world.corner.codes.values()} == {"7"}
    assert len(world.corner.codes) == 3
    assert not old & set(world.corner.codes)
    world.reconcile()
    assert world.reconcile() == 0


def test_a_tag_that_stops_being_wanted_while_it_is_written_is_taken_off_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    paid = make.order(1, 300, make.NOW)
    world.happen(paid)
    undone = msgspec.structs.replace(paid, cancelled_at=make.NOW, changed_at=make.NOW + timedelta(hours=1))
    world.corner.meanwhile = lambda: world.happen(undone)
    world.push()
    world.push()
    assert world.corner.tags["7"] == set()
    assert world.reconcile() == 0


@pytest.mark.parametrize("trouble", [TryLater("slow", timedelta(minutes=1)), Unauthorized("dead")])
def test_one_answer_that_holds_for_the_shop_ends_the_batch(
    world: Any, start: Any, make: Any, trouble: Any
) -> None:
    start()
    world.happen(*(make.order(n, 300, make.NOW, str(n)) for n in range(1, 31)))
    world.corner.calls.clear()
    world.corner.trouble = [trouble] * 30
    world.push()
    assert world.corner.calls.count("mark") == 1


def test_a_fault_about_one_customer_does_not_hold_up_the_others_and_is_shown(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.corner.puzzling = {"2"}
    world.happen(*(make.order(n, 300, make.NOW, str(n)) for n in range(1, 4)))
    world.push()
    assert world.corner.tags == {"1": {"loyalty-silver"}, "3": {"loyalty-silver"}}
    for _ in range(7):
        world.later(1)
        world.push()
    assert [row.subject for row in world.outbox if row.state == "parked"] == ["2"]


def test_a_title_that_no_database_can_keep_stops_neither_import_nor_inbox(
    world: Any, start: Any, make: Any
) -> None:
    odd = make.order(1, 10, make.NOW)
    odd = msgspec.structs.replace(odd, lines=(msgspec.structs.replace(odd.lines[0], title="So\0ap"),))
    world.happen(odd, make.order(2, 20, make.NOW), tell=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    start()
    world.tell(OrderChanged(msgspec.structs.replace(odd, id="3", number="#\x003")))
    assert set(world.sums().values()) == {10, 20}
    assert len(world.sums()) == 3


def test_what_an_import_cannot_keep_is_put_aside_and_the_rest_comes_in(
    world: Any, start: Any, make: Any
) -> None:
    world.happen(
        msgspec.structs.replace(make.order(1, 10, make.NOW), total=2**63),
        make.order(2, 20, make.NOW),
        tell=False,
    )
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    start()
    for _ in range(7):
        world.apply()
        world.later(1)
    assert world.sums() == {"order:1:2": 20}
    assert [row.state for row in world.rows(inbox)] == ["parked"]


def test_an_import_killed_among_the_objects_of_a_bad_batch_begins_that_batch_again(
    world: Any, make: Any, monkeypatch: Any
) -> None:
    bad = msgspec.structs.replace(make.order(1, 10, make.NOW), total=2**63)
    world.happen(bad, make.order(2, 20, make.NOW), make.order(3, 30, make.NOW), tell=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)
    keep, seen = importing.take_in, []

    def dies(tx: Any, shop_id: int, batch: Any, now: Any) -> None:
        keep(tx, shop_id, batch, now)
        seen.extend(batch.orders if len(batch.orders) == 1 else ())
        if len(seen) == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "take_in", dies)
        with pytest.raises(KeyboardInterrupt):
            rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        run = runs.latest(tx, world.shop.id, "import")
        assert run is not None
        assert run.checkpoint == "people", "the batch before"
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert purchases.count(tx, world.shop.id) == 2


def test_the_ending_of_a_given_up_code_that_was_put_aside_too_can_be_tried_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    anna(world, make)
    code = redeem(world).code
    give_up(world)
    for _ in range(8):
        world.corner.trouble = [TryLater("out of order")]
        world.later(1)
        world.push()
    ending = next(row for row in world.outbox if row.kind == "revoke")
    assert ending.state == "parked"
    world.corner.trouble = []
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert again.push_again(tx, ending.id, world.now)
    world.push()
    assert next(row for row in world.outbox if row.kind == "revoke").state == "done"
    assert code not in world.corner.codes


def test_connecting_again_sends_what_has_waited_at_once(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 300, make.NOW))
    world.corner.trouble = [Unauthorized("dead")]
    world.push()
    assert shop_state(world) == "reconnect"
    welcoming.welcome(world.house.database, world.corner, Installed(world.corner.facts(), b"new"), world.now)
    world.push()
    assert world.corner.tags["7"] == {"loyalty-silver"}


def test_the_owner_of_a_code_gets_the_points_back_when_the_order_that_used_it_is_deleted(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 150, make.NOW))
    code = redeem(world).code
    world.happen(make.order(2, 30, make.NOW, None, coupon_codes=(code,)))
    del world.corner.order_book["2"]
    world.tell(OrderRemoved("2"))
    world.later(61)
    world.later(1)
    assert world.balance() == 150


def test_points_cannot_be_exchanged_in_a_shop_that_was_removed(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 250, make.NOW))
    world.tell(ShopRemoved("corner.example"))
    with pytest.raises(redeeming.NotHere):
        redeem(world)
    assert world.balance() == 250


def test_a_shop_that_hangs_takes_only_its_own_places() -> None:
    places = Places()
    taken = [places.take(1) for _ in range(AT_ONCE_PER_SHOP + 1)]
    assert [place.__enter__() for place in taken] == [True] * AT_ONCE_PER_SHOP + [False]
    assert places.take(2).__enter__()
    for place in taken:
        place.__exit__(None, None, None)
    assert places.take(1).__enter__()


def test_a_code_that_reaches_the_shop_after_it_was_ended_there_is_ended_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 10, make.NOW), make.order(2, 10, make.NOW))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        lost = [job for job in pushing.claim(tx, world.shop.id, world.now) if job.push.kind == "coupon"]
    undone = {"cancelled_at": make.NOW, "changed_at": make.NOW + timedelta(hours=1)}
    world.happen(msgspec.structs.replace(make.order(2, 10, make.NOW), **undone))
    world.push()
    for job in lost:  # the worker was killed; its request comes through all the same
        world.corner.make_coupon(job.coupon.coupon)
    assert len(world.corner.codes) == 2
    world.later(0.1)
    world.push()
    world.push()
    assert world.corner.codes == {}
    assert world.reconcile() == 0
