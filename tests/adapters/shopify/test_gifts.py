"""Gift cards and store credit at the adapter: given once whatever is lost on the way, found again, refused in words."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import requests

from adapters.shopify import documents, gift_cards, settings, store_credit
from adapters.shopify.answers import ThrottleStatus
from adapters.shopify.sandbox.faults import Fault
from adapters.shopify.shop import ShopifyShop
from connector.port import (
    CodeTaken,
    CouponMade,
    Doubtful,
    Forbidden,
    OutcomeUnknown,
    Refused,
    ShopAdapter,
    TryLater,
)
from connector.records import Coupon

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOSSES = 500
WAIT = timedelta(minutes=5)  # the house's, after an outcome nobody knows


class Time:
    """The one clock of shop and adapter; it passes only where somebody waits."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def time(street: Any) -> Time:
    made = Time()
    street.shop.clock = made.now
    return made


@pytest.fixture
def opened(street: Any, time: Time) -> Callable[[], ShopifyShop]:
    """Opens a line to the shop, as each process does for itself; all optional rights are granted."""
    street.install()
    street.control("rights", {"grant": list(settings.OPTIONAL)})
    app = settings.app(street.environment)
    return lambda: ShopifyShop(app, street.address, street.vault, clock=time)


@pytest.fixture
def line(opened: Callable[[], ShopifyShop]) -> ShopifyShop:
    return opened()


def gift(customer_id: str, time: Time, **changes: Any) -> Coupon:
    made = Coupon(
        code="C0MEBACK0001",
        kind="store_credit",
        value=500,
        currency="GBP",
        title="5 pounds for you",
        starts_at=time.now(),
        ends_at=datetime(2030, 6, 2, 23, 0, tzinfo=UTC),  # the third of June begins in London
        customer_id=customer_id,
    )
    return msgspec.structs.replace(made, **changes)


def given(street: Any) -> list[dict[str, Any]]:
    return list(street.control("gifts", method="GET")["gifts"])


def asked(street: Any, name: str) -> int:
    return int(street.shop.asked[f"graphql {name}"])


KINDS = pytest.mark.parametrize("kind", ["gift_card", "store_credit"])


# --- what is given -------------------------------------------------------------------------------------------------


def test_the_shop_says_which_gifts_wait_for_their_merchants_leave(street: Any, time: Time) -> None:
    street.install()
    line = ShopifyShop(settings.app(street.environment), street.address, street.vault, clock=time)
    assert line.not_allowed() == ("store_credit", "gift_card")
    street.control("rights", {"grant": ["write_gift_cards"]})
    assert line.not_allowed() == ("store_credit",)
    street.control("rights", {"grant": list(settings.OPTIONAL)})
    assert line.not_allowed() == ()


@KINDS
def test_a_gift_is_given_once_and_found_without_being_given(
    street: Any, line: ShopAdapter, time: Time, kind: Any
) -> None:
    wish = gift(street.customer(), time, kind=kind)
    assert line.find_gift(wish) is None
    made = line.make_coupon(wish)
    assert line.make_coupon(wish) == made == line.find_gift(wish) == CouponMade(given(street)[0]["id"])
    (there,) = given(street)
    assert (there["kind"], there["value"], there["customer_id"]) == (kind, "5.00", wish.customer_id)
    # Discount codes are another list.
    assert list(line.coupons()) == []


