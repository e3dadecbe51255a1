"""What goes out in one call: two codes of one worth where they are bound to nobody, and old codes; each has its answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.flow import together
from connector.flow.pushing import Job
from connector.port import CustomerChanged, OutcomeUnknown, Refused
from connector.records import Card, Coupon
from connector.store.coupons import Kept
from connector.store.outbox import Push


def job(make: Any, number: int, push: Any = "coupon", state: str = "wanted", **changes: Any) -> Job:
    coupon = Coupon(
        f"CODE{number}", "amount", 500, "EUR", "5.00 off", make.NOW, make.NOW + make.DAY, f"{number}"
    )
    coupon = msgspec.structs.replace(coupon, **changes)
    kept = Kept(1, f"order:1:{number}", "five-off", number, state, 0, 0, None, None, coupon)
    return Job(Push(1, number, push, kept.subject, 1), 0, coupon=kept)


def sizes(jobs: list[Job], *, bound: bool) -> list[list[int]]:
    return [[one.push.id for one in call] for call in together.calls(jobs, bound=bound)]


def test_two_codes_of_one_worth_and_end_go_together_where_nobody_is_bound_to_them(make: Any) -> None:
    later = make.NOW + 2 * make.DAY
    jobs = [
        job(make, 1),
        job(make, 2, title="Another name", starts_at=make.NOW - make.DAY),
        job(make, 3, value=700),
        job(make, 4),
        job(make, 5, ends_at=later),
        job(make, 6, currency="USD"),
    ]
    assert sizes(jobs, bound=False) == [[1, 2], [3], [4], [5], [6]]
    assert sizes(jobs, bound=True) == [[1], [2], [3], [4], [5], [6]]


def test_gifts_and_what_is_no_longer_wanted_go_by_themselves_and_cards_behind_all_else(make: Any) -> None:
    card = Job(Push(1, 9, "card", "9", 1), 0, card=Card("9", 100, None))
    gifts = [job(make, number, kind="gift_card") for number in (1, 2)]
    moot = [job(make, number, state="revoking") for number in (3, 4)]
    assert sizes([card, *gifts, *moot, card], bound=False) == [[1], [2], [3], [4], [9, 9]]


def test_old_codes_are_let_go_in_one_call(make: Any) -> None:
    jobs = [job(make, number, "delete", "live") for number in range(1, 31)]
    assert [len(call) for call in together.calls(jobs, bound=True)] == [24, 6]


@pytest.fixture
def three(world: Any, start: Any, make: Any) -> Any:
    """A shop that binds no codes to anybody, and three customers whose second order brings two codes each."""
    world.corner.binds_coupons = False
    start()
    for one in ("7", "8", "9"):
        world.tell(CustomerChanged(make.person(one, f"p{one}@example.nl")))
    orders = [make.order(10 * int(one) + n, 60, make.NOW, one) for one in ("7", "8", "9") for n in (1, 2)]
    world.happen(*orders)
    return world


def test_each_code_of_a_call_has_its_own_answer(three: Any) -> None:
    codes = sorted(row.code for row in three.coupons)
    three.corner.foreign_codes.add(codes[0])
    three.corner.refused_codes.add(codes[1])
    three.push()
    kept = {row.code: row for row in three.coupons}
    assert codes[0] not in kept
    assert kept[codes[1]].state == "refused"
    assert sorted(row.state for row in kept.values()) == ["live"] * 5 + ["refused"]
    assert set(three.corner.codes) == set(kept) - {codes[1]}
    assert three.corner.calls.count("make_codes") > 1


def test_what_is_wrong_with_a_whole_call_is_tried_one_by_one_and_a_lost_answer_later(three: Any) -> None:
    three.corner.trouble = [Refused("no such call here"), OutcomeUnknown("no answer came back")]
    three.push()
    assert "make_coupon" in three.corner.calls
    three.later(timedelta(minutes=1) / timedelta(days=1))
    three.push()
    assert {row.state for row in three.coupons} == {"live"}
    assert set(three.corner.codes) == {row.code for row in three.coupons}
