"""The drill: each fault is done for real, and counted. 0 lost, 0 twice, and the shop agrees with the ledger afterwards."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import disks
import drill
import pytest
import requests
from judge import differences, shown
from letters import Held, Letters
from town import Town, answers, kill, wait_for

from connector.demo.ground import free_port
from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, Terms, Tier

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=3,
    tiers=(Tier("Silver", 40_00, "drill-silver"),),
    nth_orders=(NthOrder("second", "Free shipping on the second order", 1, Reward("free_shipping")),),
)


class Site:
    """A gift shop, Comeback's web and worker as processes, and a PostgreSQL of their own."""

    def __init__(self, postgres: Held, town: Town) -> None:
        self.postgres, self.town, self.letters = postgres, town, Letters(town)
        self.accepted: dict[str, str] = {}
        self.sent = self._number = 0

    def brings(self, order: str, name: str | None = None) -> bool:
        """Bring one message, and remember it where it was answered 200."""
        self._number += 1
        self.sent += 1
        name = name or f"drill-{self._number}"
        if kept := self.letters.brings(order, name):
            self.accepted[name] = order
        return kept

    def repeats(self, order: str, seconds: float = 120) -> None:
        """Bring a message until it is kept, as a shop does."""
        until = time.monotonic() + seconds
        self._number += 1
        name = f"drill-{self._number}"
        while not self.brings(order, name):
            assert time.monotonic() < until, "the door does not open again"
            time.sleep(0.2)

    def counts(self, fault: str) -> drill.Count:
        """Wait for rest, and count what came of everything accepted since the last count."""
        began = time.monotonic()
        wait_for(lambda: answers(f"{self.town.url}/readyz"), 60, "the web server is ready again")
        self.town.house.database.close()
        self.town.puts_the_clock_forward()
        self.town.comes_to_rest(200)
        seconds = time.monotonic() - began
        with self.town.house.database.merchant(self.town.merchant_id) as tx:
            rows = tx.connection.exec_driver_sql("SELECT delivery_id, state, result FROM inbox").all()
            booked = tx.connection.exec_driver_sql(
                "SELECT source, count(*), sum(points) FROM entries GROUP BY source"
            ).all()
        results = {row[0]: row[2] for row in rows if row[0] in self.accepted}
        states, entries = {row[0]: row[1] for row in rows}, {row[0]: tuple(row[1:]) for row in booked}
        applied = sum(states.get(name) in ("applied", "ignored") for name in self.accepted)
        sources = {f"order:{self.town.shop_ids['shopify']}:{order}" for order in self.accepted.values()}
        odd = {source: entries.get(source) for source in sources if entries.get(source) != (1, 50)}
        if odd:
            became = [
                (name, states.get(name)) for name, order in self.accepted.items() if f":{order}" in str(odd)
            ]
            print("not one entry of 50 points each:", odd, became, results)
        found = differences(self.town.house, self.town.merchant_id, self.town.keepers, self.town.house.now())
        # Orders that nobody told of are not known yet.
        known = [one for one in found if "are members {None}" not in one]
        assert not known, shown(known)
        lost = len(self.accepted) - applied
        told = drill.Count(fault, self.sent, len(self.accepted), applied, lost, len(odd), not known, seconds)
        self.sent, self.accepted = 0, {}
        drill.add(told)
        return told


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="comeback-drill-"))
    # As root the server runs as nobody, who must be able to enter.
    folder.chmod(0o755)
    held = Held(folder / "postgres")
    try:
        with Town(held, folder, {"shopify": "none"}, workers=1) as town:
            town.opens(TERMS, counts_days=365)
            yield Site(held, town)
    finally:
        held.server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def unharmed(count: drill.Count) -> bool:
    return (count.lost, count.twice, count.applied) == (0, 0, count.kept) and count.kept > 0


def test_postgresql_is_stopped_for_a_while(site: Site) -> None:
    orders = [site.letters.order() for _ in range(9)]
    assert all(site.brings(order) for order in orders[:3])
    site.postgres.stops()
    assert not any(site.brings(order) for order in orders[3:6])
    answer = requests.get(f"{site.town.url}/readyz", timeout=60)
    assert answer.status_code == 503
    page = requests.get(f"{site.town.url}/signin/word", timeout=60)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
    site.postgres.begins()
    for order in orders[3:]:
        site.repeats(order)
    assert site.town.workers[0].process.poll() is None, "the worker waits for its database"
    assert unharmed(site.counts("PostgreSQL stopped, and started again"))


def test_postgresql_is_restarted_under_fire(site: Site) -> None:
    orders = [site.letters.order() for _ in range(20)]

    def fire() -> None:
        for order in orders:
            site.repeats(order)

    shooter = threading.Thread(target=fire)
    shooter.start()
    for _ in range(2):
        time.sleep(0.4)
        site.postgres.stops()
        site.postgres.begins()
    shooter.join(120)
    assert len(site.accepted) == 20
    assert unharmed(site.counts("PostgreSQL restarted twice under fire"))


