"""A town of real processes: both sandbox shops, Comeback's web and its workers, over one PostgreSQL.

The test's own process holds a house on the same database, to do what staff do and to read the books.
"""

from __future__ import annotations

import gzip
import lzma
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from judge import left_to_do
from shopkeeping import Keeper, settings

from adapters.magento.sandbox import history as music
from adapters.shopify.sandbox import history as gifts
from adapters.shopify.sandbox import uci
from connector.demo.cast import Player, ready_line
from connector.demo.ground import free_port
from connector.flow import programme
from connector.house import House, furnish
from connector.loyalty.terms import Terms
from connector.store import merchants, shops

STUCK = 8.0  # seconds without any movement, after which the town's clock is put forward
SENDING = {"magento": ("--hints",)}  # shops that send only with a module, which is told where to


class Town:
    """Opened with a `with` block; ends every process at its end."""

    def __init__(
        self,
        database: Any,
        folder: Path,
        pasts: dict[str, str],
        workers: int = 2,
        more: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`pasts`: what each shop loads; `more`: further words for its sandbox."""
        self._more = more or {}
        self.stuck = STUCK
        self._stack = ExitStack()
        self._folder, self._started = folder, 0
        self.keepers: dict[str, Keeper] = {}
        self.merchant_id, self.shop_ids = 0, dict[str, int]()
        with ExitStack() as opening:
            opening.push(self._stack)
            self._opens_doors(database, pasts, workers)
            opening.pop_all()

    def _opens_doors(self, database: Any, pasts: dict[str, str], workers: int) -> None:
        environments = []
        for name, past in pasts.items():
            platform = name.partition("-")[0]
            words = (*SENDING.get(platform, ()), *self._more.get(name, ()))
            arguments = ["sandbox", platform, "--port", "0", "--history", past, *words]
            ready = ready_line(self._begin(name, arguments, {}))
            self.keepers[name] = Keeper(name, ready.url, ready.address)
            environments.append(ready.environment)
        self.port = free_port()
        self.env = settings(database, self.port, environments)
        self.env |= {"FORGOTTEN_LOG": str(self._folder / "forgotten.log")}
        self.house: House = furnish(self.env)
        self._stack.callback(self.house.close)
        self.url = self.house.settings.public_url
        self.web = self.begins_web()
        self.workers = [self.begins_worker() for _ in range(workers)]

    def __enter__(self) -> Town:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- processes

    def _begin(self, name: str, arguments: list[str], env: dict[str, str]) -> Player:
        self._started += 1
        whole = env or {**settings(_NoDatabase, 0, []), "COMEBACK_HOME": str(self._folder)}
        return self._stack.enter_context(Player(f"{name}-{self._started}", arguments, whole, self._folder))

    def begins_web(self) -> Player:
        """Start the web server and wait until it answers."""
        web = self._begin("web", ["web", "--port", str(self.port)], self.env)
        web.wait_until(lambda: answers(f"{self.url}/healthz"))
        return web

    def begins_worker(self) -> Player:
        return self._begin("worker", ["worker"], self.env)

    def kills_worker(self, place: int) -> None:
        """Kill -9 a worker, whatever it is doing, and start another in its place."""
        kill(self.workers[place])
        self.workers[place] = self.begins_worker()

    def revives(self) -> None:
        """After the database was away: start what has ended, as whoever runs Comeback would."""
        self.house.database.close()
        for place, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                self.workers[place] = self.begins_worker()
        if self.web.process.poll() is not None:
            self.web = self.begins_web()
        wait_for(lambda: answers(f"{self.url}/readyz"), 60, "the web server finds the database again")

    # --- connecting

    def opens(self, terms: Terms, counts_days: int, deaths: Sequence[float] = ()) -> None:
        """Install in every shop by the merchant's browser, wait for the histories, start the programme, wait.

        `deaths`: pauses in seconds, after each of which a worker is killed while the histories come in.
        """
        for name, keeper in self.keepers.items():
            words = {"merchant_code": self._join_code()} if self.merchant_id else {}
            keeper.does("install", seconds=120, public_url=self.url, **words)
            with self.house.database.everyone() as connection:
                shop = shops.find_by_address(connection, keeper.platform, keeper.address)
            assert shop is not None, f"{name} is not connected"
            self.merchant_id, self.shop_ids[name] = shop.merchant_id, shop.id
            if keeper.platform in SENDING:
                keeper.does("hints", url=f"{self.url}/webhooks/{keeper.platform}/{shop.key}")
        for place, pause in enumerate(deaths):
            time.sleep(pause)
            self.kills_worker(place % len(self.workers))
        self.comes_to_rest(240)
        now = self.house.now()
        with self.house.database.merchant(self.merchant_id) as tx:
            programme.publish(tx, terms, now - timedelta(days=counts_days), now)
        self.comes_to_rest(240)

    def _join_code(self) -> str:
        with self.house.database.merchant(self.merchant_id) as tx:
            return merchants.give_pass(tx, "join", self.house.now(), timedelta(minutes=5))

    def keeper_of(self, address: str) -> Keeper:
        """Whoever stands in the shop with this address."""
        return next(keeper for keeper in self.keepers.values() if keeper.address == address)

    # --- waiting

    def comes_to_rest(self, seconds: float) -> None:
        """Wait until nothing is left to do; pauses and leases that lie in the future are let pass at once."""
        until, still, before, moved = time.monotonic() + seconds, 0, {}, time.monotonic()
        while still < 3:
            left = left_to_do(self.house, self.merchant_id, self.house.now())
            parked = left.pop("parked")
            assert not parked, f"{parked} deliveries or pushes were put aside"
            still = still + 1 if not any(left.values()) else 0
            if left != before:
                before, moved = left, time.monotonic()
            elif time.monotonic() - moved > self.stuck:
                self.puts_the_clock_forward()
                moved = time.monotonic()
            assert time.monotonic() < until, f"after {seconds} s there is still {left} to do"
            time.sleep(0.4)

    def puts_the_clock_forward(self) -> None:
        """Let the pauses after a failure and the leases of killed workers end now instead of in minutes."""
        with self.house.database.merchant(self.merchant_id) as tx:
            tx.connection.exec_driver_sql(
                "UPDATE outbox SET next_at = now() WHERE state = 'waiting' AND next_at > now()"
            )
            tx.connection.exec_driver_sql("UPDATE inbox SET next_at = NULL WHERE state = 'waiting'")
            tx.connection.exec_driver_sql(
                "UPDATE shops SET busy_until = NULL, probing = false,"
                " probe_at = CASE WHEN probe_at IS NOT NULL THEN now() END"
            )


class _NoDatabase:
    url = owner_url = ""


def kill(player: Player) -> None:
    """End a process as a power cut would."""
    player.process.kill()
    player.process.wait()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=60).status_code == 200
    except requests.RequestException:
        return False


def wait_for(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until it is true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def thin_pasts(folder: Path, music_every: int, gifts_every: int) -> dict[str, str]:
    """Write the shipped slices once more with every so-manieth customer, and return what the sandboxes are to load."""
    folder.mkdir()
    rows = [one for one in music.slice_rows() if one.customer % music_every == 1]
    lines = [f"{one.customer} {one.day:%Y%m%d} {one.quantity} {one.cents / 100:.2f}" for one in rows]
    with gzip.open(folder / music.FULL_NAME, "wt", encoding="ascii") as out:
        out.write("\n".join(["customer day quantity dollars", *lines]) + "\n")
    with lzma.open(gifts.SLICE, "rt", encoding="utf-8", newline="") as source:
        header, *bodies = source.read().splitlines(keepends=True)
    kept = [one for one in bodies if _customer(one) % gifts_every == 0]
    with lzma.open(folder / uci.FILE, "wt", encoding="utf-8", newline="") as out:
        out.write(header + "".join(kept))
    return {"shopify": f"full:{folder}", "magento": f"full:{folder}"}


def _customer(line: str) -> int:
    """The customer's number, or for guests the document's; the last fields never hold a comma."""
    number = line.rsplit(",", 2)[1]
    return int(number) // 7 if number else int("".join(filter(str.isdigit, line.partition(",")[0])))