def test_a_gift_card_ends_on_the_last_whole_day_where_the_shop_is(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    line.make_coupon(gift(street.customer("anna"), time, kind="gift_card"))
    endless = gift(street.customer("bert"), time, kind="gift_card", code="C0MEBACK0002", ends_at=None)
    line.make_coupon(endless)
    assert [it["ends"] for it in given(street)] == ["2030-06-02", None]
    assert given(street)[0]["code"] == "c0meback0001"
    note = given(street)[0]["note"]
    assert note.startswith("Comeback: 5 pounds for you [")
    assert "C0MEBACK0001" not in note.upper()


def test_a_store_credit_ends_within_its_last_hour_at_a_second_of_its_own(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    wish = gift(street.customer(), time)
    codes = ["".join(random.Random(n).choices(CROCKFORD, k=12)) for n in range(2000)]
    ends = [store_credit.ends(msgspec.structs.replace(wish, code=code)) for code in codes]
    assert wish.ends_at is not None
    early = [wish.ends_at - it for it in ends]
    assert timedelta(0) < min(early)
    assert max(early) <= timedelta(minutes=61)
    assert {it.second for it in ends} == set(range(1, 59))
    assert len(set(ends)) > 1400
    line.make_coupon(wish)
    assert given(street)[0]["ends"] == store_credit.ends(wish).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_two_credits_of_one_customer_and_one_amount_are_two(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    anna = street.customer()
    wishes = [gift(anna, time, code=f"C0MEBACK000{n}") for n in range(5)]
    made = [line.make_coupon(wish) for wish in wishes]
    assert [line.find_gift(wish) for wish in wishes] == made
    assert len({it["id"] for it in given(street)}) == 5


def test_gifts_given_since_a_moment_are_told_by_what_the_shop_shows_of_them(
    street: Any, line: Any, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bert = street.customer("anna"), street.customer("bert")
    line.make_coupon(gift(anna, time, code="C0MEBACK0001"))
    line.make_coupon(gift(anna, time, kind="gift_card", code="C0MEBACK0002"))
    time.sleep(3600)
    since = time.now()
    for number, kind in enumerate(("gift_card", "store_credit", "gift_card"), start=3):
        line.make_coupon(gift(anna if number < 5 else bert, time, kind=kind, code=f"C0MEBACK000{number}"))
    # Others: of the merchant's own hand, with neither our note nor an end like ours.
    street.graphql(
        "mutation($id: ID!, $it: StoreCreditAccountCreditInput!) {"
        ' giftCardCreate(input: {customerId: $id, note: "sorry!", initialAmount: {amount: "5.00", currencyCode: GBP}})'
        " { userErrors { code } } storeCreditAccountCredit(id: $id, creditInput: $it) { userErrors { code } } }",
        id=f"gid://shopify/Customer/{anna}",
        it={
            "creditAmount": {"amount": "5.00", "currencyCode": "GBP"},
            "expiresAt": "2030-06-02T22:59:59Z",
        },
    )
    monkeypatch.setattr(gift_cards, "A_PAGE", 1)
    monkeypatch.setattr(store_credit, "AT_ONCE", 2)
    there = {it["id"]: it for it in given(street)}
    [(card, shown)] = line.gifts("gift_card", since, (anna,)).items()
    assert there[card]["code"] == "c0meback0003"
    wish = gift(anna, time, kind="gift_card", code="", starts_at=shown.starts_at)
    assert shown == wish
    [(credit, shown)] = line.gifts("store_credit", since, (bert, anna, "123456789")).items()
    assert shown == gift(anna, time, code="", title="", starts_at=shown.starts_at)
    assert shown.starts_at >= since.replace(microsecond=0)
    assert there[credit]["kind"] == "store_credit"


# --- what is lost on the way ------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process ends between the look and the gift."""


def killed(*_: Any) -> Any:
    raise Killed


def drained(street: Any) -> None:
    street.shop.bucket.available = 1.0


TROUBLE: dict[str, Fault | None] = {
    "before the effect": Fault("Give", status=503),
    "before the effect of a card": Fault("Make", status=503),
    "after the effect": Fault("Give", status=502, after_effect=True),
    "after the effect of a card": Fault("Make", status=502, after_effect=True),
    "a page instead of an answer": Fault("Give", status=200, html=True, after_effect=True),
    "a page instead of an answer about a card": Fault("Make", status=200, html=True, after_effect=True),
    "too many calls": Fault("", status=429, retry_after=40.0),
    "out of order while looking": Fault("s", times=2, status=500),
    "out of order all the time": Fault("", times=9, status=503),
    "a token that is none": Fault("Give", status=401),
    "throttled": None,
    "killed": None,
    "given twice": None,
}


def test_five_hundred_losses_give_every_gift_exactly_once(
    street: Any, opened: Callable[[], ShopifyShop], time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, wishes, lost = random.Random(20), [], dict.fromkeys(TROUBLE, 0)
    people = [street.customer(f"anna{n}") for n in range(5)]
    made: dict[str, set[CouponMade | CodeTaken]] = {}
    line = opened()
    while sum(lost.values()) < LOSSES:
        kind = chance.choice(["gift_card", "store_credit"])
        code = "".join(chance.choices(CROCKFORD, k=12))
        wish = gift(chance.choice(people), time, kind=kind, code=code)
        wishes.append(wish)
        for name in chance.choices(list(TROUBLE), k=chance.randint(2, 9)):
            lost[name] += 1
            fault = TROUBLE[name]
            street.shop.faulty.change([] if fault is None else [msgspec.structs.replace(fault)])
            if name == "throttled":
                drained(street)
            with monkeypatch.context() as patch:
                if name == "killed":
                    patch.setattr(line._client, "change", killed)
                try:
                    made.setdefault(code, set()).add(line.make_coupon(wish))
                except Killed:
                    line = opened()
                    time.sleep(120)  # the lease of a push
                except OutcomeUnknown:
                    time.sleep(WAIT.total_seconds())
                except TryLater as error:
                    time.sleep((error.wait or WAIT).total_seconds())
        street.shop.faulty.change([])
        made.setdefault(code, set()).add(line.make_coupon(wish))
        time.sleep(chance.choice([0, 30, 90_000]))
    assert min(lost.values()) > 20
    assert len(wishes) > 50
    # One answer for each gift, however often it was asked for; and the shop's own count says the same.
    assert [len(it) for it in made.values()] == [1] * len(wishes)
    there = {CouponMade(it["id"]) for it in given(street)}
    assert {one for found in made.values() for one in found} == there
    assert len(given(street)) == len(wishes)
    for who in people:
        mine = [it for it in given(street) if it["customer_id"] == who]
        assert len(mine) == sum(1 for wish in wishes if wish.customer_id == who)


@KINDS
def test_a_look_that_grew_old_is_taken_again_before_anything_is_given(
    street: Any, line: Any, time: Time, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, look, slept = gift(street.customer(), time, kind=kind), line._client.look, []

    def slow(*args: Any) -> Any:
        found = look(*args)
        if len(slept) < nights:
            slept.append(True)
            time.sleep(61)
        return found

    monkeypatch.setattr(line._client, "look", slow)
    nights = 2
    assert isinstance(line.make_coupon(wish), CouponMade)
    assert asked(street, "StoreCredits") + asked(street, "GiftCards") == 3
    # Where it is always too late nothing is sent at all.
    nights = 99
    later = msgspec.structs.replace(wish, code="C0MEBACK0009")
    with pytest.raises(TryLater, match="takes longer"):
        line.make_coupon(later)
    assert asked(street, "StoreCreditGive") + asked(street, "GiftCardMake") == 1
    assert len(given(street)) == 1


def test_the_wait_for_the_bucket_counts_too(
    street: Any, line: Any, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, look, began, spent = gift(street.customer(), time), line._client.look, time.now(), []

    def dear(*args: Any) -> Any:
        found = look(*args)
        if not spent:
            spent.append(True)
            line._client._points.stated(documents.STORE_CREDIT, 900, ThrottleStatus(2000, 0, 10), time.now())
        return found

    monkeypatch.setattr(line._client, "look", dear)
    line.make_coupon(wish)
    assert (time.now() - began).total_seconds() == pytest.approx(90, abs=1)
    assert (asked(street, "StoreCredits"), asked(street, "StoreCreditGive")) == (2, 1)


# --- a shop that does not keep the seconds ------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", ["minute", "day"])
def test_where_the_seconds_are_not_kept_it_is_rather_not_given_again(
    street: Any, line: ShopAdapter, time: Time, keeps: str
) -> None:
    street.control("gifts", {"keeps": keeps})
    wish = gift(street.customer(), time)
    street.shop.faulty.change([Fault("Give", status=502, after_effect=True)])
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            line.make_coupon(wish)
        time.sleep(WAIT.total_seconds())
    with pytest.raises(Doubtful, match="cannot tell whether it is this one"):
        line.make_coupon(wish)
    assert len(given(street)) == 1
    # Whoever asks whether points may come back is told that it stands there.
    assert line.find_gift(wish) == CouponMade(given(street)[0]["id"])
    # Another sum, another customer, or one promised after that one was given: no doubt, and it is given.
    line.make_coupon(msgspec.structs.replace(wish, code="C0MEBACK0002", value=700))
    line.make_coupon(msgspec.structs.replace(wish, code="C0MEBACK0003", customer_id=street.customer("bert")))
    line.make_coupon(msgspec.structs.replace(wish, code="C0MEBACK0004", starts_at=time.now()))
    assert len(given(street)) == 4


def test_a_credit_of_the_merchants_own_hand_is_another_one(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    anna = street.customer()
    line.make_coupon(gift(anna, time, code="C0MEBACK0001"))
    street.graphql(
        "mutation($id: ID!, $it: StoreCreditAccountCreditInput!) {"
        " storeCreditAccountCredit(id: $id, creditInput: $it) { userErrors { code } } }",
        id=f"gid://shopify/Customer/{anna}",
        it={"creditAmount": {"amount": "5.00", "currencyCode": "GBP"}},
    )
    line.make_coupon(gift(anna, time, code="C0MEBACK0002"))
    assert len(given(street)) == 3


# --- what the shop says no to -------------------------------------------------------------------------------------------


def test_a_gift_cards_code_may_be_somebody_elses(street: Any, line: ShopAdapter, time: Time) -> None:
    street.graphql(
        'mutation { giftCardCreate(input: {code: "c0meback0001", initialAmount: {amount: "5.00", currencyCode: GBP}})'
        " { userErrors { code } } }"
    )
    wish = gift(street.customer(), time, kind="gift_card")
    assert line.make_coupon(wish) == CodeTaken()
    assert line.find_gift(wish) is None
    assert len(given(street)) == 1


def test_a_gift_card_is_ours_whatever_a_merchant_wrote_into_its_note(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    wish = gift(street.customer(), time, kind="gift_card")
    made = line.make_coupon(wish)
    (card,) = street.shop.gifts.cards.values()
    card.note = "for Anna, with our regards"
    assert line.make_coupon(wish) == made
    card.customer_id = None
    assert line.make_coupon(wish) == CodeTaken()


def test_a_card_that_the_search_does_not_show_yet_is_not_made_again(
    street: Any, line: ShopAdapter, time: Time
) -> None:
    street.control("gifts", {"unseen_seconds": 240})
    wish = gift(street.customer(), time, kind="gift_card")
    street.shop.faulty.change([Fault("Make", status=502, after_effect=True)])
    with pytest.raises(OutcomeUnknown):
        line.make_coupon(wish)
    with pytest.raises(Doubtful, match="does not show it yet"):
        line.make_coupon(wish)
    time.sleep(WAIT.total_seconds())
    assert line.make_coupon(wish) == CouponMade(given(street)[0]["id"])
    assert len(given(street)) == 1


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"kind": "gift_card", "customer_id": "123456789"}, "CUSTOMER_NOT_FOUND at input.customerId"),
        ({"kind": "gift_card", "value": 2_000_000}, "GIFT_CARD_LIMIT_EXCEEDED at input.initialAmount"),
        ({"kind": "gift_card", "code": "SHORT"}, "TOO_SHORT at input.code"),
        ({"customer_id": "123456789"}, "OWNER_NOT_FOUND at id"),
        ({"value": 2_000_000}, "CREDIT_LIMIT_EXCEEDED at creditInput.creditAmount.amount"),
        ({"currency": "EUR"}, "UNSUPPORTED_CURRENCY at creditInput.creditAmount.currencyCode"),
        (
            {"ends_at": datetime(2020, 1, 1, tzinfo=UTC)},
            "EXPIRES_AT_IN_PAST at creditInput.expiresAt",
        ),
    ],
)
def test_what_the_shop_refuses_is_a_clear_no(
    street: Any, line: ShopAdapter, time: Time, changes: dict[str, Any], place: str
) -> None:
    wish = gift(street.customer(), time)
    with pytest.raises(Refused, match=place):
        line.make_coupon(msgspec.structs.replace(wish, **changes))
    assert given(street) == []


@KINDS
@pytest.mark.parametrize("reading", [True, False])
def test_without_its_right_a_gift_is_forbidden_and_the_shop_stays_connected(
    street: Any, line: ShopAdapter, time: Time, kind: Any, reading: bool
) -> None:
    wish = gift(street.customer(), time, kind=kind)
    kept = [it for it in settings.OPTIONAL if reading and it.startswith("read_")]
    street.control("rights", {"withhold": list(settings.OPTIONAL)})
    street.control("rights", {"grant": kept})
    with pytest.raises(Forbidden, match="has not given Comeback the right"):
        line.make_coupon(wish)
    if not reading:
        with pytest.raises(Forbidden):
            line.find_gift(wish)
    assert given(street) == []
    assert line.facts().address == street.address
    street.control("rights", {"grant": list(settings.OPTIONAL)})
    assert isinstance(line.make_coupon(wish), CouponMade)


def test_a_merchant_allows_gifts_on_the_shops_own_page(street: Any, time: Time) -> None:
    line = street.install()
    wish = gift(street.customer(), time)
    with pytest.raises(Forbidden) as error:
        line.make_coupon(wish)
    path = re.search(r"/shopify/allow\S+(?=,)", str(error.value))
    assert path is not None
    there = requests.get(street.house.public_url + path[0], allow_redirects=False, timeout=60)
    assert there.headers["Location"].startswith(f"{street.url}/admin/oauth/install?client_id=")
    back = requests.get(there.headers["Location"], allow_redirects=False, timeout=60)
    assert back.headers["Location"].startswith(f"{street.house.public_url}/shopify/?")
    assert isinstance(line.make_coupon(wish), CouponMade)
    nowhere = requests.get(
        f"{street.house.public_url}/shopify/allow?shop=evil.example.com", allow_redirects=False, timeout=60
    )
    assert nowhere.headers["Location"] == "/shopify/install"


def test_a_credit_that_cannot_be_looked_for_is_not_given(street: Any, line: ShopAdapter, time: Time) -> None:
    street.control("rights", {"withhold": ["read_store_credit_accounts"]})
    with pytest.raises(Forbidden):
        line.make_coupon(gift(street.customer(), time))
    assert (asked(street, "StoreCredits"), asked(street, "StoreCreditGive"), given(street)) == (1, 0, [])


def test_an_answer_that_says_neither_yes_nor_no_is_an_outcome_nobody_knows(
    street: Any, line: Any, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = {
        gift_cards.MadeData: gift_cards.MadeData(gift_cards.Made()),
        store_credit.GivenData: store_credit.GivenData(store_credit.Given()),
    }
    monkeypatch.setattr(line._client, "change", lambda _document, _variables, kind, _until: empty[kind])
    for kind in ("gift_card", "store_credit"):
        with pytest.raises(OutcomeUnknown):
            line.make_coupon(gift(street.customer(kind), time, kind=kind))


def test_a_customer_with_more_credits_than_are_looked_through_gets_no_second_one(
    street: Any, line: ShopAdapter, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = street.customer()
    monkeypatch.setattr(store_credit, "CREDITS", 2)
    for number in range(3):
        line.make_coupon(gift(anna, time, code=f"C0MEBACK000{number}"))
    with pytest.raises(Doubtful, match="more store credits"):
        line.make_coupon(gift(anna, time, code="C0MEBACK0009"))
    assert len(given(street)) == 3