def test_postgresql_is_frozen_for_a_while(site: Site) -> None:
    """It is there and says nothing: no error comes by itself, and whoever waits for one waits for ever."""
    orders = [site.letters.order() for _ in range(24)]
    assert all(site.brings(order) for order in orders[:3])
    worker, url = site.town.workers[0].process.pid, site.town.url
    with site.postgres.frozen(), ThreadPoolExecutor(32) as crowd:
        asked = [crowd.submit(timed, f"{url}{path}") for path in ("/readyz", "/signin/word")]
        brought = [crowd.submit(site.brings, order) for order in orders[3:12]]
        found = [one.result() for one in asked]
        assert not any(one.result() for one in brought)
        alive = timed(f"{url}/healthz")
        assert [status for status, _, _ in (*found, alive)] == [503, 503, 200]
        assert found[1][1]["Retry-After"] == "30"
        assert max(seconds for _, _, seconds in found) < 40, "a request hangs with the database"
        # Who comes now is told at once, or after a short look.
        later = [crowd.submit(timed, f"{url}{path}") for path in ("/readyz", "/healthz", "/signin/word")]
        brought = [crowd.submit(site.brings, order) for order in orders[12:]]
        told = [one.result() for one in later]
        assert [status for status, _, _ in told] == [503, 200, 503]
        assert max(seconds for _, _, seconds in (alive, *told)) < 20
        assert not any(one.result() for one in brought)
    for order in orders[3:]:
        site.repeats(order)
    count = site.counts("PostgreSQL frozen (every process stopped), and going on")
    assert unharmed(count)
    assert site.town.workers[0].process.pid == worker
    assert site.town.workers[0].process.poll() is None


def timed(url: str) -> tuple[int, Any, float]:
    """The answer's status and headers, and how many seconds it took."""
    began = time.monotonic()
    answer = requests.get(url, timeout=60)
    return answer.status_code, answer.headers, time.monotonic() - began


@pytest.mark.parametrize("way", disks.ways())
def test_postgresqls_disk_is_full(site: Site, way: type[disks.SmallDisk] | type[disks.FullFile]) -> None:
    orders = [site.letters.order() for _ in range(4)]
    disk = way(site.postgres)
    try:
        disk.fills()
        # The pages that are there take a few more; then nothing is kept, and nothing is answered 200.
        refused, number = 0, 0
        while refused < 10:
            number += 1
            assert number < 400, "a full disk takes everything"
            refused += not site.brings(orders[number % 4])
        with site.town.house.database.merchant(site.town.merchant_id) as tx:
            rows = tx.connection.exec_driver_sql("SELECT delivery_id FROM inbox").scalars().all()
        assert set(site.accepted) <= set(rows)
        disk.makes_room()
        for order in orders:
            site.repeats(order)
        assert unharmed(site.counts(disk.said))
    finally:
        disk.ends()


def test_web_and_worker_are_killed_at_once(site: Site) -> None:
    orders = [site.letters.order() for _ in range(12)]
    for number, order in enumerate(orders):
        site.repeats(order)
        if number in (3, 7):
            kill(site.town.web)
            site.town.kills_worker(0)
            assert not site.brings(order)
            site.town.web = site.town.begins_web()
    assert unharmed(site.counts("web and worker killed (kill -9), twice"))


def test_the_webs_own_disk_is_full(site: Site) -> None:
    """A second web server whose every line to its log meets "no space left on device"."""
    port, real = free_port(), site.letters
    with Path("/dev/full").open("wb") as full:
        web = subprocess.Popen(
            [sys.executable, "-m", "connector.cli", "web", "--port", str(port)],
            env=site.town.env,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=full,
        )
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 60, "a web server without a disk")
        site.letters = _at(real, f"http://127.0.0.1:{port}")
        orders = [real.order() for _ in range(5)]
        assert all(site.brings(order) for order in orders)
        assert unharmed(site.counts("the web server's own disk full (its log on /dev/full)"))
    finally:
        site.letters = real
        web.kill()
        web.wait()


def _at(letters: Letters, url: str) -> Any:
    class Elsewhere:
        order: Callable[[], str] = staticmethod(letters.order)

        @staticmethod
        def brings(order: str, name: str) -> bool:
            return letters.brings(order, name, url)

    return Elsewhere()


def test_the_drill_is_told_only_by_what_it_counted() -> None:
    count = drill.Count("a fault", 7, 5, 5, 0, 0, True, 1.25)
    assert drill.row(count) == "| a fault | 7 | 5 | 2 | 5 | 0 | 0 | yes | 1.2 |"
    assert "1 faults, 5 messages kept: 0 lost, 0 twice." in drill.page([count])
