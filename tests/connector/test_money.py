"""Money is integers: parsed exactly, split without losing a cent, written back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.money import Money, NotMoney, allocate, exponent, parse, plain, portion


@pytest.mark.parametrize(
    ("text", "minor"), [("0.29", 29), ("1.15", 115), ("4.35", 435), ("19.99", 1999), ("8.20", 820)]
)
def test_amounts_that_binary_fractions_would_cut_short_stay_whole(text, minor):
    assert parse(text, "EUR") == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("10", "EUR", 1000),
        ("10.5", "EUR", 1050),
        ("10.0000", "EUR", 1000),
        ("-3.10", "EUR", -310),
        ("0", "EUR", 0),
        (" 7.25 ", "EUR", 725),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
    ],
)
def test_each_currency_has_its_own_number_of_decimals(text, currency, minor):
    assert parse(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("19.999", "EUR"),
        ("1.5", "JPY"),
        ("1,50", "EUR"),
        ("", "EUR"),
        (".5", "EUR"),
        ("1e3", "EUR"),
        ("--1", "EUR"),
    ],
)
def test_what_is_no_amount_is_refused_and_not_guessed(text, currency):
    with pytest.raises(NotMoney):
        parse(text, currency)


def test_an_amount_is_written_with_the_decimals_of_its_currency():
    assert [plain(1999, "EUR"), plain(-5, "EUR"), plain(1999, "JPY"), plain(5, "KWD")] == [
        "19.99",
        "-0.05",
        "1999",
        "0.005",
    ]
    assert str(Money(1999, "EUR")) == "19.99 EUR"


@given(st.integers(-(10**14), 10**14), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_written_reads_back_as_the_same(minor, currency):
    assert parse(plain(minor, currency), currency) == minor
    assert exponent(currency) in (0, 2, 3)


def test_a_split_gives_the_spare_cents_to_the_largest_remainders():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(1000, [999, 1999, 500]) == [286, 571, 143]


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(0, 10**6), min_size=1).filter(lambda weights: sum(weights) > 0),
)
def test_the_parts_of_a_split_add_up_to_the_whole_and_differ_from_their_share_by_less_than_one(
    amount, weights
):
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    assert all(
        abs(part * total - amount * weight) < total for part, weight in zip(parts, weights, strict=True)
    )


def test_a_split_over_nothing_is_refused():
    with pytest.raises(ValueError):
        allocate(100, [0, 0])


def test_a_portion_is_rounded_down():
    assert portion(100, 2, 3) == 66
