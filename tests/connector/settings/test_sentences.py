"""What is kept in English is shown in the page's language: no sentence of ours or of a shop's line lacks its Dutch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session

from connector import plugins
from connector.flow import welcoming
from connector.settings import sentences
from connector.store.tables import inbox

ROOT = Path(__file__).parents[3]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
LOGGED = ("debug", "info", "warning", "error", "exception")
TOLD = (
    "TryLater TooLate NotReady TooLong OutcomeUnknown Doubtful Refused Forbidden Unauthorized LeftAlone Ignored BadMessage "
    "BadGrant NoReply Unreached NotMagento NotOurWay Redirected StillImpossible LeftInPeace Spoilt FileGone"
).split()


def literal(node: ast.AST) -> str | None:
    """A string as it is written; where a figure stands in it, a number."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "17" for piece in node.values)
    return None


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def files(*places: str) -> Iterator[ast.Module]:
    for place in places:
        for path in sorted((ROOT / place).rglob("*.py")):
            if "sandbox" not in path.parts and path.name != "install.py":
                yield ast.parse(path.read_text(), str(path))


def of_the_house() -> set[str]:
    """Every string that flow and rounds write down: no docstrings, log lines, faults of ours, or words to install pages."""
    found = set()
    for tree in files("connector/flow", "connector/rounds"):
        left_out: set[int] = set()
        for node in ast.walk(tree):
            for field in ("body",) if isinstance(node, DOCUMENTED) else ():
                left_out |= {
                    id(step.value)
                    for step in getattr(node, field)
                    if isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)
                }
            if isinstance(node, ast.JoinedStr):
                left_out |= {id(piece) for piece in node.values}
            if isinstance(node, ast.Call) and name_of(node) in LOGGED:
                left_out |= {id(argument) for argument in node.args}
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and name_of(node.exc) not in TOLD
            ):
                left_out |= {id(argument) for argument in node.exc.args}
        for node in ast.walk(tree):
            text = literal(node)
            if text and id(node) not in left_out and len(text.split()) > 2:
                found.add(text)
    return found - {"nothing of ours", welcoming.SPENT}  # a part of one, and what an install page shows


def of_the_lines() -> set[str]:
    """Every sentence that is handed over when something on a shop's line is not as usual: by an adapter, or by a page."""
    found = set()
    for tree in files("adapters", "connector/settings"):
        names = {
            target.id: text
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and (text := literal(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node) in TOLD and node.args:
                text = literal(node.args[0]) or names.get(getattr(node.args[0], "id", ""))
                if text:
                    found.add(text.removeprefix("17 "))  # a sentence before it has a Dutch of its own
    return found


@pytest.fixture
def dutch(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        session["language"] = "nl"
        yield


def unsaid(texts: set[str]) -> list[str]:
    return sorted(text for text in texts if sentences.said(text) in (text, f"Gemeld: {text}"))


def test_every_sentence_of_the_house_has_its_dutch(dutch: None) -> None:
    texts = of_the_house()
    assert len(texts) > 20
    assert "Order 17 brought up to date." in texts
    assert unsaid(texts) == [], "write these in connector/settings/sentences.py, with their Dutch"


def test_every_sentence_of_the_shops_lines_has_its_dutch(dutch: None) -> None:
    texts = of_the_lines()
    assert len(texts) > 60
    assert unsaid(texts) == [], "write these in connector/settings/sentences.py, with their Dutch"


def test_no_listed_sentence_is_left_over() -> None:
    written = " ".join(
        path.read_text() for place in ("connector", "adapters") for path in (ROOT / place).rglob("*.py")
    )
    known = (
        of_the_house() | of_the_lines() | {"Carries: nothing of ours.", "Nothing to do.", "No longer needed."}
    )
    assert written
    left = [
        one
        for one in (*sentences.OURS, *sentences.LINES)
        if not any(map(sentences.pattern(one).fullmatch, known))
    ]
    built = ("The customer is in the group", "It may have done what was asked.")
    assert [one for one in left if not one.startswith(built)] == []


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("Order #1001 brought up to date.", "Bestelling #1001 bijgewerkt."),
        ("Carries: gold, regular.", "Draagt: gold, regular."),
        ("Carries: nothing of ours.", "Draagt niets van ons."),
        (
            "Order 7: known already. Customer brought up to date.",
            "Bestelling 7: al bekend. Klant bijgewerkt.",
        ),
        (
            "the body is not as expected: $.lines[...].id",
            "het bericht is niet zoals verwacht: $.lines[...].id",
        ),
        ("Somebody's own words.", "Gemeld: Somebody's own words."),
        ("100 % of it: %(x)s", "Gemeld: 100 % of it: %(x)s"),
        ("Order %s %(x)s 5% brought up to date.", "Bestelling %s %(x)s 5% bijgewerkt."),
    ],
)
def test_figures_and_joined_sentences_come_back_in_dutch(dutch: None, english: str, told: str) -> None:
    assert sentences.said(english) == told


def test_a_platforms_name_comes_back_where_it_stood(dutch: None) -> None:
    for platform in plugins.platforms().values():
        assert sentences.said(f"{platform.title} asks to wait.") == f"{platform.title} vraagt om te wachten."


def test_english_pages_show_what_was_written_down(app: Flask) -> None:
    with app.test_request_context():
        assert sentences.said("Somebody's own words.") == "Somebody's own words."


def test_the_list_of_messages_speaks_dutch(town: Any, sign_in: Any) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(
            inbox.insert().values(
                merchant_id=town.shop.merchant_id,
                shop_id=town.shop.id,
                way="found",
                delivery_id="w1",
                topic="order found",
                subject="order 5001",
                received_at=town.now,
                state="applied",
                result="Order #1001 brought up to date.",
                applied_at=town.now,
            )
        )
    page = sign_in(town.shop.merchant_id, "nl").get("/settings/activity")
    assert "Bestelling #1001 bijgewerkt." in page
    assert "bestelling 5001" in page
    assert "Een bestelling" in page
    assert '<option value="order found">Een bestelling</option>' in page, "the list to choose from too"
    assert "brought up" not in page


def test_shops_in_other_zones_share_one_clock_in_the_lists(town: Any, browser: Any) -> None:
    british = town.second_shop()
    for n, shop in enumerate((town.shop, british)):
        with town.house.database.merchant(shop.merchant_id) as tx:
            tx.run(
                inbox.insert().values(
                    merchant_id=shop.merchant_id,
                    shop_id=shop.id,
                    way="found",
                    delivery_id=f"w{n}",
                    topic="order found",
                    received_at=town.now,
                    state="applied",
                )
            )
    # 12:00 in UTC is 13:00 in Amsterdam, where the merchant is, and noon in London.
    assert browser.get("/settings/activity").count("20 Nov 2026, 13:00") == 2
