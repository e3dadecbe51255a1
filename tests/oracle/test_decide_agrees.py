"""The rules of the house and the oracle, which share no line, come to the same figures on any story."""

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.amounts import minor, undone
from oracle.member import verdict
from oracle.stories import known_at, stories

from connector.loyalty import offers, redemptions, versions
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
    WantedCoupon,
)
from connector.loyalty.terms import Reward, Version
from connector.records import EVERYTHING, GIFTS, LineItem, Order


class Books:
    """What was booked so far, as the tables keep it: one row per coupon."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()
        self.coupons: dict[tuple[int, str, str], BookedCoupon] = {}
        self.attempts: Counter[tuple[int, str, str]] = Counter()
        self.notices: dict[str, tuple] = {}

    def posts(self, chance: random.Random) -> None:
        """Some of the gifts that are on their way reach their customer."""
        for key, one in self.coupons.items():
            if one.state == "wanted" and chance.random() < 0.5:
                self.coupons[key] = msgspec.structs.replace(one, state="live")

    def given(self) -> dict[tuple[int, str, str], datetime]:
        """The gifts that customers have, with their ends."""
        return {
            key: one.ends_at for key, one in self.coupons.items() if one.kind in GIFTS and one.state == "live"
        }

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
            state = "wanted" if coupon.kind in GIFTS else "live"
            self.coupons[key] = BookedCoupon(*key, code, state, coupon.ends_at, coupon.kind)
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
            if one.state in ("wanted", "live")
            and now < one.ends_at
            and (one.kind in GIFTS or (key[0], one.code) not in used)
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
        reward=msgspec.convert(act["reward"], Reward),
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
            ShopCustomer(
                one["shop_id"],
                one["id"],
                datetime.fromisoformat("2000-01-01T00:00+00:00"),
                one.get("currency"),
            )
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
    truth |= {"codes": books.codes(), "given": books.given()}
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
    # An order heard of late can move a lapse: its one coupon was given all the same, and may have ended since.
    ended = {key for key, one in books.coupons.items() if one.ends_at <= now and one.state != "revoked"}
    had = {key for key in ended if key[1].startswith("lapse:")}
    assert books.live(truth, now) == set(judged["coupons"]) - had
    for coupon in decision.coupons:
        wanted = judged["coupons"][coupon.shop_id, coupon.source, coupon.reward_key]
        assert {name: told(coupon, name) for name in wanted} == wanted


def told(coupon: WantedCoupon, name: str) -> Any:
    """A condition of the coupon in plain lists, as the oracle tells it."""
    match name:
        case "about" | "bought":
            scope = coupon.scope if name == "about" else coupon.buys
            return [list(scope.products), list(scope.collections)]
        case "combines":
            return list(coupon.combines)
        case _:
            return getattr(coupon, name)


STORIES = int(os.environ.get("COMEBACK_STORIES", "400"))


@given(story=stories())
@settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck))
def test_decide_and_the_oracle_agree_on_any_story(story: dict):
    books, chance = Books(), random.Random(story["late"])
    for look in story["looks"]:
        deaf_to = {states[0]["id"] for states in story["orders"] if chance.random() < 0.3}
        compare(known_at(story, look, deaf_to), story, books, look)
        books.posts(chance)
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


def blind(monkeypatch: pytest.MonkeyPatch, field: str, nothing: Any) -> None:
    """Coupons are made as if the reward did not say this."""
    made = offers.WantedCoupon
    monkeypatch.setattr(offers, "WantedCoupon", lambda **words: made(**(words | {field: nothing})))


MUTATIONS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "what was given is called off": lambda patch: patch.setattr(
        offers, "_MAY_NOT_BE_GIVEN_YET", ("wanted", "live")
    ),
    "a gift is used up by orders": lambda patch: patch.setattr(offers, "GIFTS", frozenset()),
    "points for a gift come back at its end": lambda patch: patch.setattr(redemptions, "GIFTS", frozenset()),
    "a gift is worth the same figure in every currency": lambda patch: patch.setattr(
        versions, "MONEY", frozenset({"amount"})
    ),
    "who shops in other money gets the shop's": lambda patch: patch.setattr(
        offers, "told_in", lambda reward, terms, own, theirs, order: own
    ),
    "who is at home in money without a rate gets the shop's": lambda patch: patch.setattr(
        versions, "MONEY", GIFTS
    ),
    "a code is about everything": lambda patch: blind(patch, "scope", EVERYTHING),
    "nothing need be bought": lambda patch: blind(patch, "buys", EVERYTHING),
    "one more is given": lambda patch: blind(patch, "gets", 4),
    "no number is asked for": lambda patch: blind(patch, "minimum_quantity", 0),
    "nothing goes beside it": lambda patch: blind(patch, "combines", ()),
}


PAID = "2015-03-02T10:00:00+00:00"
CARD = {"kind": "gift_card", "value": 1000, "valid_days": 400}
BXGY = {
    "kind": "buy_x_get_y",
    "value": 10_000,
    "minimum_quantity": 2,
    "scope": {"products": ["11"]},
    "buys": {"collections": ["12"]},
    "gets": 1,
    "combines": "shipping",
}


def bought(number: int, days: int, **changed: Any) -> list[dict]:
    """An order of 50.00, paid so many days after the first; then, where it changes, how it stands two days later."""
    at = (datetime.fromisoformat(PAID) + timedelta(days=days)).isoformat()
    line = {"kind": "goods", "quantity": 1, "current_quantity": 1, "amount": "50.00", "tax": "0.00"}
    moments = {"placed_at": at, "paid_at": at, "changed_at": at, "fulfilled_at": None, "cancelled_at": None}
    whose = {"id": str(number), "shop_id": 1, "customer_id": "c1", "currency": "USD", "test": False}
    money = {"total": "50.00", "refunded": "0.00", "refunded_shipping": "0.00"}
    order = {**whose, **moments, **money, "codes": [], "lines": [line]}
    later = (datetime.fromisoformat(at) + timedelta(days=2)).isoformat()
    return [order | changed] if "codes" in changed else [order, order | {"changed_at": later} | changed]


def first_order_brings(reward: dict, *orders: list[dict], **more: Any) -> dict:
    """A story of one shop that counts in dollars, and of a programme in euros whose first order brings this."""
    currencies = [{"currency": "EUR"}, {"currency": "USD", "rate": 2_000_000}]
    terms = {"currency": "EUR", "currencies": currencies, "hold_days": 0, "expiry_months": 0}
    terms |= {"earn_points": 1, "base": "including_tax", "returned_days": 0, "tiers": [], "redeemables": []}
    terms |= {"tier_window_months": 12, "tier_term_months": 12, "tier_grace_days": 0}
    terms |= {"returning_tag": "", "count_zero_orders": False}
    terms["currencies"] = [{"earn_step": 100, "rate": 1_000_000} | one for one in currencies]
    terms["nth_orders"] = [{"key": "nth-0", "name": "nth", "after": 1, "reward": reward}]
    start = "2015-01-01T00:00:00+00:00"
    return {
        "shops": [{"id": 1, "currency": "USD", "timezone": "UTC", "mark_kind": "tags"}],
        "customers": [{"shop_id": 1, "id": "c1"}],
        "versions": [{"number": 1, "starts_at": start, "counts_from": start, "terms": terms}],
        "orders": list(orders) or [bought(0, 0)],
        "redemptions": [],
        "adjustments": [],
        **more,
    }


FIVE_OFF = {"kind": "amount", "value": 500, "valid_days": 60}
AT_HOME_IN_YEN = {"shop_id": 1, "id": "c1", "currency": "JPY"}
IN_YEN = {"id": 1, "currency": "JPY", "timezone": "UTC", "mark_kind": "tags"}
CANCELLED = bought(0, 0, cancelled_at="2015-03-04T10:00:00+00:00")
NAMED = bought(1, 1, codes=["NTH-0-ORDER:1:0-0"], cancelled_at=None)
EXCHANGED = {
    "id": "r",
    "at": "2015-03-03T10:00:00+00:00",
    "points": 20,
    "reward": CARD,
    "shop_id": 1,
    "code": "CODE",
    "coupon_ends_at": "2015-03-04T10:00:00+00:00",
    "refused_at": None,
    "version": 1,
}
NOTICED = {
    "what was given is called off": (first_order_brings(CARD, CANCELLED), True),
    "a gift is used up by orders": (first_order_brings(CARD, CANCELLED, NAMED), False),
    "points for a gift come back at its end": (first_order_brings(CARD, redemptions=[EXCHANGED]), True),
    "a gift is worth the same figure in every currency": (first_order_brings(CARD), True),
    "who shops in other money gets the shop's": (
        first_order_brings(BXGY, customers=[{"shop_id": 1, "id": "c1", "currency": "EUR"}], shops=[IN_YEN]),
        True,
    ),
    "who is at home in money without a rate gets the shop's": (
        first_order_brings(FIVE_OFF, bought(0, 0, currency="JPY", codes=[]), customers=[AT_HOME_IN_YEN]),
        True,
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_rule_changed_by_hand_is_noticed(mutation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    story, arrives = NOTICED.get(mutation, (first_order_brings(BXGY), True))

    def told() -> None:
        books = Books()
        for days in (1, 5):
            look = datetime.fromisoformat(PAID) + timedelta(days=days)
            compare(known_at(story, look, set()), story, books, look)
            if arrives:
                books.posts(Sure())

    told()
    MUTATIONS[mutation](monkeypatch)
    with pytest.raises(AssertionError):
        told()


class Sure(random.Random):
    """Everything that may happen does."""

    def random(self) -> float:
        return 0.0
