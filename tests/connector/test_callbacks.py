"""What shops call while they are being connected: no session, no forms, only so large and so often; what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import ModuleType

import pytest
from flask import Blueprint, request
from sqlalchemy import select

from connector import callbacks
from connector import hall as doorstep
from connector.app import create_app
from connector.callbacks import CALLER, LARGEST
from connector.hall import DoorStep
from connector.house import House, furnish
from connector.port import Hall, Installed, ShopFacts
from connector.store.shops import Shop
from connector.store.tables import pending

MINUTES = timedelta(minutes=1)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(paper: ModuleType) -> Clock:
    return Clock(paper.NOW)


@pytest.fixture
def called() -> list[bytes]:
    return []


@pytest.fixture
def house(env: dict[str, str], paper: ModuleType, called: list[bytes], clock: Clock) -> Iterator[House]:
    class Calling(paper.PaperPlatform):  # type: ignore[name-defined,misc]
        def callbacks(self, env: Mapping[str, str], hall: Hall) -> Blueprint:
            made = Blueprint("paper_callbacks", __name__)

            @made.post("")
            def come() -> str:
                called.append(request.get_data())
                if request.get_data() == b"keep":
                    hall.keep("word", b"what", MINUTES)
                return ""

            return made

    made = furnish(env, {"paper": Calling()}, clock)
    yield made
    made.close()


def test_a_shops_call_needs_no_form_and_gets_no_session(house: House, called: list[bytes]) -> None:
    answer = create_app(house).test_client().post("/callbacks/paper", data=b"hello")
    assert (answer.status_code, called) == (200, [b"hello"])
    assert "Set-Cookie" not in answer.headers


def test_a_call_that_is_too_large_or_of_unknown_length_is_turned_away(
    house: House, called: list[bytes]
) -> None:
    browser = create_app(house).test_client()
    assert browser.post("/callbacks/paper", data=b"x" * (LARGEST + 1)).status_code == 413
    assert browser.post("/callbacks/paper").status_code in (200, 411)
    endless = browser.post("/callbacks/paper", headers={"Transfer-Encoding": "chunked"})
    assert endless.status_code == 411
    assert b"x" * (LARGEST + 1) not in called


def test_one_caller_comes_only_so_often_a_minute(house: House, clock: Clock) -> None:
    browser = create_app(house).test_client()
    statuses = [browser.post("/callbacks/paper", data=b"x").status_code for _ in range(CALLER + 1)]
    assert statuses == [200] * CALLER + [429]
    clock.now += MINUTES
    assert browser.post("/callbacks/paper", data=b"x").status_code == 200


def _statuses(house: House, data: bytes, callers: list[str]) -> list[int]:
    browser = create_app(house).test_client()
    return [
        browser.post("/callbacks/paper", data=data, environ_base={"REMOTE_ADDR": each}).status_code
        for each in callers
    ]


def test_a_network_of_ip_version_6_is_one_caller(house: House) -> None:
    callers = [f"2001:db8:1:2::{number:x}" for number in range(CALLER + 1)]
    assert _statuses(house, b"x", [*callers, "2001:db8:1:3::1"]) == [200] * CALLER + [429, 200]


def test_only_what_was_kept_counts_towards_the_calls_of_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "ALL", 3)
    callers = [f"192.0.2.{number}" for number in range(5)]
    assert _statuses(house, b"nonsense", callers) == [200] * 5
    assert _statuses(house, b"keep", callers) == [200] * 3 + [429] * 2
    assert _statuses(house, b"nonsense", callers) == [429] * 5


def test_visits_that_have_shops_called_are_counted_by_household_and_together(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorstep, "VISITS_OF_A_CALLER", 2)
    monkeypatch.setattr(doorstep, "VISITS", 4)
    hall = DoorStep(house, house.platforms["paper"])
    first = [hall.visits(f"2001:db8:1:2::{number}") for number in range(4)]
    assert first == [None, None, MINUTES, MINUTES]
    assert [hall.visits(f"192.0.2.{number}") for number in range(3)] == [None, None, MINUTES]
    clock.now += MINUTES
    assert hall.visits("2001:db8:1:2::1") is None


@pytest.mark.parametrize("network", ["192.0.2.{}", "2001:db8:1:{}::7"])
def test_one_network_uses_up_a_part_of_what_all_have_and_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    monkeypatch.setattr(doorstep, "VISITS_OF_A_NETWORK", 3)
    monkeypatch.setattr(doorstep, "VISITS", 4)
    monkeypatch.setattr(callbacks, "NETWORK", 3)
    monkeypatch.setattr(callbacks, "ALL", 4)
    near, far = [network.format(number) for number in range(5)], ["198.51.100.1", "2001:db8:2::7"]
    assert _statuses(house, b"nonsense", near) == [200] * 5, "nothing was kept of these"
    assert _statuses(house, b"keep", near + far) == [200] * 3 + [429] * 2 + [200, 429]
    hall = DoorStep(house, house.platforms["paper"])
    assert [hall.visits(one) is None for one in near + far] == [True] * 3 + [False] * 2 + [True, False]


def test_what_is_kept_is_sealed_and_ends(house: House, clock: Clock) -> None:
    hall = DoorStep(house, house.platforms["paper"])
    assert hall.kept("word") is None
    hall.keep("word", b"a secret of theirs", 15 * MINUTES)
    hall.keep("word", b"another secret", 15 * MINUTES)
    assert hall.kept("word") == b"another secret"
    with house.database.everyone() as connection:
        [row] = connection.execute(select(pending)).all()
    assert b"secret" not in row.kept
    assert b"word" not in row.word_hash
    clock.now += 15 * MINUTES
    assert hall.kept("word") is None
    hall.keep("other", b"x", MINUTES)
    with house.database.everyone() as connection:
        assert len(connection.execute(select(pending)).all()) == 1, "what ended is erased"
    hall.drop("other")
    hall.drop("other")
    assert hall.kept("other") is None


def test_only_a_known_shop_is_reconnected(house: House, paper: ModuleType) -> None:
    shop: Shop = paper.shop.__wrapped__(house)
    hall = DoorStep(house, house.platforms["paper"])
    facts = ShopFacts(shop.address, shop.name, shop.currency, shop.timezone)
    hall.reconnect(Installed(facts, b"new tokens"))
    assert house.vault(shop).read() == b"new tokens"
    with pytest.raises(LookupError):
        hall.reconnect(Installed(ShopFacts("new.example", "New", "EUR", "UTC"), b"tokens"))
