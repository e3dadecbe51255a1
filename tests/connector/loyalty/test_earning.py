"""What orders earn, when it arrives and when it ends, rule by rule and in real figures."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import Shop
from connector.loyalty.terms import CurrencyTerms
from connector.records import LineItem

CHANGE = msgspec.structs.replace
NEW_YORK = Shop(2, "USD", "America/New_York", "group")
AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")


@pytest.fixture
def at_once(p0):
    return CHANGE(p0, hold_days=0)


def test_points_come_14_days_after_payment_and_live_to_the_end_of_the_day_a_year_after_it(member, p0, local):
    m = member(p0)
    m.buys("1", 50_00, local("2026-11-01 10:00"))
    waiting = m.settle(local("2026-11-14 23:59"))
    assert waiting.entries == ()
    assert [(one.points, one.available_at) for one in waiting.standing.pending] == [(50, local("2026-11-15"))]
    assert waiting.ask_again_at == local("2026-11-15")
    arrived = m.settle(local("2026-11-15"))
    assert [(one.points, one.moment) for one in arrived.entries] == [(50, local("2026-11-15"))]
    assert arrived.standing.lots[0].expires_at == local("2027-11-02")
    assert arrived.ask_again_at == local("2026-12-31"), "60 days after the only order"
    assert m.balance(local("2027-11-01 23:59")) == 50
    gone = m.settle(local("2027-11-02"))
    assert [(one.source, one.points, one.moment) for one in gone.entries] == [
        ("expiry:order:1:1", -50, local("2027-11-02"))
    ]
    assert str(gone.entries[0].inputs.on) == "2027-11-01"


def test_a_refund_within_the_hold_leaves_no_entry_at_all(member, p0, local):
    m = member(p0)
    m.buys("1", 50_00, local("2026-11-01 10:00"))
    m.settle(local("2026-11-02"))
    m.changes("1", refunded=50_00, changed_at=local("2026-11-10"))
    m.settle(local("2026-11-10"))
    assert m.balance(local("2026-12-01")) == 0
    assert m.entries == []


@pytest.mark.parametrize(
    ("fulfilled", "available"),
    [
        ("2026-11-05 09:00", "2026-11-19"),  # the hold runs from fulfilment
        ("2026-10-20 09:00", "2026-11-15"),  # before payment: from payment
        ("2026-11-14 23:59", "2026-11-28"),
        ("2026-11-15 00:00", "2026-11-15"),  # too late: the points have arrived
        (None, "2026-11-15"),
    ],
)
def test_the_hold_runs_from_a_fulfilment_that_comes_before_it_is_over(
    member, p0, local, fulfilled, available
):
    m = member(p0)
    m.buys("1", 50_00, local("2026-11-01 10:00"), fulfilled_at=fulfilled and local(fulfilled))
    assert m.decide(local("2026-11-01 10:00")).standing.pending[0].available_at == local(available)


def test_without_a_hold_points_come_with_the_payment(member, at_once, local):
    m = member(at_once)
    m.buys("1", 50_00, local("2026-11-01 10:00"))
    assert m.settle(local("2026-11-01 10:00")).entries[0].moment == local("2026-11-01 10:00")


def test_points_that_never_end(member, at_once, local):
    m = member(CHANGE(at_once, expiry_months=0))
    m.buys("1", 50_00, local("2026-11-01"))
    decision = m.settle(local("2099-01-01"))
    assert (decision.standing.lots[0].expires_at, decision.ask_again_at) == (None, None)


def test_a_lot_that_would_end_within_its_hold_arrives_and_ends_at_one_moment(member, p0, local):
    m = member(CHANGE(p0, hold_days=60, expiry_months=1))
    m.buys("1", 50_00, local("2026-03-01 12:00"))
    decision = m.settle(local("2026-06-01"))
    assert [(one.points, one.moment) for one in decision.entries] == [
        (-50, local("2026-04-30")),
        (50, local("2026-04-30")),
    ]
    assert (decision.standing.balance, decision.standing.lots) == (0, ())


def test_a_shop_excluding_vat_gives_100_points_where_one_including_it_gives_121(member, at_once, local):
    line = LineItem("1", "Soap", 1, 1, 121_00, 21_00)
    for base, points in (("including_tax", 121), ("excluding_tax", 100)):
        m = member(CHANGE(at_once, base=base))
        m.buys("1", 121_00, local("2026-03-01"), lines=(line,))
        assert m.balance(local("2026-03-02")) == points


def test_shipping_earns_nothing_and_its_refund_takes_nothing(member, at_once, local):
    m = member(at_once)
    m.buys("1", 80_00, local("2026-03-01"), total=86_95)
    assert m.balance(local("2026-03-02")) == 80
    m.changes("1", refunded=6_95, refunded_shipping=6_95)
    assert m.balance(local("2026-03-02")) == 80
    m.changes("1", refunded=86_95)
    assert m.balance(local("2026-03-02")) == 0


def test_a_code_of_20_00_leaves_80_points_of_goods_of_100_00(member, at_once, local):
    m = member(at_once)
    m.buys("1", 80_00, local("2026-03-01"))
    assert m.balance(local("2026-03-02")) == 80


def test_a_gift_card_bought_earns_nothing(member, at_once, local):
    m = member(at_once)
    card = LineItem("1", "Gift card", 1, 1, 50_00, kind="gift_card")
    m.buys("1", 80_00, local("2026-03-01"), lines=(card, LineItem("2", "Soap", 1, 1, 30_00)))
    assert m.balance(local("2026-03-02")) == 30


@pytest.mark.parametrize("more", [{"test": True}, {"paid_at": None}, {"total": 0, "lines": ()}])
def test_tests_unpaid_orders_and_orders_over_nothing_earn_nothing_and_leave_no_line(
    member, at_once, local, more
):
    m = member(at_once)
    m.buys("1", 80_00, local("2026-03-01"), **more)
    decision = m.settle(local("2026-04-01"))
    assert (decision.entries, decision.standing.orders) == ((), 0)


def test_an_order_over_nothing_counts_as_an_order_only_where_the_terms_say_so(member, at_once, local):
    m = member(CHANGE(at_once, count_zero_orders=True))
    m.buys("1", (), local("2026-03-01"))
    assert m.decide(local("2026-03-02")).standing.orders == 1


def test_a_cancel_and_a_refund_take_100_back_once_in_either_order_and_twice_each(member, at_once, local):
    refund = {"refunded": 100_00}
    cancel = {"cancelled_at": local("2026-03-02")}
    for changes in ([refund, cancel], [cancel, refund], [refund, cancel, refund, cancel]):
        m = member(at_once)
        m.buys("1", 100_00, local("2026-03-01"))
        m.settle(local("2026-03-01 01:00"))
        for change in changes:
            m.changes("1", **change)
            m.settle(local("2026-03-03"))
        assert [entry.points for entry in m.entries] == [100, -100]


def test_an_order_keeps_the_version_it_was_paid_under(member, at_once, local):
    m = member(at_once)
    m.buys("1", 50_00, local("2026-03-01"))
    assert m.balance(local("2026-03-01 01:00")) == 50
    m.publishes(CHANGE(at_once, earn_points=2), local("2026-03-02"))
    m.publishes(CHANGE(at_once, currencies=()), local("2026-03-03"))
    assert m.settle(local("2026-03-04")).entries == ()
    m.changes("1", refunded=25_00)
    m.settle(local("2026-03-05"))
    m.changes("1", refunded=50_00)
    m.settle(local("2026-03-06"))
    assert [entry.points for entry in m.entries] == [50, -25, -25]
    assert {entry.version for entry in m.entries} == {1}


def test_an_order_found_late_is_settled_by_the_version_of_its_payment(member, at_once, local):
    m = member(at_once)
    m.publishes(CHANGE(at_once, earn_points=2), local("2026-03-02"))
    m.buys("old", 50_00, local("2026-03-01 12:00"))
    m.buys("new", 50_00, local("2026-03-02"))
    entries = m.settle(local("2026-06-01")).entries
    assert [(entry.source, entry.version, entry.points) for entry in entries] == [
        ("order:1:old", 1, 50),
        ("order:1:new", 2, 100),
    ]


def test_orders_before_counts_from_are_counted_but_earn_nothing(member, at_once, local):
    m = member(at_once)
    m.versions = (CHANGE(m.versions[0], starts_at=local("2026-03-01"), counts_from=local("2026-02-01")),)
    m.buys("before", 50_00, local("2026-01-31 23:59"))
    m.buys("after", 30_00, local("2026-02-01"))
    decision = m.settle(local("2026-03-02"))
    assert (decision.standing.balance, decision.standing.orders) == (30, 2)


def test_before_the_first_start_nothing_is_wanted(member, at_once, local):
    m = member(at_once)
    m.versions = (CHANGE(m.versions[0], starts_at=local("2026-03-01")),)
    m.buys("1", 50_00, local("2026-01-31"))
    decision = m.decide(local("2026-02-01"))
    assert (decision.entries, decision.marks, decision.ask_again_at) == ((), (), local("2026-03-01"))
    m.versions = ()
    assert m.decide(local("2026-02-01")).ask_again_at is None


def test_two_shops_in_two_currencies_share_one_balance(member, at_once, local):
    terms = CHANGE(
        at_once, currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD", earn_step=110, rate=900_000))
    )
    m = member(terms, shops=(AMSTERDAM, NEW_YORK))
    m.buys("1", 40_00, local("2026-03-01"))
    m.buys("1", 33_00, local("2026-03-01"), shop=2)
    assert m.balance(local("2026-03-02")) == 40 + 30
    m.changes("1", shop=2, refunded=33_00)
    assert m.balance(local("2026-03-02")) == 40


def test_a_shops_own_clock_says_when_points_come(member, p0, local):
    terms = CHANGE(p0, currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD")))
    m = member(terms, shops=(AMSTERDAM, NEW_YORK))
    paid = local("2026-11-02 01:00")  # 1 November, 19:00 in New York
    m.buys("1", 33_00, paid, shop=2)
    pending = m.decide(paid).standing.pending
    assert pending[0].available_at == local("2026-11-15", "America/New_York")


def test_an_order_in_a_currency_the_terms_do_not_name_earns_nothing(member, at_once, local):
    m = member(at_once)
    m.buys("1", 40_00, local("2026-03-01"), currency="SEK")
    assert m.settle(local("2026-03-02")).entries == ()


def test_a_guest_order_claimed_in_time_gives_45_and_after_a_year_nothing(member, at_once, local):
    for claimed, balance, lines in (("2026-09-01", 45, 1), ("2027-04-01", 0, 2)):
        m = member(at_once)
        assert m.balance(local("2026-03-02")) == 0  # before the claim the order is nobody's
        m.buys("1", 45_00, local("2026-03-01"), customer_id=None)
        assert m.balance(local(claimed)) == balance
        assert m.balance(local(claimed)) == balance
        assert len(m.entries) == lines
        assert m.entries[0].moment == local("2026-03-01")


def test_an_order_that_is_no_longer_the_members_gives_its_points_back(member, at_once, local):
    m = member(at_once)
    m.buys("1", 45_00, local("2026-03-01"))
    m.settle(local("2026-03-02"))
    m.orders.clear()
    entry = m.settle(local("2026-03-03")).entries[0]
    assert (entry.source, entry.points, entry.moment, entry.inputs.why) == (
        "order:1:1",
        -45,
        local("2026-03-03"),
        "gone",
    )
    assert m.balance(local("2026-03-04")) == 0


def test_an_order_whose_payment_fell_through_gives_its_points_back(member, at_once, local):
    m = member(at_once)
    m.buys("1", 45_00, local("2026-03-01"))
    m.settle(local("2026-03-02"))
    m.changes("1", paid_at=None, changed_at=local("2026-03-03"))
    entry = m.settle(local("2026-03-04")).entries[0]
    assert (entry.points, entry.moment, entry.inputs.why) == (-45, local("2026-03-03"), "unpaid")


def test_a_refund_is_dated_when_the_order_changed_and_never_after_now(member, at_once, local):
    m = member(at_once)
    m.buys("1", 45_00, local("2026-03-01"))
    m.settle(local("2026-03-02"))
    m.changes("1", refunded=5_00, changed_at=local("2026-03-05"))
    assert m.settle(local("2026-04-01")).entries[0].moment == local("2026-03-05")
    m.changes("1", refunded=10_00, changed_at=local("2026-04-02"))
    fast_clock = m.settle(local("2026-04-02") - timedelta(seconds=3))
    assert fast_clock.entries[0].moment == local("2026-04-02") - timedelta(seconds=3)


def test_a_refund_made_in_the_hold_and_heard_after_it_is_dated_when_the_points_had_come(member, p0, local):
    m = member(p0)
    m.buys("1", 45_00, local("2026-03-01"))
    m.settle(local("2026-03-20"))
    m.changes("1", refunded=5_00, changed_at=local("2026-03-05"))
    entry = m.settle(local("2026-03-21")).entries[0]
    assert (entry.points, entry.moment) == (-5, local("2026-03-15"))


def test_an_order_of_gift_cards_refunded_in_full_is_no_order(member, at_once, local):
    m = member(at_once)
    card = LineItem("1", "Gift card", 1, 1, 50_00, kind="gift_card")
    m.buys("1", 50_00, local("2026-03-01"), lines=(card,))
    assert m.decide(local("2026-03-02")).standing.orders == 1
    m.changes("1", refunded=50_00)
    assert m.decide(local("2026-03-02")).standing.orders == 0


def test_a_refund_after_the_lot_expired_changes_both_lines_and_not_the_balance(member, at_once, local):
    m = member(at_once)
    m.buys("1", 90_00, local("2026-03-01"))
    assert m.balance(local("2027-06-01")) == 0
    m.changes("1", refunded=30_00, changed_at=local("2027-06-02"))
    assert m.balance(local("2027-06-03")) == 0
    assert m.points == {"order:1:1": 60, "expiry:order:1:1": -60}
    m.changes("1", refunded=90_00, changed_at=local("2027-06-04"))
    assert m.balance(local("2027-06-05")) == 0
    assert [(one.source, one.points, one.moment) for one in m.entries[-2:]] == [
        ("expiry:order:1:1", 60, local("2027-03-02")),
        ("order:1:1", -60, local("2027-06-04")),
    ]
    assert m.points == {"order:1:1": 0, "expiry:order:1:1": 0}
