"""One shop's page: what the shop says when it is asked, where its messages go, and what its merchant chooses."""

from __future__ import annotations

import html
import os
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page
from sqlalchemy import select, text, update

from connector import rounds
from connector.loyalty.terms import CurrencyTerms, Terms, Tier
from connector.port import Choice, Condition, Forbidden, Refused, ShopError, TryLater, Unauthorized
from connector.settings import patience
from connector.settings import shop as page_of_shop
from connector.store.tables import outbox
from connector.store.tables import shops as rows

GROUPS = Choice(
    "groups", "Groups", "Which may be replaced.", True, (("4", "Friends"), ("5", "Staff")), ("4",)
)
WHERE = Choice("where", "Where", "", False, (("tags", "As tags"), ("group", "As a group")), ("tags",))
KEY = Choice("key", "Public key", "Of your shop.", False, (), ())


class Line:
    """A line that says what the test wants, and remembers what was chosen."""

    def __init__(self) -> None:
        self.says: Condition | Exception = Condition()
        self.offers: tuple[Choice, ...] | Exception = (GROUPS, WHERE, KEY)
        self.chosen: list[tuple[str, tuple[str, ...]]] = []
        self.refuses: ShopError | None = None
        self.asked = 0
        self.told_as_ours: tuple[str, ...] = ()

    def examine(self, address: str) -> Condition:
        assert address == "http://127.0.0.1:8080/webhooks/paper"
        self.asked += 1
        return answered(self.says)

    def choices(self, language: str, ours: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        self.told_as_ours = ours
        return answered(self.offers)

    def choose(self, key: str, values: tuple[str, ...]) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.chosen.append((key, values))

    def new_secret(self, now: datetime) -> str:
        return "a-secret-made-just-now"


def answered(words: Any) -> Any:
    if isinstance(words, Exception):
        raise words
    return words


@pytest.fixture
def line(town: Any, monkeypatch: pytest.MonkeyPatch) -> Line:
    """The shop's line; the shop is one that is polled."""
    platform, made = type(town.house.platforms["paper"]), Line()
    monkeypatch.setattr(platform, "open", lambda *_: made)
    monkeypatch.setattr(platform, "polled", True)
    return made


@pytest.fixture
def place(town: Any) -> str:
    return f"/settings/shops/{town.shop.id}"


def read(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_overview_leads_to_the_page_and_the_page_asks_nothing_by_itself(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    assert f'<a href="{place}">Paper Shop</a>' in browser.get("/")
    page = browser.get(place)
    assert f'hx-get="{place}/line"' in page
    assert f'href="{place}?asked=1"' in page, "for whoever has no script"
    assert 'href="/paper/?shop=paper.example"' in page
    assert line.asked == 0


def test_a_shop_is_told_which_words_are_of_tiers_of_any_version(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    for word in ("Silver", "Gold"):
        town.start(Terms("EUR", (CurrencyTerms("EUR"),), tiers=(Tier(word, 100, word),)))
    browser.get(f"{place}/line")
    assert line.told_as_ours == ("Gold", "Silver")


def test_the_address_of_its_messages_stands_there_whole(
    town: Any, browser: Any, line: Line, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = town.shop.key
    assert f"http://127.0.0.1:8080/webhooks/paper/{key}<" in browser.get(place)
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", False)
    page = browser.get(place)
    assert key not in page
    assert "There is nothing to set up." in page


def test_what_the_shop_says_is_told_in_the_merchants_words(browser: Any, line: Line, place: str) -> None:
    assert "The shop answers. Comeback has all the rights it needs." in read(browser.get(f"{place}/line"))
    line.says = Condition(
        missing_rights=("Shop::orders (Orders > View)", "Shop::rules (Rules)"),
        faults=({"en": "The clock of the server is odd.", "nl": "De klok van de server is vreemd."},),
        withheld=("email",),
        missing_topics=("order/paid",),
        ahead=timedelta(minutes=-11),
    )
    told = read(browser.get(f"{place}?asked=1"))
    for words in (
        "Needs a look: Comeback lacks rights in the shop: Shop::orders (Orders > View); Shop::rules (Rules).",
        "The clock of the server is odd.",
        "does not show Comeback the names or addresses",
        "does not tell Comeback of: order/paid.",
        "The shop's clock and ours are 11 minutes apart",
    ):
        assert words in told


def test_what_a_shop_could_have_beside_is_told_without_alarm(browser: Any, line: Line, place: str) -> None:
    line.says = Condition(notes=({"en": "Tick this, and it is quicker.", "nl": "Vink dit aan."},))
    told = read(browser.get(f"{place}/line"))
    assert "Tick this, and it is quicker." in told
    assert "Needs a look" not in told


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (Condition(), 0),
        (Condition(missing_rights=("Shop::rules (Rules)",)), 0),
        (Condition(missing_topics=("order/paid",)), 1),
        (Condition(stray_topics=("order/paid",)), 1),
    ],
)
def test_a_look_that_finds_a_message_missing_or_twice_has_it_mended_at_once(
    town: Any, browser: Any, line: Line, place: str, condition: Condition, asked: int
) -> None:
    forget_jobs(town)
    line.says = condition
    for _ in range(2):
        browser.get(f"{place}/line")
    assert jobs(town) == asked


def test_a_new_secret_has_the_shop_subscribed_to_anew(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    forget_jobs(town)
    browser.post(f"{place}/secret")
    assert jobs(town) == 1


def forget_jobs(town: Any) -> None:
    with town.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'subscribe'"))


def jobs(town: Any) -> int:
    with town.house.database.everyone() as connection:
        asked = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'subscribe' AND status = 'todo'"
        )
        return int(connection.execute(asked).scalar_one())


def test_a_shop_that_cannot_be_asked_leaves_the_page_standing(
    browser: Any, line: Line, place: str, written: StringIO
) -> None:
    for trouble, told in (
        (Unauthorized("No token."), "No token."),
        (TryLater("The shop is closed."), "The shop is closed."),
        (ValueError("a word of the shop's"), "The shop could not be asked. It is noted in the log."),
    ):
        line.says = trouble
        page = browser.get(f"{place}?asked=1")
        assert told in read(page)
        assert "Address for its messages" in page
        assert "a word of the shop's" not in page + written.getvalue()


def test_a_right_that_the_choices_need_and_lack_leaves_what_was_found(
    browser: Any, line: Line, place: str
) -> None:
    for error in (Forbidden("No right to see groups."), Unauthorized("No right to see groups.")):
        line.offers = error
        assert "The shop answers." in browser.get(f"{place}/line")


def test_a_polled_shop_that_turns_us_away_may_lack_a_right_and_goes_on_once_it_is_back(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(rows).values(state="reconnect"))
    for page in ("/", place):
        assert "a right is missing, or our key no longer works" in browser.get(page)
    line.says = Condition(missing_rights=("Shop::groups (Groups)",))
    assert "Shop::groups (Groups). Tick them there and save" in read(browser.get(f"{place}/line"))


def test_a_shop_that_hangs_is_waited_for_and_no_longer(
    browser: Any, line: Line, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    free = threading.Event()
    monkeypatch.setattr(line, "examine", lambda _: free.wait(60))
    assert "The shop did not answer in time." in browser.get(f"{place}/line")
    free.set()


def test_a_page_asks_its_shop_so_often_and_no_more(browser: Any, line: Line, place: str) -> None:
    for _ in range(page_of_shop.MOST):
        browser.get(f"{place}/line")
    browser.get(f"{place}/line", status=429)
    browser.get(f"{place}?asked=1", status=429)
    assert line.asked == 20
    assert "How it stands" in browser.get(place)


def test_a_new_secret_is_shown_once_and_written_nowhere(
    town: Any, browser: Any, line: Line, place: str, written: StringIO
) -> None:
    page = browser.post(f"{place}/secret", place).text
    assert ">a-secret-made-just-now</code>" in page
    assert "a-secret" not in browser.get(place)
    assert "secret made" in written.getvalue()
    assert "a-secret" not in written.getvalue()


def test_only_shops_whose_messages_are_set_up_by_hand_have_a_secret(
    town: Any, browser: Any, line: Line, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", False)
    assert browser.post(f"{place}/secret", place).status_code == 404
    assert "Make a new secret" not in browser.get(place)


def test_what_is_offered_is_chosen_ticked_and_written(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    page = browser.get(f"{place}?asked=1")
    assert re.findall(r'type="(\w+)" name="value" value="(\w+)"( checked)?', page) == [
        ("checkbox", "4", " checked"), ("checkbox", "5", ""),
        ("radio", "tags", " checked"), ("radio", "group", ""),
    ]  # fmt: skip
    for fields in (
        {"key": "groups", "value": ["4", "5"]},
        {"key": "groups"},
        {"key": "where", "value": "group"},
        {"key": "key", "value": " -----BEGIN-----\nabc\n "},
        {"key": "key", "value": "  "},
    ):
        answer = browser.post(f"{place}/choose", place, **fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, place)
    assert line.chosen == [
        ("groups", ("4", "5")), ("groups", ()), ("where", ("group",)), ("key", ("-----BEGIN-----\nabc",)), ("key", ()),
    ]  # fmt: skip
    assert "It is kept." in browser.get(place)


def test_after_a_choice_the_shop_is_asked_and_every_mark_looked_at_again(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    town.orders(town.customers(3), 100, 900_00)
    town.start()
    house = town.house
    with house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(outbox).values(state="done"))
    browser.post(f"{place}/choose", place, key="where", value="group")
    rounds.look_again(house, town.shop.merchant_id, town.shop.id)
    with house.database.merchant(town.shop.merchant_id) as tx:
        waiting = tx.all(
            select(outbox.c.subject).where(outbox.c.state == "waiting", outbox.c.kind == "marks")
        )
        jobs = tx.connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs").scalars().all()
    assert {one.subject for one in waiting} == {"c0", "c1", "c2"}
    assert {"subscribe", "look_again"} <= set(jobs)


def test_a_choice_that_a_slow_shop_takes_after_its_page_gave_up_has_its_effect_all_the_same(
    town: Any, browser: Any, line: Line, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, chosen = threading.Event(), threading.Event()
    kept, choose = page_of_shop._choose, line.choose

    def slowly(key: str, values: tuple[str, ...]) -> None:
        assert free.wait(60)
        choose(key, values)

    def seen(*rest: Any) -> None:
        kept(*rest)
        chosen.set()

    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    monkeypatch.setattr(line, "choose", slowly)
    monkeypatch.setattr(page_of_shop, "_choose", seen)
    answer = browser.post(f"{place}/choose", place, key="where", value="group")
    assert (answer.status_code, line.chosen) == (422, [])
    assert "The shop did not answer in time." in read(answer.text)
    free.set()
    assert chosen.wait(60)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        jobs = tx.connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs").scalars().all()
    assert (line.chosen, "subscribe" in jobs) == ([("where", ("group",))], True)


def test_what_cannot_be_chosen_is_said_and_nothing_is_kept(browser: Any, line: Line, place: str) -> None:
    line.refuses = Refused("Choose one of what is offered.")
    answer = browser.post(f"{place}/choose", place, key="where", value="moon")
    assert answer.status_code == 422
    assert "Choose one of what is offered." in read(answer.text)
    assert "As a group" in answer.text, "and can be chosen anew"


def test_a_shop_that_is_gone_is_shown_and_not_asked(town: Any, browser: Any, line: Line, place: str) -> None:
    for change in ({"state": "removed"}, {"state": "connected", "platform": "stone"}):
        with town.house.database.merchant(town.shop.merchant_id) as tx:
            tx.run(update(rows).values(change))
        page = browser.get(place)
        assert "hx-get" not in page
        assert "Make a new secret" not in page
        for address in (f"{place}/line", f"{place}?asked=1"):
            browser.get(address, status=404)
        assert browser.post(f"{place}/secret", place).status_code == 404
    assert line.asked == 0


def test_the_page_is_in_dutch_too(sign_in: Callable[..., Any], town: Any, line: Line, place: str) -> None:
    line.says = TryLater("The shop did not answer in time.")
    page = read(sign_in(town.shop.merchant_id, "nl").get(f"{place}?asked=1"))
    assert "De winkel antwoordde niet op tijd." in page
    assert "Adres voor de berichten" in page


@pytest.mark.browser
def test_on_a_phone_it_is_clean_asks_by_itself_and_is_chosen_by_keyboard(
    town: Any, line: Line, enter: Callable[..., Page], url: str, place: str
) -> None:
    line.says = Condition(missing_rights=("Shop::orders (Stores > Other Settings > Customer Groups)",))
    page = enter("en", "phone")
    page.goto(url + place)
    page.get_by_text("Comeback lacks rights in the shop").wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text())
        found = page.evaluate("axe.run(document)")["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        if folder := os.environ.get("COMEBACK_LOOK"):
            page.screenshot(path=f"{folder}/shop-phone-{scheme}.png", full_page=True)
    for language in ("nl", "en"):
        page.goto(f"{url}{place}?asked=1&lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_label("Staff").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("It is kept.").wait_for()
    assert line.chosen == [("groups", ("4", "5"))]
    page.get_by_role("button", name="Make a new secret").click()
    page.get_by_text("a-secret-made-just-now").wait_for()


def test_a_right_that_is_there_again_is_heeded_as_soon_as_the_merchant_has_the_shop_asked(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    def jobs() -> list[str]:
        with town.house.database.everyone() as connection:
            wanted = text("SELECT queueing_lock FROM procrastinate_jobs WHERE task_name = 'keep_alive'")
            return list(connection.execute(wanted).scalars())

    browser.get(f"{place}/line")
    assert jobs() == []
    aside = {"kind": "marks", "subject": "c1", "state": "parked", "lacks": "writing (Customers)"}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        ours = {"merchant_id": tx.merchant_id, "shop_id": town.shop.id}
        tx.run(outbox.insert().values(**ours, **aside, next_at=town.now, made_at=town.now))
    line.says = Condition(missing_rights=("reading (Orders)",), cannot_read=True)
    browser.get(f"{place}/line")
    assert jobs() == []
    line.says = Condition()
    browser.get(f"{place}/line")
    assert jobs() == [f"keep_alive:{town.shop.id}"]


def test_a_shop_that_is_well_again_is_taken_up_at_once_and_says_so(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    taken_up = "Comeback takes the shop up again now"
    assert taken_up not in browser.get(f"{place}/line")
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(rows.update().values(state="reconnect"))
    line.says = Condition(missing_rights=("reading (Orders)",), cannot_read=True)
    assert taken_up not in browser.get(f"{place}/line")
    line.says = Condition()
    assert taken_up in browser.get(f"{place}/line")
    with town.house.database.everyone() as connection:
        wanted = text("SELECT queueing_lock FROM procrastinate_jobs WHERE task_name = 'keep_alive'")
        assert list(connection.execute(wanted).scalars()) == [f"keep_alive:{town.shop.id}"]
