"""Terms are checked field by field before they are published, and every problem has its sentence."""

import re
from pathlib import Path

import msgspec
import pytest

from connector.loyalty import check, sentences
from connector.loyalty.check import Percentage, Problem, Rate, problems
from connector.loyalty.terms import CurrencyTerms, NthOrder, Redeemable, Reward, Tier, suggested
from connector.loyalty.texts import TEXTS
from connector.money import Money

CHANGE = msgspec.structs.replace
GOOD = suggested("EUR", ("USD",))
CENTS = (Money(1, "EUR"), Money(10**9, "EUR"))
RATE = Problem("currencies.1.rate", "equal_rate", ("USD", "EUR"), warning=True)


def with_reward(**more):
    return {"nth_orders": (NthOrder("k", "n", 1, CHANGE(Reward("amount", 2_50), **more)),)}


def with_tiers(*tiers):
    return {"tiers": tiers}


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_the_suggested_programme_can_be_published(currency):
    assert [one for one in problems(suggested(currency, ("USD",))) if not one.warning] == []


def test_a_rate_nobody_has_looked_at_is_a_warning():
    found = problems(suggested("EUR", ("USD",)))
    assert found == (RATE,)
    assert (
        sentences.problem(found[0], "en") == "1 USD counts as 1 EUR towards tiers and rewards. Is that meant?"
    )


@pytest.mark.parametrize(
    ("change", "field", "code", "values"),
    [
        ({"earn_points": 0}, "earn_points", "out_of_range", (1, 10**9)),
        ({"hold_days": -1}, "hold_days", "out_of_range", (0, 365)),
        ({"hold_days": 366}, "hold_days", "out_of_range", (0, 365)),
        ({"expiry_months": 121}, "expiry_months", "out_of_range", (0, 120)),
        ({"returned_days": 366}, "returned_days", "out_of_range", (0, 365)),
        ({"tier_window_months": 0}, "tier_window_months", "out_of_range", (1, 120)),
        ({"tier_term_months": 0}, "tier_term_months", "out_of_range", (1, 120)),
        ({"tier_grace_days": 366}, "tier_grace_days", "out_of_range", (0, 365)),
        ({"currencies": (CurrencyTerms("USD"),)}, "currencies", "not_listed", ("EUR",)),
        (
            {"currencies": (CurrencyTerms("EUR"), CurrencyTerms("EUR"))},
            "currencies.1.currency",
            "not_unique",
            ("EUR",),
        ),
        (
            {"currencies": (CurrencyTerms("EUR"), CurrencyTerms("usd"))},
            "currencies.1.currency",
            "no_currency",
            (),
        ),
        (
            {"currencies": (CurrencyTerms("EUR", earn_step=0),)},
            "currencies.0.earn_step",
            "out_of_range",
            CENTS,
        ),
        (
            {"currencies": (CurrencyTerms("EUR"), CurrencyTerms("USD", rate=0))},
            "currencies.1.rate",
            "out_of_range",
            (Rate(1, "USD", "EUR"), Rate(10**15, "USD", "EUR")),
        ),
        ({"currencies": (CurrencyTerms("EUR", rate=2),)}, "currencies.0.rate", "own_rate", ()),
        (
            with_tiers(Tier("A", 5_00, "a"), Tier("B", 5_00, "b")),
            "tiers.1.threshold",
            "not_ascending",
            (Money(5_00, "EUR"),),
        ),
        (with_tiers(Tier("A", 0, "a")), "tiers.0.threshold", "out_of_range", CENTS),
        (with_tiers(Tier("A", 1, "a"), Tier("a", 2, "b")), "tiers.1.name", "not_unique", ("a",)),
        (with_tiers(Tier("A", 1, "x"), Tier("B", 2, "X")), "tiers.1.tag", "not_unique", ("X",)),
        (with_tiers(Tier("", 1, "a")), "tiers.0.name", "empty", ()),
        (with_tiers(Tier("A" * 81, 1, "a")), "tiers.0.name", "too_long", (80,)),
        (with_tiers(Tier("A", 1, " ")), "tiers.0.tag", "empty", ()),
        (with_tiers(Tier("A", 1, "a" * 33)), "tiers.0.tag", "too_long", (32,)),
        (with_tiers(Tier("A", 1, "a,b")), "tiers.0.tag", "comma", ()),
        (with_tiers(Tier("A", 1, "a ")), "tiers.0.tag", "spaces", ()),
        ({"returning_tag": "Loyalty-Gold"}, "returning_tag", "not_unique", ("Loyalty-Gold",)),
        ({"returning_tag": "a,b"}, "returning_tag", "comma", ()),
        (with_reward(value=0), "nth_orders.0.reward.value", "out_of_range", CENTS),
        (
            with_reward(kind="percentage", value=100_01),
            "nth_orders.0.reward.value",
            "out_of_range",
            (Percentage(1), Percentage(100_00)),
        ),
        (with_reward(kind="free_shipping", value=1), "nth_orders.0.reward.value", "out_of_range", (0, 0)),
        (
            with_reward(minimum=-1),
            "nth_orders.0.reward.minimum",
            "out_of_range",
            (Money(0, "EUR"), Money(10**9, "EUR")),
        ),
        (with_reward(valid_days=0), "nth_orders.0.reward.valid_days", "out_of_range", (1, 3650)),
        (
            {"nth_orders": (NthOrder("k", "n", 0, Reward("free_shipping")),)},
            "nth_orders.0.after",
            "out_of_range",
            (1, 1000),
        ),
        ({"nth_orders": (NthOrder("", "n", 1, Reward("free_shipping")),)}, "nth_orders.0.key", "empty", ()),
        ({"nth_orders": GOOD.nth_orders[:1] * 2}, "nth_orders.1.key", "not_unique", ("third-order",)),
        ({"redeemables": GOOD.redeemables * 2}, "redeemables.1.key", "not_unique", ("five-off",)),
        (
            {"redeemables": (Redeemable("k", "n", 0, Reward("amount", 5_00)),)},
            "redeemables.0.points",
            "out_of_range",
            (1, 10**9),
        ),
        (
            {"currencies": (CurrencyTerms("EUR"), CurrencyTerms("KWD", rate=10**9))},
            "nth_orders.1.reward.value",
            "worth_nothing",
            ("KWD",),
        ),
    ],
)
def test_each_mistake_is_named_at_its_field(change, field, code, values):
    found = problems(CHANGE(GOOD, **change))
    assert Problem(field, code, values) in found
    for language in ("en", "nl"):
        for one in found:
            assert re.fullmatch(r"[^{}]+[.?]", sentences.problem(one, language))


