"""The road from a message to the shop: received, applied, settled, pushed, whatever is repeated, late or broken."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import again, programme, reconciling, redeeming
from connector.loyalty.redeem import CannotRedeem
from connector.loyalty.terms import Redeemable, Reward
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    CustomersMerged,
    OrderChanged,
    OrderRemoved,
    OrderTouched,
    Refused,
    ShopRemoved,
    TryLater,
    Unauthorized,
)
from connector.records import Scope
from connector.store import outbox, shops
from connector.store.tables import customers, entries, inbox, members, orders


def test_an_order_gives_points_and_a_refund_takes_its_share_back(world: Any, start: Any, make: Any) -> None:
    start()
    paid = make.order(1, 60, make.NOW)
    world.tell(CustomerChanged(make.person()))
    world.happen(paid)
    assert world.balance() == 60
    world.happen(msgspec.structs.replace(paid, refunded=2000, changed_at=make.NOW + make.DAY))
    assert world.sums() == {"order:1:1": 40}
    assert [row.points for row in world.rows(entries)] == [60, -20]


def test_every_arrival_order_of_paid_edited_refunded_and_cancelled_ends_equal(
    world: Any, start: Any, make: Any
) -> None:
    start()
    placed = make.order(0, 100, None)
    states = [
        placed,
        msgspec.structs.replace(placed, paid_at=make.NOW, changed_at=make.NOW + timedelta(minutes=1)),
        msgspec.structs.replace(
            placed, paid_at=make.NOW, refunded=3000, changed_at=make.NOW + timedelta(minutes=2)
        ),
    ]
    for number, arrival in enumerate(itertools.permutations([*states, *states[1:]]), start=1):
        mine = [msgspec.structs.replace(state, id=str(number)) for state in arrival]
        world.corner.order_book[str(number)] = max(mine, key=lambda one: one.changed_at)
        world.tell(*(OrderChanged(state) for state in mine), drain=number % 20 == 0)
    world.apply()
    assert set(world.sums().values()) == {70}
    assert len(world.sums()) == 120


def test_a_message_of_the_same_age_with_other_content_is_asked_for(world: Any, start: Any, make: Any) -> None:
    start()
    true = make.order(1, 60, make.NOW)
    other = make.order(1, 90, make.NOW)
    world.corner.order_book["1"] = true
    world.tell(OrderChanged(true), OrderChanged(other))
    world.tell(OrderChanged(other))
    assert world.sums() == {"order:1:1": 60}


def test_what_a_message_lacks_is_fetched_and_not_guessed(world: Any, start: Any, make: Any) -> None:
    start()
    true = make.order(1, 60, make.NOW - 3 * make.DAY)
    world.corner.order_book["1"] = true
    world.tell(OrderChanged(msgspec.structs.replace(true, paid_at=make.NOW), lacks_paid_at=True))
    assert world.rows(orders)[0].paid_at == make.NOW - 3 * make.DAY


def test_a_refund_of_an_unknown_order_fetches_the_order(world: Any, start: Any, make: Any) -> None:
    start()
    world.corner.order_book["1"] = make.order(1, 90, make.NOW, refunded=3000)
    world.tell(OrderTouched("1"))
    assert world.sums() == {"order:1:1": 60}


def test_a_deleted_order_takes_its_points_back_and_a_late_message_does_not_revive_it(
    world: Any, start: Any, make: Any
) -> None:
    start()
    paid = make.order(1, 60, make.NOW)
    world.happen(paid)
    del world.corner.order_book["1"]
    world.tell(OrderRemoved("1"))
    world.tell(OrderChanged(msgspec.structs.replace(paid, changed_at=make.NOW + make.DAY)))
    assert world.sums() == {}


def test_a_shop_that_cannot_be_asked_delays_only_what_needs_an_answer(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.corner.order_book["1"] = make.order(1, 90, make.NOW)
    world.corner.trouble = [TryLater("busy"), TryLater("busy"), TryLater("busy")]
    world.tell(OrderTouched("1"), OrderChanged(make.order(2, 40, make.NOW)))
    assert world.sums() == {"order:1:2": 40}
    world.corner.trouble = []
    world.later(1)
    world.apply()
    assert world.sums() == {"order:1:1": 90, "order:1:2": 40}


def test_a_message_nobody_understands_is_parked_and_the_next_one_goes_on(
    world: Any, start: Any, make: Any
) -> None:
    start()
    from connector.port import Delivery
    from connector.store import inbox as box

    with world.house.database.merchant(world.shop.merchant_id) as tx:
        box.keep(tx, world.shop.id, Delivery("odd", "told", b"{"), "webhook", world.now)
    world.happen(make.order(1, 10, make.NOW))
    assert {row.delivery_id: row.state for row in world.rows(inbox)} == {"odd": "parked", "d-1": "applied"}
    assert world.sums() == {"order:1:1": 10}


def test_tags_and_codes_reach_the_shop_and_nothing_happens_twice(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 200, make.NOW), make.order(2, 90, make.NOW))
    assert world.push() == 3
    assert world.corner.tags["7"] == {"loyalty-silver", "returning-customer"}
    kinds = sorted((code.kind, code.value, code.customer_id) for code in world.corner.codes.values())
    assert kinds == [("amount", 250, "7"), ("free_shipping", 0, "7")]
    assert world.push() == 0
    assert world.reconcile() == 0


def test_an_undone_second_order_takes_its_unused_codes_and_tags_back(
    world: Any, start: Any, make: Any
) -> None:
    start()
    second = make.order(2, 90, make.NOW)
    world.happen(make.order(1, 200, make.NOW), second)
    world.push()
    world.happen(
        msgspec.structs.replace(second, cancelled_at=make.NOW, changed_at=make.NOW + timedelta(hours=1))
    )
    world.push()
    assert (world.corner.codes, world.corner.tags["7"]) == ({}, set())
    assert {row.state for row in world.coupons} == {"revoked"}
    assert world.reconcile() == 0


def test_a_code_that_is_taken_by_somebody_else_gives_way_to_another(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 150, make.NOW))
    first = redeem(world, "five-off")
    world.corner.foreign_codes.add(first.code)
    world.push()
    codes = [row.code for row in world.coupons]
    assert list(world.corner.codes) == codes
    assert codes != [first.code]
    assert world.balance() == 50


def redeem(world: Any, key: str, act_key: str = "a-1") -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return redeeming.redeem(tx, world.member(), world.shop.id, "7", key, act_key, "staff", world.now)


def test_redeeming_twice_with_one_form_takes_the_points_once(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 250, make.NOW))
    assert redeem(world, "five-off") == redeem(world, "five-off")
    assert world.balance() == 150
    redeem(world, "five-off", "a-2")
    with pytest.raises(CannotRedeem):
        redeem(world, "five-off", "a-3")
    assert world.balance() == 50


def test_a_code_goes_to_the_shop_with_its_conditions(world: Any, start: Any, make: Any) -> None:
    drinks, pot = Scope(collections=("21",)), Scope(products=("11",))
    gift = Reward("buy_x_get_y", 100_00, 0, 60, 2, pot, drinks, 1, "shipping")
    start(redeemables=(Redeemable("pot", "A free pot", 100, gift),))
    world.happen(make.order(1, 250, make.NOW))
    redemption = redeem(world, "pot")
    world.push()
    coupon = world.corner.codes[redemption.code]
    assert (coupon.kind, coupon.value, coupon.minimum_quantity, coupon.gets) == ("buy_x_get_y", 100_00, 2, 1)
    assert (coupon.scope, coupon.buys, coupon.combines) == (pot, drinks, ("shipping",))
    # Ended behind our back: it is made once more, and is the same.
    del world.corner.codes[redemption.code]
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert reconciling.compare_coupons(tx, world.shop, [], world.now) >= 1
    world.push()
    assert world.corner.codes[redemption.code] == coupon
    assert world.balance() == 150


def test_a_refused_coupon_gives_the_points_back_and_trying_again_takes_them_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    redeem(world, "five-off")
    world.corner.trouble = [Refused("the title is too long")]
    world.push()
    assert world.balance() == 120
    parked = next(row for row in world.outbox if row.state == "parked")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        again.push_again(tx, parked.id, world.now)
    assert world.balance() == 20
    world.push()
    assert len(world.corner.codes) == 1


def test_trying_again_is_refused_when_the_points_are_gone(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    redeem(world, "five-off")
    world.corner.trouble = [Refused("no")]
    world.push()
    redeem(world, "five-off", "a-2")
    parked = next(row for row in world.outbox if row.state == "parked")
    with world.house.database.merchant(world.shop.merchant_id) as tx, pytest.raises(again.StillImpossible):
        again.push_again(tx, parked.id, world.now)
    assert world.balance() == 20


def test_a_lost_answer_does_not_make_a_second_code(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    redeem(world, "five-off")
    world.corner.lose_answers = 1
    world.push()
    world.later(1)
    world.push()
    assert len(world.corner.codes) == 1
    assert [row.state for row in world.coupons] == ["live"]
    assert world.balance() == 20


def test_an_unused_code_gives_its_points_back_when_it_ends(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    redeem(world, "five-off")
    world.push()
    world.later(62)
    assert world.balance() == 120


def test_a_code_used_in_an_order_stays_spent_and_comes_back_when_that_order_is_undone(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    code = redeem(world, "five-off").code
    world.push()
    used = make.order(2, 55, make.NOW, coupon_codes=(code,))
    world.happen(used)
    assert world.balance() == 75
    world.later(62)
    assert world.balance() == 75
    world.happen(msgspec.structs.replace(used, cancelled_at=world.now, changed_at=world.now))
    assert world.balance() == 120


def test_pushes_wait_while_a_shop_asks_for_it_and_go_out_afterwards(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 300, make.NOW))
    world.corner.trouble = [TryLater("slow down", timedelta(minutes=10))]
    world.push()
    calls = len(world.corner.calls)
    assert world.push() == 0
    assert len(world.corner.calls) == calls
    world.later(1)
    world.push()
    assert world.corner.tags["7"] == {"loyalty-silver"}


def test_what_keeps_failing_is_parked_and_can_be_tried_again(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 300, make.NOW))
    for _ in range(7):
        world.corner.trouble = [TryLater("out of order")]
        world.push()
        world.later(1)
    assert [row.state for row in world.outbox] == ["parked"]
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        again.all_again(tx, world.now)
    world.push()
    assert world.corner.tags["7"] == {"loyalty-silver"}


def test_a_dead_token_stops_the_pushes_and_says_so(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 300, make.NOW))
    world.corner.trouble = [Unauthorized("the token is dead")]
    world.push()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).state == "reconnect"
        assert outbox.waiting_count(tx, world.shop.id) == 1
    assert world.push() == 0


def test_reconciliation_finds_and_mends_what_was_lost_and_the_second_finds_nothing(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.corner.people["7"] = make.person()
    world.happen(make.order(1, 90, make.NOW), tell=False)
    gone = make.order(2, 30, make.NOW - make.DAY)
    world.happen(gone)
    del world.corner.order_book["2"]
    world.later(1)
    assert world.reconcile() == 2
    assert world.sums() == {"order:1:1": 90}
    assert world.reconcile() == 0


def test_reconciliation_puts_back_tags_and_codes_that_somebody_deleted(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.corner.people["7"] = make.person()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 200, make.NOW), make.order(2, 90, make.NOW))
    world.push()
    world.corner.tags["7"] = {"vip"}
    world.corner.codes.clear()
    world.later(1)
    assert world.reconcile() == 3
    assert world.corner.tags["7"] == {"vip", "loyalty-silver", "returning-customer"}
    assert len(world.corner.codes) == 2
    assert world.reconcile() == 0


def test_a_window_looks_at_what_changed_since_the_last_look(world: Any, start: Any, make: Any) -> None:
    start()
    world.later(1)
    world.happen(make.order(1, 90, world.now - timedelta(hours=1)), tell=False)
    assert world.reconcile("window") == 1
    assert world.sums() == {"order:1:1": 90}
    assert world.reconcile("window") == 0


def test_an_import_resumes_behind_its_checkpoint(world: Any, make: Any) -> None:
    for number in range(1, 8):
        world.happen(make.order(number, 10, make.NOW - make.DAY), tell=False)
    world.corner.people["7"] = make.person()
    from connector.store import runs

    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)

    class Once:
        def __init__(self) -> None:
            self.asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked == 2

    assert not rounds.import_history(world.house, world.shop.merchant_id, world.shop.id, Once())
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        run = runs.latest(tx, world.shop.id, "import")
    assert (run.state, run.checkpoint, run.done, run.total) == ("running", "2", 3, 8)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert len(world.rows(orders)) == 7
    assert world.reconcile() == 0


def test_a_guest_order_waits_for_a_verified_account_and_is_claimed_once(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 45, make.NOW, None, email="Anna@example.nl"))
    assert world.sums() == {}
    unverified = make.person(email_verified=False, changed_at=make.NOW)
    world.tell(CustomerChanged(unverified))
    assert world.balance() == 0
    verified = msgspec.structs.replace(unverified, email_verified=True, changed_at=make.NOW + make.DAY)
    world.tell(CustomerChanged(verified), CustomerChanged(verified))
    assert world.balance() == 45


def test_one_verified_address_in_one_merchants_shops_is_one_member(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(CustomerChanged(make.person("7")), CustomerChanged(make.person("8", email_verified=False)))
    world.happen(make.order(1, 40, make.NOW, "7"), make.order(2, 25, make.NOW, "8"))
    assert (world.balance("7"), world.balance("8")) == (40, 25)
    world.tell(CustomerChanged(make.person("8", changed_at=make.NOW)))
    assert (world.balance("7"), world.balance("8")) == (65, 65)
    assert sum(row.points for row in world.rows(entries)) == 65


def test_customers_joined_in_the_shop_are_one_member_and_no_point_is_lost(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person("7")), CustomerChanged(make.person("8", "b@example.nl")))
    world.happen(make.order(1, 300, make.NOW, "7"), make.order(2, 260, make.NOW, "8"))
    world.tell(CustomersMerged(kept_id="7", gone_id="8"))
    assert world.balance("7") == 560
    survivor = next(row for row in world.rows(members) if row.id == world.member("7"))
    assert survivor.tier == "Gold"


def test_a_forgotten_person_stays_forgotten_and_the_figures_stay(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 40, make.NOW))
    world.tell(CustomerForgotten("corner.example", "7", "anna@example.nl"))
    world.tell(CustomerChanged(make.person(changed_at=make.NOW + make.DAY)))
    row = world.rows(customers)[0]
    assert (row.email_sealed, row.email_hash, row.name_sealed) == (None, None, None)
    assert world.sums() == {"order:1:1": 40}
    assert all(item.body_sealed is None for item in world.rows(inbox) if item.subject == "customer 7")


def test_a_message_signed_for_another_shop_neither_removes_nor_forgets(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    world.tell(ShopRemoved("other.example"), CustomerForgotten("other.example", "7", None))
    assert world.rows(customers)[0].name_sealed is not None
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).state == "connected"
    world.tell(ShopRemoved("corner.example"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).state == "removed"


def test_a_preview_says_what_starting_then_does(world: Any, start: Any, make: Any) -> None:
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 200, make.NOW - 30 * make.DAY), make.order(2, 90, make.NOW - 20 * make.DAY))
    from connector.loyalty.terms import suggested

    terms = msgspec.structs.replace(suggested("EUR"), hold_days=0)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        seen = programme.preview(tx, terms, make.NOW - 365 * make.DAY, world.now)
    assert (seen.points, seen.members_with_points, seen.marked_customers) == (290, 1, 1)
    assert dict(seen.per_tier) == {"Silver": 1, "Gold": 0}
    assert sum(count for _, count in seen.coupons) == 2
    assert seen.cost == 1450 + 250
    assert world.sums() == {}
    start()
    assert sum(world.sums().values()) == 290


def test_two_messages_about_a_customer_for_one_moment_are_asked_for(
    world: Any, start: Any, make: Any
) -> None:
    start()
    true = make.person(email_verified=True)
    world.corner.people["7"] = true
    other = msgspec.structs.replace(true, email_verified=False)
    world.tell(CustomerChanged(true), CustomerChanged(other))
    world.tell(CustomerChanged(other))
    assert world.rows(customers)[0].email_verified


def test_a_member_nobody_understands_waits_and_the_others_are_settled(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(make.order(1, 10, make.NOW, "7"), make.order(2, 20, make.NOW, "8"))
    from connector.flow import settling

    real = settling.decide

    def decide(history: Any, *rest: Any) -> Any:
        if history.orders[0].order.id == "1":
            raise ValueError("a story nobody understands")
        return real(history, *rest)

    monkeypatch.setattr(settling, "decide", decide)
    start()
    assert world.sums() == {"order:1:2": 20}
    monkeypatch.undo()
    world.later(1)
    assert world.sums() == {"order:1:1": 10, "order:1:2": 20}


def test_what_a_removed_shop_left_waiting_is_let_go(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(OrderTouched("1"), drain=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shops.remove(tx, world.shop.id, world.now)
    world.corner.trouble = [Unauthorized("no tokens"), Unauthorized("no tokens")]
    world.apply()
    assert [row.state for row in world.rows(inbox)] == ["ignored"]


def test_where_an_order_was_placed_is_kept_and_is_no_news_by_itself(
    world: Any, start: Any, make: Any
) -> None:
    start()
    bought = make.order(1, 60, make.NOW)
    world.tell(CustomerChanged(make.person()))
    world.happen(bought)
    world.corner.order_book["1"] = told = msgspec.structs.replace(bought, channel="till")
    assert world.reconcile() == 0
    world.tell(OrderChanged(told))
    assert [row.channel for row in world.rows(orders)] == [""]
    world.happen(msgspec.structs.replace(told, changed_at=make.NOW + make.DAY))
    assert [row.channel for row in world.rows(orders)] == ["till"]
    assert [row.points for row in world.rows(entries)] == [60]
