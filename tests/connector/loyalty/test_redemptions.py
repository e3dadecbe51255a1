"""Points exchanged for a coupon, and every way they come back."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import BookedCoupon, Shop, ShopOrder

CHANGE = msgspec.structs.replace
LATE = Shop(1, "EUR", "Europe/Amsterdam", "tags", codes_outlive=timedelta(hours=2))


@pytest.fixture
def rich(member, p0, local):
    """Someone with 100 points from order A since 1 March, free of any hold, all of them exchanged on 1 April."""
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    m.settle(local("2026-03-02"))
    m.redeems("r", 100, local("2026-04-01"), until=local("2026-05-31"))
    assert m.balance(local("2026-04-01")) == 0
    return m


def lots(decision):
    return [(lot.source, lot.left, lot.expires_at) for lot in decision.standing.lots]


def test_a_coupon_the_shop_refused_gives_the_points_back_at_once(rich, local):
    rich.refused("r", local("2026-04-01 00:05"))
    decision = rich.settle(local("2026-04-01 00:05"))
    assert [(one.points, one.moment) for one in decision.entries] == [(100, local("2026-04-01 00:05"))]
    assert lots(decision) == [("order:1:A", 100, local("2027-03-02"))]


def test_a_refusal_at_the_very_moment_of_the_exchange_still_gives_the_points_back(rich, local):
    rich.refused("r", local("2026-04-01"))
    assert lots(rich.settle(local("2026-04-01"))) == [("order:1:A", 100, local("2027-03-02"))]


def test_a_refusal_at_once_gives_the_points_back_to_their_own_lot_though_it_ends_soon(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    m.redeems("r", 100, local("2027-02-20"))
    m.refused("r", local("2027-02-20"))
    assert lots(m.settle(local("2027-02-20"))) == [("order:1:A", 100, local("2027-03-23"))]


def test_a_coupon_not_used_in_time_gives_the_points_back_to_their_lot(rich, local):
    assert rich.decide(local("2026-05-01")).ask_again_at == local("2026-05-31")
    assert rich.settle(local("2026-05-31") - timedelta(seconds=1)).entries == ()
    decision = rich.settle(local("2026-06-20"))
    assert [(one.points, one.moment, one.inputs.why) for one in decision.entries] == [
        (100, local("2026-05-31"), "unused")
    ]
    assert lots(decision) == [("order:1:A", 100, local("2027-03-02"))]


def test_where_codes_outlive_their_end_points_come_back_that_much_later_and_a_cancelled_orders_code_is_ended(
    member, p0, local
):
    m = member(CHANGE(p0, hold_days=0), shops=(LATE,))
    m.buys("A", 100_00, local("2026-03-01"))
    m.redeems("r", 100, local("2026-04-01"), until=local("2026-05-31"))
    over = local("2026-05-31 02:00")
    assert [m.decide(now).ask_again_at for now in (local("2026-05-01"), local("2026-05-31 01:59"))] == [
        over
    ] * 2
    assert m.balance(local("2026-05-31 01:59")) == 0
    code = BookedCoupon(1, "redemption:r", "five-off", "CODEr", "live", local("2026-05-31"))
    m.coupons[1, "redemption:r", "five-off", 0] = code
    m.buys("B", 60_00, local("2026-05-31 01:00"), coupon_codes=("CODEr",), paid_at=None)
    undone = local("2026-05-31 01:30")
    m.changes("B", cancelled_at=undone, changed_at=undone)
    assert m.decide(undone).revoke == (code,), "the shop may let it pass once more"
    del m.orders[1, "B"], m.coupons[1, "redemption:r", "five-off", 0]
    decision = m.settle(local("2026-06-20"))
    assert [(one.points, one.moment, one.inputs.why) for one in decision.entries] == [(100, over, "unused")]


def test_points_that_come_back_after_their_lots_end_live_30_more_days(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    m.redeems("r", 100, local("2027-02-20"), until=local("2027-04-21"))
    decision = m.settle(local("2027-04-21"))
    assert lots(decision) == [("order:1:A", 100, local("2027-05-22"))]
    gone = m.settle(local("2027-06-01"))
    assert [(one.source, one.points, one.moment) for one in gone.entries] == [
        ("expiry:order:1:A", -100, local("2027-05-22"))
    ]
    assert m.balance(local("2027-06-02")) == 0


def test_a_used_coupon_keeps_the_points_spent_and_a_part_refund_returns_its_part(rich, local):
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",))
    assert rich.balance(local("2026-04-11")) == 60
    assert rich.balance(local("2026-06-11")) == 60  # the coupon's end gives nothing back: it was used
    rich.changes("B", refunded=20_00, changed_at=local("2026-06-12"))
    decision = rich.settle(local("2026-06-12"))
    assert [(one.source, one.points) for one in decision.entries] == [
        ("order:1:B", -20),
        ("redemption:r", 33),
    ]
    assert decision.standing.balance == 73


def test_an_undone_order_gives_its_coupons_points_back_in_full(rich, local):
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",))
    rich.settle(local("2026-04-11"))
    rich.changes("B", cancelled_at=local("2026-04-12"), changed_at=local("2026-04-13"))
    decision = rich.settle(local("2026-04-14"))
    assert [(one.source, one.points, one.moment) for one in decision.entries] == [
        ("redemption:r", 100, local("2026-04-12")),
        ("order:1:B", -60, local("2026-04-13")),
    ]
    assert decision.standing.balance == 100


def test_all_goods_back_though_shipping_is_kept_gives_the_points_back_in_full(rich, local):
    rich.buys("B", 80_00, local("2026-04-10"), coupon_codes=("CODEr",), total=86_95)
    rich.settle(local("2026-04-11"))
    rich.changes("B", refunded=80_00)
    assert rich.balance(local("2026-04-12")) == 100


def test_the_code_used_by_someone_else_is_used_all_the_same(rich, local):
    order = rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",))
    del rich.orders[1, "B"]
    rich.strangers.append(ShopOrder(1, order))
    assert rich.balance(local("2026-06-11")) == 0


@pytest.mark.parametrize("more", [{"test": True}, {"coupon_codes": ("OTHER",)}])
def test_test_orders_and_other_codes_use_nothing(rich, local, more):
    rich.buys("B", 60_00, local("2026-04-10"), **({"coupon_codes": ("CODEr",)} | more))
    rich.settle(local("2026-06-11"))
    assert rich.points["redemption:r"] == 0


def test_when_every_order_with_the_code_was_undone_the_points_come_back_with_the_last(rich, local):
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",), cancelled_at=local("2026-04-14"))
    rich.buys("C", 60_00, local("2026-04-11"), coupon_codes=("CODEr",), cancelled_at=local("2026-04-12"))
    entry = rich.settle(local("2026-04-20")).entries[0]
    assert (entry.points, entry.moment, entry.inputs.why) == (100, local("2026-04-14"), "order_undone")


def test_an_unpaid_order_holds_the_coupon(rich, local):
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",), paid_at=None)
    assert rich.balance(local("2026-06-11")) == 0


def test_a_second_order_with_the_code_counts_when_the_first_was_undone(rich, local):
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",), cancelled_at=local("2026-04-11"))
    assert rich.balance(local("2026-04-12")) == 100
    rich.buys("C", 50_00, local("2026-04-13"), coupon_codes=("CODEr",))
    assert rich.balance(local("2026-04-14")) == 50


def test_points_go_back_to_the_lots_they_came_from_last_taken_first(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 60_00, local("2026-03-01"))
    m.buys("B", 90_00, local("2026-03-05"))
    m.redeems("r", 100, local("2026-04-01"))
    assert lots(m.settle(local("2026-04-02"))) == [("order:1:B", 50, local("2027-03-06"))]
    m.buys("C", 100_00, local("2026-04-05"), coupon_codes=("CODEr",))
    m.changes("C", refunded=70_00)
    decision = m.settle(local("2026-04-06"))
    assert lots(decision) == [
        ("order:1:A", 30, local("2027-03-02")),
        ("order:1:B", 90, local("2027-03-06")),
        ("order:1:C", 30, local("2027-04-06")),
    ]


def test_points_taken_as_debt_come_back_as_a_lot_of_their_own(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    m.redeems("r", 100, local("2026-04-01"), until=local("2026-05-31"))
    m.changes("A", refunded=40_00, changed_at=local("2026-04-02"))
    assert m.balance(local("2026-04-03")) == -40
    decision = m.settle(local("2026-05-31"))
    assert lots(decision) == [("order:1:A", 60, local("2027-03-02"))]  # 40 settled the debt
    m.buys("B", 100_00, local("2026-03-20"))  # found late: there never was a debt
    decision = m.settle(local("2026-06-01"))
    assert lots(decision) == [("order:1:A", 60, local("2027-03-02")), ("order:1:B", 100, local("2027-03-21"))]


def test_debt_settled_by_others_comes_back_as_the_redemptions_own_lot(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.redeems("r", 100, local("2026-04-01"), until=local("2026-05-31"))
    m.buys("B", 150_00, local("2026-04-20"))
    decision = m.settle(local("2026-06-01"))
    assert lots(decision) == [
        ("redemption:r", 100, local("2026-07-01")),
        ("order:1:B", 50, local("2027-04-21")),
    ]
    gone = m.settle(local("2026-07-01"))
    assert [(one.source, one.points) for one in gone.entries] == [("expiry:redemption:r", -100)]


def test_two_exchanges_of_100_out_of_100_leave_a_debt_when_both_are_facts(rich, local):
    rich.redeems("r2", 100, local("2026-04-01"))
    assert rich.balance(local("2026-04-02")) == -100


def test_an_exchange_dated_by_a_faster_clock_counts_at_once(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    now = local("2026-04-01")
    m.redeems("r", 100, now + timedelta(seconds=2))
    decision = m.settle(now)
    assert (decision.standing.balance, decision.entries[-1].moment) == (0, now)
    assert m.settle(now + timedelta(seconds=5)).entries == ()


def test_points_given_by_hand_are_a_lot_and_points_taken_are_a_debit(member, p0, local):
    m = member(p0)
    m.adjusted("plus", 80, local("2026-03-01 12:00"))
    m.adjusted("minus", -30, local("2026-03-05"))
    decision = m.settle(local("2026-03-06"))
    assert [(one.source, one.points) for one in decision.entries] == [
        ("adjustment:plus", 80),
        ("adjustment:minus", -30),
    ]
    assert lots(decision) == [("adjustment:plus", 50, local("2027-03-02"))]
    gone = m.settle(local("2027-04-01"))
    assert [(one.source, one.points) for one in gone.entries] == [("expiry:adjustment:plus", -50)]


def test_points_that_came_back_with_an_undone_order_take_their_code_with_them(rich, local):
    """A shop that counts a cancelled order's code as unused would else have given points and code."""
    code = BookedCoupon(1, "redemption:r", "five-off", "CODEr", "live", local("2026-05-31"))
    rich.coupons[1, "redemption:r", "five-off", 0] = code
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",), paid_at=None)
    assert rich.decide(local("2026-04-11")).revoke == ()
    rich.changes("B", cancelled_at=local("2026-04-12"), changed_at=local("2026-04-12"))
    assert rich.decide(local("2026-04-12")).revoke == (code,)
    assert rich.settle(local("2026-04-12")).standing.balance == 100
    assert rich.decide(local("2026-04-13")).revoke == ()


def test_at_one_moment_a_lot_ends_before_a_credit_arrives_and_a_debit_is_taken(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 10_00, local("2026-03-01"))
    end = local("2027-03-02")
    m.buys("B", 20_00, end)
    m.redeems("r", 25, end)
    decision = m.settle(end)
    assert m.points == {"order:1:A": 10, "expiry:order:1:A": -10, "order:1:B": 20, "redemption:r": -25}
    assert decision.standing.balance == -5


def test_a_debit_sees_the_credit_that_arrives_at_its_moment_and_takes_what_ends_sooner(member, p0, local):
    m = member(CHANGE(p0, hold_days=0))
    m.publishes(CHANGE(p0, hold_days=0, expiry_months=1), local("2026-04-01"))
    m.buys("A", 50_00, local("2026-03-01"))
    m.buys("B", 50_00, local("2026-04-10"))
    m.redeems("r", 50, local("2026-04-10"))
    assert lots(m.settle(local("2026-04-11"))) == [("order:1:A", 50, local("2027-03-02"))]