@pytest.mark.parametrize(
    ("figures", "english", "dutch"),
    [
        ((1, 1000), "1 and 1000", "1 en 1000"),
        (CENTS, "EUR 0.01 and EUR 10000000.00", "EUR 0,01 en EUR 10000000,00"),
        ((Money(0, "JPY"), Money(10**9, "JPY")), "JPY 0 and JPY 1000000000", "JPY 0 en JPY 1000000000"),
        ((Percentage(1), Percentage(100_00)), "0.01 % and 100 %", "0,01 % en 100 %"),
        (
            (Rate(1, "USD", "EUR"), Rate(10**15, "USD", "EUR")),
            "EUR 0.000001 and EUR 1000000000.00",
            "EUR 0,000001 en EUR 1000000000,00",
        ),
    ],
)
def test_limits_are_told_in_the_units_that_people_type(figures, english, dutch):
    found = Problem("anywhere", "out_of_range", figures)
    assert sentences.problem(found, "en") == f"This must lie between {english}."
    assert sentences.problem(found, "nl") == f"Dit moet tussen {dutch} liggen."


def test_a_tier_must_need_more_than_the_one_before_told_as_an_amount():
    found = Problem("tiers.1.threshold", "not_ascending", (Money(250_50, "EUR"),))
    assert sentences.problem(found, "en") == "This must be more than the tier before it needs (EUR 250.50)."
    assert "(EUR 250,50)" in sentences.problem(found, "nl")


def test_a_currency_is_three_capital_letters():
    assert Problem("currency", "no_currency") in problems(suggested("euro"))


def test_a_reward_that_gives_back_a_fifth_of_spend_is_a_warning_with_its_figure():
    generous = CHANGE(GOOD, redeemables=(Redeemable("k", "n", 20, Reward("amount", 5_00)),))
    warned = Problem("redeemables.0.points", "generous", (25,), warning=True)
    assert warned in problems(generous)
    assert sentences.problem(warned, "en") == ("This gives back 25 % of what customers spend. Is that meant?")
    assert problems(CHANGE(GOOD, redeemables=(Redeemable("k", "n", 26, Reward("amount", 5_00)),))) == (RATE,)


def test_every_code_of_the_checks_has_a_text_and_no_text_is_left_over():
    source = Path(check.__file__).read_text()
    codes = set(re.findall(r'Problem\(\s*(?:f?"[^"]*"|\w+),\s*"(\w+)"', source))
    assert {f"problem_{code}" for code in codes} == {key for key in TEXTS["en"] if key.startswith("problem_")}
