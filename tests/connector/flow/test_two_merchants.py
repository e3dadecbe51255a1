"""Two merchants with the same customers, orders and words: whatever happens at one changes no byte of the other's rows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from connector import jobs, rounds
from connector.flow import again, programme, redeeming, welcoming
from connector.loyalty.redeem import CannotRedeem
from connector.loyalty.terms import suggested
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    DataAsked,
    Installed,
    OrderChanged,
    OrderRemoved,
    OutcomeUnknown,
    ShopFacts,
    ShopForgotten,
    ShopRemoved,
    TryLater,
)
from connector.store import logins, walls
from connector.store.shops import find_by_address

PEOPLE = ("7", "8", "9")
ADDRESS = "corner.example"
_CUSTOMERS = st.sampled_from(PEOPLE)
_NUMBERS = st.integers(1, 6)


def rows(world: Any, merchant_id: int) -> dict[str, str]:
    """Every row of a merchant, as one fingerprint for each table."""
    digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    with world.house.database.merchant(merchant_id) as tx:
        return {table.name: tx.value(text(digest.format(table.name))) for table, _ in walls.closed()}


def life(world: Any, make: Any) -> None:
    """A history with the same ids in both shops: points, a tier's tag, a code, something parked."""
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        terms = msgspec.structs.replace(suggested("EUR"), hold_days=0)
        programme.publish(tx, terms, make.NOW - 365 * make.DAY, world.now)
    for one in PEOPLE:
        world.tell(CustomerChanged(make.person(one, f"{one}@example.nl")))
    world.happen(*(make.order(n, 150, make.NOW - n * make.DAY, PEOPLE[n % 3]) for n in range(1, 7)))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        member = world.member("7")
        redeeming.redeem(tx, member, world.shop.id, "7", "five-off", "an-act", "staff", world.now)
        assert logins.keep(tx, logins.Login(f"owner of {world.shop.address}", "hashed", world.now))
    world.push()
    world.tell(DataAsked(world.shop.address, "8", None, "r-1"))


@pytest.fixture
def neighbour(world: Any, make: Any) -> Any:
    """Another merchant's shop of the same kind, in the same house."""
    corner = type(world.corner)()
    corner.name = "neighbour"
    world.house.platforms["neighbour"] = corner
    facts = ShopFacts("neighbour.example", "Neighbour", "EUR", "Europe/Amsterdam", "nl")
    welcoming.welcome(world.house.database, corner, Installed(facts, b"their tokens"), world.now)
    with world.house.database.everyone() as connection:
        shop = find_by_address(connection, "neighbour", "neighbour.example")
    assert shop is not None
    assert shop.merchant_id != world.shop.merchant_id
    other = type(world)(world.house, corner, shop, world._clock)
    rounds.import_history(world.house, shop.merchant_id, shop.id)
    life(other, make)
    return other


