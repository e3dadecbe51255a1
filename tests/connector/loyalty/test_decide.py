"""The worked cases of the programme: refunds, cancels, redemptions, versions, in their real figures."""

from itertools import permutations

import msgspec
import pytest

from connector.loyalty.terms import CurrencyTerms


@pytest.fixture
def now(p0, local):
    return local("2026-06-01 12:00")


@pytest.fixture
def at_once(p0):
    """Points without a hold."""
    return msgspec.structs.replace(p0, hold_days=0)


def points_of(decision):
    return [entry.points for entry in decision.entries]


def test_an_order_is_rounded_down_once_and_line_refunds_take_back_10_then_10_then_9(member, at_once, local):
    m = member(at_once)
    order = m.buys("1042", (999, 999, 999), local("2026-03-01 10:00"))
    given = [points_of(m.settle(local("2026-03-01 11:00")))]
    for gone in (1, 2, 3):
        lines = tuple(
            msgspec.structs.replace(line, current_quantity=0 if n < gone else 1)
            for n, line in enumerate(order.lines)
        )
        m.changes("1042", lines=lines, refunded=999 * gone)
        given.append(points_of(m.settle(local("2026-03-02"))))
    assert given == [[29], [-10], [-10], [-9]]
    assert m.balance(local("2026-03-03")) == 0


def test_ten_points_per_full_2_00_gives_30_for_7_00_and_takes_10_back_for_a_refund_of_1_50(
    member, at_once, local
):
    m = member(
        msgspec.structs.replace(at_once, currencies=(CurrencyTerms("EUR", earn_step=200),), earn_points=10)
    )
    m.buys("1", 700, local("2026-03-01"))
    assert points_of(m.settle(local("2026-03-02"))) == [30]
    m.changes("1", refunded=150)
    assert points_of(m.settle(local("2026-03-02"))) == [-10]


def test_a_refund_after_spending_leaves_a_debt_that_the_next_order_settles_first(member, at_once, local):
    m = member(at_once)
    m.buys("A", 200_00, local("2026-03-01"))
    assert m.balance(local("2026-03-01 01:00")) == 200
    m.redeems("r1", 100, local("2026-03-02"))
    assert m.balance(local("2026-03-02 01:00")) == 100
    m.buys("B", 55_00, local("2026-03-03"), coupon_codes=("CODEr1",))
    assert m.balance(local("2026-03-03 01:00")) == 155
    m.changes("A", refunded=150_00)
    decision = m.settle(local("2026-03-04"))
    assert (points_of(decision), decision.standing.balance) == ([-150], 5)
    assert [(lot.source, lot.left) for lot in decision.standing.lots] == [("order:1:B", 5)]
    m.changes("A", refunded=200_00)
    assert m.balance(local("2026-03-05")) == -45
    m.buys("C", 80_00, local("2026-03-06"))
    decision = m.settle(local("2026-03-06 01:00"))
    assert (decision.standing.balance, [lot.left for lot in decision.standing.lots]) == (35, [35])


def test_all_90_orders_of_arrival_end_with_60_points(member, at_once, local):
    paid, now = local("2026-03-01"), local("2026-03-05")
    states = {
        "paid": {"changed_at": local("2026-03-01 00:01")},
        "refund": {"changed_at": local("2026-03-02"), "refunded": 30_00},
        "updated": {"changed_at": local("2026-03-03"), "refunded": 30_00},
    }
    arrivals = set(permutations([*states, *states]))
    assert len(arrivals) == 90
    for arrival in arrivals:
        m = member(at_once)
        seen = local("2026-01-01")
        for name in arrival:
            state = states[name]
            if state["changed_at"] > seen:  # the house ignores older states of an order
                seen = state["changed_at"]
                m.buys("1", 90_00, paid, **state)
            m.settle(now)
        assert m.points == {"order:1:1": 60}
        assert sum(entry.points for entry in m.entries) == 60
        assert len(m.entries) <= 2
