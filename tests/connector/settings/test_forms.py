"""Typed figures: what is read, and what is refused rather than guessed."""

from __future__ import annotations

import pytest
from flask import Flask

from connector.settings import forms
from connector.settings.forms import Form, Refused


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12,50", "EUR", 1250),
        ("12,5", "EUR", 1250),
        ("1.250,00", "EUR", 125000),
        ("1,250.00", "EUR", 125000),
        ("1 250", "EUR", 125000),
        ("1.250.000", "EUR", 125000000),
        ("7", "JPY", 7),
        ("1,250", "KWD", 1250),
    ],
)
def test_an_amount_may_be_typed_with_a_point_or_a_comma(
    text: str, currency: str, minor: int, app: Flask
) -> None:
    with app.test_request_context():
        assert forms.amount(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "twelve", "1.250", "1,250", "12.505", "1.2.3", "€12", "--3", "1e3", "NaN"]
)
def test_what_is_no_clear_amount_is_refused(text: str, app: Flask) -> None:
    with app.test_request_context(), pytest.raises(Refused):
        forms.amount(text, "EUR")


@pytest.mark.parametrize(("text", "hundredths"), [("10", 1000), ("7,5", 750), ("12.5 %", 1250)])
def test_a_percentage_is_read_as_hundredths(text: str, hundredths: int, app: Flask) -> None:
    with app.test_request_context():
        assert forms.percentage(text) == hundredths


def test_rows_come_and_go_and_later_ones_move_up() -> None:
    values = {"tiers.0.name": "Silver", "tiers.1.name": "Gold", "tiers.2.name": "Platinum", "base": "x"}
    assert forms.remove_row(values, "tiers", 1) == {
        "tiers.0.name": "Silver",
        "tiers.1.name": "Platinum",
        "base": "x",
    }
    added = forms.add_row(values, "tiers", {"name": ""})
    assert list(Form(added).rows("tiers")) == [0, 1, 2, 3]
    assert added["tiers.3.name"] == ""