def test_no_operation_on_one_merchant_changes_a_byte_of_the_others_rows(
    world: Any, neighbour: Any, make: Any
) -> None:
    life(world, make)
    theirs = rows(world, neighbour.shop.merchant_id)
    empty = {name for name, found in theirs.items() if found == "d41d8cd98f00b204e9800998ecf8427e"}
    assert empty <= {"passes", "visits", "cards", "forgotten", "code_uses", "notices"}, (
        "nearly every table has a row to lose"
    )
    ours = rows(world, world.shop.merchant_id)

    class Ours(RuleBasedStateMachine):
        """What a merchant, their shop and their customers may do, in any order."""

        acts = 0

        @rule(number=_NUMBERS, euros=st.integers(1, 400), customer=_CUSTOMERS, code=st.booleans())
        def buys(self, number: int, euros: int, customer: str, code: bool) -> None:
            codes = tuple(one.code for one in neighbour.coupons[:1]) if code else ()
            world.happen(
                make.order(number, euros, world.now, customer, changed_at=world.now, coupon_codes=codes)
            )

        @rule(number=_NUMBERS, customer=_CUSTOMERS)
        def is_refunded(self, number: int, customer: str) -> None:
            gone = {"refunded": 15000, "kept": 0, "changed_at": world.now}
            world.tell(OrderChanged(make.order(number, 150, make.NOW - make.DAY, customer, **gone)))

        @rule(number=_NUMBERS)
        def loses_an_order(self, number: int) -> None:
            world.tell(OrderRemoved(str(number)))

        @rule(customer=_CUSTOMERS, mail=st.sampled_from(["7@example.nl", "8@example.nl", None]))
        def changes(self, customer: str, mail: str | None) -> None:
            world.tell(CustomerChanged(make.person(customer, mail, changed_at=world.now)))

        @rule(kept=_CUSTOMERS, gone=_CUSTOMERS)
        def are_merged(self, kept: str, gone: str) -> None:
            if kept != gone:
                world.tell(CustomersMerged(kept, gone))

        @rule(customer=_CUSTOMERS, address=st.sampled_from([ADDRESS, "neighbour.example"]))
        def is_forgotten(self, customer: str, address: str) -> None:
            world.tell(CustomerForgotten(address, customer, f"{customer}@example.nl"))
            world.tell(DataAsked(address, customer, None, "r-2"), CustomerRemoved(customer))

        @rule(customer=_CUSTOMERS, same=st.booleans())
        def redeems(self, customer: str, same: bool) -> None:
            self.acts += 1
            act = "an-act" if same else f"act-{self.acts}"
            with (
                suppress(CannotRedeem, LookupError, ValueError, StopIteration),
                world.house.database.merchant(world.shop.merchant_id) as tx,
            ):
                redeeming.redeem(
                    tx, world.member(customer), world.shop.id, customer, "five-off", act, "staff", world.now
                )

        @rule(customer=_CUSTOMERS, points=st.integers(-500, 500).filter(bool))
        def adjusts(self, customer: str, points: int) -> None:
            self.acts += 1
            with suppress(StopIteration), world.house.database.merchant(world.shop.merchant_id) as tx:
                member = world.member(customer)  # nobody's once it was forgotten
                redeeming.adjust(tx, member, points, "why not", f"act-{self.acts}", "staff", world.now)

        @rule(days=st.integers(1, 200))
        def time_passes(self, days: int) -> None:
            world.later(days)

        @rule(trouble=st.sampled_from([None, TryLater("not now"), OutcomeUnknown("who knows")]))
        def pushes(self, trouble: Any) -> None:
            world.corner.trouble = [trouble] if trouble else []
            world.push()
            world.corner.trouble = []

        @rule()
        def publishes(self) -> None:
            with world.house.database.merchant(world.shop.merchant_id) as tx:
                programme.publish(tx, suggested("EUR"), make.NOW - 300 * make.DAY, world.now)
            rounds.settle(world.house, world.shop.merchant_id)

        @rule(kind=st.sampled_from(["window", "full"]))
        def reconciles(self, kind: Any) -> None:
            rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, kind)
            rounds.finish(world.house, world.shop.merchant_id, world.shop.id)

        @rule()
        def tries_all_again(self) -> None:
            with world.house.database.merchant(world.shop.merchant_id) as tx:
                again.all_again(tx, world.now)
            jobs.sweep(world.house)

        @precondition(lambda self: self.acts > 3)
        @rule(erased=st.booleans())
        def leaves_and_comes_back(self, erased: bool) -> None:
            world.tell(ShopRemoved(ADDRESS), ShopRemoved("neighbour.example"))
            if erased:
                world.tell(ShopForgotten(ADDRESS), ShopForgotten("neighbour.example"))
            facts = ShopFacts(ADDRESS, "Corner Shop", "EUR", "Europe/Amsterdam", "nl")
            welcoming.welcome(world.house.database, world.corner, Installed(facts, b"new"), world.now)

        @invariant()
        def the_others_rows_are_as_they_were(self) -> None:
            assert rows(world, neighbour.shop.merchant_id) == theirs

    run_state_machine_as_test(
        Ours,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert rows(world, world.shop.merchant_id) != ours, "something did happen"


def test_a_change_of_one_byte_would_be_noticed(world: Any, neighbour: Any) -> None:
    before = rows(world, neighbour.shop.merchant_id)
    with world.house.database.merchant(neighbour.shop.merchant_id) as tx:
        tx.run(text("UPDATE customers SET language = 'en' WHERE id = '7'"))
    after = rows(world, neighbour.shop.merchant_id)
    assert {name for name in after if after[name] != before[name]} == {"customers"}
