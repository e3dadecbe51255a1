"""The oracle against figures that were worked out by hand: the judge is judged first."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

from oracle import amounts
from oracle.days import end_after, some_months_later, start_of
from oracle.member import verdict

ZONE = "Europe/Amsterdam"
LONG_AGO = "2000-01-01T00:00:00+00:00"
P0 = {
    "currency": "EUR",
    "currencies": [{"currency": "EUR", "earn_step": 100, "rate": 1_000_000}],
    "earn_points": 1,
    "base": "including_tax",
    "hold_days": 14,
    "expiry_months": 12,
    "returned_days": 30,
    "tiers": [],
    "tier_window_months": 12,
    "tier_term_months": 12,
    "tier_grace_days": 30,
    "nth_orders": [],
    "redeemables": [],
    "returning_tag": "",
    "count_zero_orders": False,
}


def local(text: str, zone: str = ZONE) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).isoformat()


def order(id: str, paid: str, *goods: str, shipping: str = "0.00", **more) -> dict:
    total = sum((amounts.Fraction(one) for one in goods), amounts.Fraction(shipping))
    return {
        "id": id,
        "shop_id": 1,
        "customer_id": "c1",
        "currency": "EUR",
        "placed_at": local(paid),
        "paid_at": local(paid),
        "fulfilled_at": None,
        "cancelled_at": None,
        "changed_at": local(paid),
        "test": False,
        "total": f"{float(total):.2f}",
        "refunded": "0.00",
        "refunded_shipping": "0.00",
        "codes": [],
        "lines": [line(one) for one in goods],
    } | more


def line(amount: str, quantity: int = 1, current: int | None = None, kind: str = "goods", tax: str = "0.00"):
    return {
        "kind": kind,
        "quantity": quantity,
        "current_quantity": quantity if current is None else current,
        "amount": amount,
        "tax": tax,
    }


def told(now: str, *orders: dict, acts: tuple = (), terms: dict = P0, adjustments: tuple = ()) -> dict:
    codes = {one["code"] for one in acts}
    truth = {
        "shops": [{"id": 1, "currency": "EUR", "timezone": ZONE, "mark_kind": "tags"}],
        "customers": [{"shop_id": 1, "id": "c1"}],
        "orders": list(orders),
        "uses": [one for one in orders if codes.intersection(one["codes"])],
        "redemptions": list(acts),
        "adjustments": list(adjustments),
        "codes": {},
    }
    versions = [{"number": 1, "starts_at": LONG_AGO, "counts_from": LONG_AGO, "terms": terms}]
    return verdict(truth, versions, datetime.fromisoformat(local(now)))


def redemption(id: str, when: str, points: int, code: str, days: int = 60) -> dict:
    ends = datetime.fromisoformat(local(when)) + timedelta(days)
    return {
        "id": id,
        "at": local(when),
        "points": points,
        "shop_id": 1,
        "code": code,
        "coupon_ends_at": ends.isoformat(),
        "refused_at": None,
        "version": 1,
    }


def test_three_lines_of_9_99_give_29_points_and_give_them_back_as_10_10_and_9():
    def after(*gone: int) -> int:
        lines = [line("9.99", current=0 if n in gone else 1) for n in range(3)]
        return told("2026-03-01", order("A", "2026-01-01", "9.99", "9.99", "9.99", lines=lines))["balance"]

    assert [after(), after(0), after(0, 1), after(0, 1, 2)] == [29, 19, 9, 0]


def test_shipping_earns_nothing_and_costs_nothing_when_it_is_refunded():
    kept = order("A", "2026-01-01", "80.00", shipping="6.95")
    shipping_back = kept | {"refunded": "6.95", "refunded_shipping": "6.95"}
    goods_back = kept | {"refunded": "80.00", "lines": [line("80.00", current=0)]}
    assert [told("2026-03-01", one)["balance"] for one in (kept, shipping_back, goods_back)] == [80, 80, 0]
    assert amounts.undone(goods_back)
    assert not amounts.undone(shipping_back)


def test_a_refund_after_spending_leaves_5_then_a_debt_of_45_and_80_new_points_leave_35():
    def balance(refunded: str, *later: dict) -> int:
        a = order("A", "2026-01-01", "200.00", refunded=refunded)
        b = order("B", "2026-02-01", "55.00", codes=["FIVE"])
        spent = redemption("r", "2026-01-20", 100, "FIVE")
        return told("2026-06-01", a, b, *later, acts=(spent,))

    c = order("C", "2026-04-01", "80.00")
    assert [balance(one)["balance"] for one in ("0.00", "150.00", "200.00")] == [155, 5, -45]
    assert balance("200.00", c)["balance"] == 35
    ends = end_after(date(2026, 4, 1), ZONE, months=12)
    assert balance("200.00", c)["lots"] == [("order:1:C", 35, ends)]


def test_a_typed_refund_of_12_34_takes_13_points_and_as_shipping_none():
    plain = order("A", "2026-01-01", "100.00")
    typed = plain | {"refunded": "12.34"}
    assert [told("2026-03-01", one)["balance"] for one in (plain, typed)] == [100, 87]
    shipped = order(
        "A", "2026-01-01", "100.00", shipping="12.34", refunded="12.34", refunded_shipping="12.34"
    )
    assert told("2026-03-01", shipped)["balance"] == 100


def test_cancelled_and_refunded_takes_100_once():
    done = {"cancelled_at": local("2026-02-01"), "refunded": "100.00", "lines": [line("100.00", current=0)]}
    both = order("A", "2026-01-01", "100.00", **done)
    assert told("2026-03-01", both)["sums"] == {}


def test_90_less_30_makes_60_in_whatever_order_it_is_told():
    part = order("A", "2026-01-01", "90.00", refunded="30.00")
    other = order("B", "2026-01-02", "10.00")
    assert {told("2026-03-01", *both)["balance"] for both in permutations((part, other))} == {70}


def test_an_unused_code_gives_its_100_points_back_for_at_least_30_days():
    a = order("A", "2025-02-10", "100.00")
    spent = redemption("r", "2026-01-10 12:00", 100, "FIVE", days=32)  # ends on 11 February, as the lot does
    assert told("2026-02-10", a, acts=(spent,))["balance"] == 0
    back = told("2026-03-01", a, acts=(spent,))
    assert back["lots"] == [("order:1:A", 100, end_after(date(2026, 2, 11), ZONE, days=30))]
    assert told("2026-03-15", a, acts=(spent,))["sums"] == {"order:1:A": 100, "expiry:order:1:A": -100}


def test_months_end_with_their_month():
    assert some_months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert some_months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert some_months_later(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert some_months_later(date(2027, 1, 31), -2) == date(2026, 11, 30)


def test_points_paid_on_1_november_come_on_the_15th_and_end_a_year_after_the_1st():
    a = order("A", "2026-11-01 10:00", "50.00")
    assert told("2026-11-14 23:59", a)["pending"] == [
        ("order:1:A", 50, datetime(2026, 11, 14, 23, tzinfo=UTC))
    ]
    assert told("2026-11-15", a)["balance"] == 50
    assert told("2027-11-01 23:59", a)["balance"] == 50
    assert told("2027-11-02", a)["balance"] == 0


def test_a_day_without_midnight_starts_at_one_o_clock():
    assert start_of(date(2018, 11, 4), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert start_of(date(2026, 3, 29), ZONE) == datetime(2026, 3, 28, 23, tzinfo=UTC)


def test_500_euro_in_a_year_is_gold_and_a_refund_takes_it_back():
    terms = P0 | {
        "tiers": [
            {"name": "Silver", "threshold": 250_00, "tag": "s"},
            {"name": "Gold", "threshold": 500_00, "tag": "g"},
        ],
        "returning_tag": "back",
    }
    a, b = order("A", "2025-03-01", "300.00"), order("B", "2026-02-28", "200.00")
    gold = told("2026-04-01", a, b, terms=terms)
    assert (gold["tier"], gold["tier_until"]) == ("Gold", end_after(date(2027, 2, 28), ZONE, days=30))
    assert gold["marks"] == {(1, "c1"): ("back", "g")}
    silver = told("2026-03-30", a, b | {"refunded": "0.01"}, terms=terms)
    assert (silver["tier"], silver["tier_until"]) == ("Silver", end_after(date(2027, 2, 28), ZONE, days=30))
    late = told("2026-03-31", a, b | {"paid_at": local("2026-03-01")}, terms=terms)
    assert (late["tier"], late["tier_until"]) == ("Silver", end_after(date(2026, 3, 31), ZONE))
    assert told("2026-04-01", a, b | {"paid_at": local("2026-03-01")}, terms=terms)["tier"] is None


def test_the_third_order_gets_its_coupon_when_the_second_is_paid():
    rule = {"key": "third", "name": "3rd", "after": 2, "reward": {"kind": "free_shipping", "valid_days": 60}}
    terms = P0 | {"nth_orders": [rule]}
    a, b = order("A", "2026-01-01", "10.00"), order("B", "2026-01-05 12:00", "10.00")
    assert list(told("2026-02-01", a, b, terms=terms)["coupons"]) == [(1, "order:1:B", "third")]
    assert told("2026-02-01", a, b | {"cancelled_at": local("2026-01-06")}, terms=terms)["coupons"] == {}
    assert told("2026-03-07", a, b, terms=terms)["coupons"] == {}, "60 days, and the last of them to its end"


RHYTHM = P0 | {
    "lapse_min_days": 30,
    "usual_gap": 45,
    "loyal_from": 5,
    "stage_tags": {"new": "new", "lapsing": "quiet", "lost": "gone"},
    "win_back": {
        "key": "back",
        "name": "back",
        "reward": {"kind": "percentage", "value": 1000, "valid_days": 30},
    },
    "notice_days": [30, 7],
}


def test_one_order_and_a_usual_gap_of_45_days_make_a_lapse_after_45_and_a_loss_after_90():
    a = order("A", "2026-01-01 12:00", "10.00")
    days = ["2026-02-14 23:59", "2026-02-15", "2026-03-31 23:59", "2026-04-01"]
    seen = [told(day, a, terms=RHYTHM) for day in days]
    assert [one["stage"] for one in seen] == ["new", "lapsing", "lapsing", "lost"]
    assert [one["marks"][1, "c1"] for one in seen] == [("new",), ("quiet",), ("quiet",), ("gone",)]


def test_the_median_of_20_30_and_90_days_is_30_and_of_20_and_30_it_is_25():
    days = ["2026-01-01", "2026-01-21", "2026-02-20", "2026-05-21"]
    orders = [order(day, day, "10.00") for day in days]
    assert told("2026-04-10 23:59", *orders[:3], terms=RHYTHM)["stage"] == "regular"
    assert told("2026-04-11", *orders[:3], terms=RHYTHM)["stage"] == "lapsing"
    assert told("2026-07-19", *orders, terms=RHYTHM)["stage"] == "regular"
    assert told("2026-07-20", *orders, terms=RHYTHM)["stage"] == "lapsing"


def test_the_win_back_comes_with_the_lapse_and_ends_with_its_thirtieth_day():
    a = order("A", "2026-01-01 12:00", "10.00")
    key = (1, "lapse:order:1:A", "back")
    found = [
        told(day, a, terms=RHYTHM)["coupons"] for day in ["2026-02-14", "2026-02-15", "2026-03-17 23:59"]
    ]
    assert [list(one) for one in found] == [[], [key], [key]]
    assert found[1][key]["ends_at"] == start_of(date(2026, 3, 18), ZONE)
    assert told("2026-03-18", a, terms=RHYTHM)["coupons"] == {}
    late = order("B", "2026-02-15", "10.00")
    assert told("2026-02-16", a, late, terms=RHYTHM)["coupons"] == {}


def test_50_points_that_end_on_1_november_are_told_of_on_2_and_25_october():
    a = order("A", "2026-11-01 10:00", "50.00")
    ends = start_of(date(2027, 11, 2), ZONE)
    first = (start_of(date(2027, 10, 2), ZONE), ends, 50, 30, start_of(date(2027, 10, 25), ZONE))
    second = (start_of(date(2027, 10, 25), ZONE), ends, 50, 7, ends)
    assert list(told("2027-10-01 23:59", a)["notices"].values()) == []
    assert list(told("2027-10-02", a)["notices"].values()) == [first]
    assert list(told("2027-12-01", a)["notices"].values()) == [first, second]
