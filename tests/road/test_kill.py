"""Kill -9 at the worst moments: what was answered with 200 is applied, and applied once.

Real processes; the messages are signed by the test and brought to the real door, so that it knows what was answered.
COMEBACK_KILL_SEEDS names more or other seeds, joined by commas.
"""

import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from judge import differences, shown
from letters import Held, Letters
from town import Town, kill, wait_for

from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, Terms, Tier

SEEDS = [int(word) for word in os.environ.get("COMEBACK_KILL_SEEDS", "1").split(",")]
TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=3,
    tiers=(Tier("Silver", 40_00, "kill-silver"),),
    nth_orders=(NthOrder("second", "Free shipping on the second order", 1, Reward("free_shipping")),),
)


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL that may be killed, with fsync on, and a database in it."""
    folder = Path(tempfile.mkdtemp(prefix="comeback-kill-"))
    # As root the server runs as nobody, who must be able to enter.
    folder.chmod(0o755)
    held = Held(folder)
    yield held
    held.server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def town(database: Any, tmp_path: Path) -> Iterator[Town]:
    with Town(database, tmp_path, {"shopify": "none"}, workers=1) as opened:
        opened.opens(TERMS, counts_days=365)
        yield opened


def ends_right(town: Town, accepted: dict[str, str]) -> None:
    """Everything accepted is applied exactly once, and every member is as the oracle says."""
    town.comes_to_rest(200)
    with town.house.database.merchant(town.merchant_id) as tx:
        rows = tx.connection.exec_driver_sql("SELECT delivery_id, state FROM inbox").all()
        booked = tx.connection.exec_driver_sql(
            "SELECT source, count(*), sum(points) FROM entries GROUP BY source ORDER BY source"
        ).all()
    states = {row[0]: row[1] for row in rows}
    assert {states.get(name) for name in accepted} <= {"applied", "ignored"}, states
    orders = sorted({f"order:{town.shop_ids['shopify']}:{order}" for order in accepted.values()})
    sources = [tuple(row) for row in booked]
    assert [row for row in sources if row[0] in orders] == [(source, 1, 50) for source in orders]
    found = differences(town.house, town.merchant_id, town.keepers, town.house.now())
    # Orders whose messages were not accepted are not known yet; those that were must be right.
    known = [one for one in found if "are members {None}" not in one]
    assert not known, shown(known)


def test_a_message_survives_the_death_of_the_web_server_right_after_its_200(town: Town) -> None:
    letters, accepted = Letters(town), {}
    for number in range(3):
        order = letters.order()
        assert letters.brings(order, f"web-{number}")
        kill(town.web)
        accepted[f"web-{number}"] = order
        town.web = town.begins_web()
    ends_right(town, accepted)


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_survive_a_worker_that_dies_while_it_applies_and_pushes(town: Town, seed: int) -> None:
    chance, letters, accepted = random.Random(seed), Letters(town), {}
    orders = [letters.order() for _ in range(30)]
    for death in range(6):
        for number, order in enumerate(orders[death * 5 : death * 5 + 5]):
            name = f"worker-{death}-{number}"
            assert letters.brings(order, name)
            assert letters.brings(order, name), "the same message once more"
            accepted[name] = order
        # From "nobody has looked yet" to "in the middle of pushing".
        time.sleep(chance.random() * 1.2)
        town.kills_worker(0)
        if chance.random() < 0.5:
            wait_for(lambda: town.workers[0].process.poll() is None, 60, "a worker that lives")
            time.sleep(chance.random() * 3)
    ends_right(town, accepted)


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_survive_web_and_worker_dying_under_fire(town: Town, seed: int) -> None:
    chance, letters = random.Random(seed), Letters(town)
    orders = [letters.order() for _ in range(40)]
    accepted: dict[str, str] = {}
    over = threading.Event()

    def fire() -> None:
        for number, order in enumerate(orders * 2):
            # A shop repeats what was not answered; each message keeps its name.
            while not letters.brings(order, f"fire-{number}") and not over.is_set():
                time.sleep(0.05)
            accepted[f"fire-{number}"] = order

    shooter = threading.Thread(target=fire)
    shooter.start()
    for _ in range(3):
        time.sleep(0.3 + chance.random())
        kill(town.web)
        town.kills_worker(0)
        town.web = town.begins_web()
    shooter.join(120)
    over.set()
    assert len(accepted) == 80
    ends_right(town, accepted)


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_survive_the_death_of_postgresql(own_postgres: Held, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Town(own_postgres, tmp_path, {"shopify": "none"}, workers=1) as town:
        town.opens(TERMS, counts_days=365)
        letters, accepted = Letters(town), {}
        for number in range(12):
            order = letters.order()
            assert letters.brings(order, f"postgres-{number}")
            accepted[f"postgres-{number}"] = order
            if number % 4 == 3:
                time.sleep(chance.random())
                own_postgres.dies()
                assert not letters.brings(letters.order(), f"lost-{number}"), "a 200 without a database"
                own_postgres.begins()
                town.revives()
        ends_right(town, accepted)
