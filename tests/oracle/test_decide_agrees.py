"""The rules of the house and the oracle, which share no line, come to the same figures on any story."""

import os
import random
from collections import Counter
from datetime import datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.amounts import minor, undone
from oracle.member import verdict
from oracle.stories import known_at, stories

from connector.loyalty.decide import decide
from connector.loyalty.facts import (
    Adjustment,
    Booked,
    BookedCoupon,
    History,
    Redemption,
    Shop,
    ShopCustomer,
    ShopOrder,
)
from connector.loyalty.terms import Reward, Version
from connector.records import LineItem, Order


class Books:
    """What was booked so far, as the tables keep it: one row per coupon."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()
        self.coupons: dict[tuple[int, str, str], BookedCoupon] = {}
        self.attempts: Counter[tuple[int, str, str]] = Counter()
        self.notices: dict[str, tuple] = {}

    def codes(self) -> dict[tuple[int, str, str], str]:
        return {key: coupon.code for key, coupon in self.coupons.items()}

    def write(self, decision) -> None:
        for entry in decision.entries:
            self.points[entry.source] += entry.points
        for one in decision.notices:
            assert one.key not in self.notices
            self.notices[one.key] = (one.moment, one.expires_at, one.points, one.days_ahead, one.good_until)
        for coupon in decision.coupons:
            key = (coupon.shop_id, coupon.source, coupon.reward_key)
            code = f"{coupon.reward_key}-{coupon.source}-{self.attempts[key]}".upper()
            self.attempts[key] += 1
            self.coupons[key] = BookedCoupon(*key, code, "live", coupon.ends_at)
        for gone in decision.revoke:
            key = (gone.shop_id, gone.source, gone.reward_key)
            self.coupons[key] = msgspec.structs.replace(gone, state="revoked")

    def live(self, truth: dict, now: datetime) -> set[tuple[int, str, str]]:
        used = {
            (one["shop_id"], code)
            for one in truth["uses"]
            for code in one["codes"]
            if not one["test"] and not undone(one)
        }
        return {
            key
            for key, one in self.coupons.items()
            if one.state == "live" and now < one.ends_at and (key[0], one.code) not in used
        }


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def order_record(order: dict) -> ShopOrder:
    currency = order["currency"]
    lines = tuple(
        LineItem(
            id=str(n),
            title="Soap",
            quantity=one["quantity"],
            current_quantity=one["current_quantity"],
            amount=minor(one["amount"], currency),
            tax=minor(one["tax"], currency),
            kind=one["kind"],
        )
        for n, one in enumerate(order["lines"])
    )
    record = Order(
        id=order["id"],
        number=order["id"],
        currency=currency,
        placed_at=when(order["placed_at"]),
        changed_at=when(order["changed_at"]),
        total=minor(order["total"], currency),
        lines=lines,
        customer_id=order["customer_id"],
        paid_at=when(order["paid_at"]),
        fulfilled_at=when(order["fulfilled_at"]),
        cancelled_at=when(order["cancelled_at"]),
        refunded=minor(order["refunded"], currency),
        refunded_shipping=minor(order["refunded_shipping"], currency),
        coupon_codes=tuple(order["codes"]),
        test=order["test"],
    )
    return ShopOrder(order["shop_id"], record)


def redemption_record(act: dict) -> Redemption:
    return Redemption(
        id=act["id"],
        at=when(act["at"]),
        points=act["points"],
        reward_key="off",
        reward=Reward("amount", 500),
        shop_id=act["shop_id"],
        customer_id=f"c{act['shop_id']}",
        version=act["version"],
        code=act["code"],
        coupon_ends_at=when(act["coupon_ends_at"]),
        actor="shopper",
        state="refused" if act["refused_at"] else "open",
        closed_at=when(act["refused_at"]),
    )


def history(truth: dict) -> History:
    acts = [redemption_record(one) for one in truth["redemptions"]]
    given_ = [
        Adjustment(one["id"], when(one["at"]), one["points"], "staff", "why", one["version"])
        for one in truth["adjustments"]
    ]
    return History(
        shops=tuple(Shop(**one) for one in truth["shops"]),
        customers=tuple(
            ShopCustomer(one["shop_id"], one["id"], datetime.fromisoformat("2000-01-01T00:00+00:00"))
            for one in truth["customers"]
        ),
        orders=tuple(map(order_record, truth["orders"])),
        acts=(*acts, *given_),
        uses=tuple(map(order_record, truth["uses"])),
    )


def merged(lots) -> list[tuple]:
    sums: Counter[tuple] = Counter()
    for lot in lots:
        sums[lot.source, lot.expires_at] += lot.left
    return sorted(((source, left, ends) for (source, ends), left in sums.items()), key=str)


def compare(truth: dict, story: dict, books: Books, now: datetime) -> None:
    truth["codes"] = books.codes()
    # Nobody can use a code before it is made.
    made = {act["code"] for act in truth["redemptions"]} | set(truth["codes"].values())
    truth["uses"] = [one for one in truth["orders"] if made.intersection(one["codes"])]
    programme = tuple(msgspec.convert(one, Version) for one in story["versions"])
    booked = Booked(dict(books.points), tuple(books.coupons.values()), frozenset(books.notices))
    written = dict(books.notices)
    decision = decide(history(truth), programme, booked, now)
    books.write(decision)
    judged = verdict(truth, story["versions"], now)
    if judged["marks"] is None:
        assert decision.entries == ()
        return
    standing = decision.standing
    assert {source: sum_ for source, sum_ in books.points.items() if sum_} == judged["sums"]
    assert merged(standing.lots) == judged["lots"]
    assert standing.balance == judged["balance"]
    assert sorted((one.source, one.points, one.available_at) for one in standing.pending) == judged["pending"]
    assert (standing.tier, standing.tier_until) == (judged["tier"], judged["tier_until"])
    assert {(one.shop_id, one.customer_id): one.marks for one in decision.marks} == judged["marks"]
    assert standing.stage == judged["stage"]
    # What was said before stays said, though a refund or an order that came late may have changed it since.
    assert books.notices == judged["notices"] | written
    compare_coupons(decision, judged, books, truth, now)
    assert decision.ask_again_at == judged["ask_again_at"]


def compare_coupons(decision, judged: dict, books: Books, truth: dict, now: datetime) -> None:
    assert books.live(truth, now) == set(judged["coupons"])
    for coupon in decision.coupons:
        wanted = judged["coupons"][coupon.shop_id, coupon.source, coupon.reward_key]
        assert {name: getattr(coupon, name) for name in wanted} == wanted


STORIES = int(os.environ.get("COMEBACK_STORIES", "400"))


@given(story=stories())
@settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck))
def test_decide_and_the_oracle_agree_on_any_story(story: dict):
    books, chance = Books(), random.Random(story["late"])
    for look in story["looks"]:
        deaf_to = {states[0]["id"] for states in story["orders"] if chance.random() < 0.3}
        compare(known_at(story, look, deaf_to), story, books, look)
    last = story["last_look"]
    compare(known_at(story, last, set()), story, books, last)


@given(story=stories(), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_point_more_or_less_is_noticed(story: dict, data):
    books, last = Books(), story["last_look"]
    compare(known_at(story, last, set()), story, books, last)
    if not +books.points:
        return
    judged = verdict(known_at(story, last, set()) | {"codes": books.codes()}, story["versions"], last)
    source = data.draw(st.sampled_from(sorted(+books.points)))
    books.points[source] += data.draw(st.sampled_from([-1, 1]))
    with pytest.raises(AssertionError):
        assert {name: sum_ for name, sum_ in books.points.items() if sum_} == judged["sums"]
