"""Waiting with something to look at: how much, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from connector.demo import figures
from connector.house import House
from connector.store import runs
from connector.store.runs import Run
from connector.store.shops import Shop

_LOOK = 0.4  # seconds between two looks
_STILL = 3  # looks in a row with nothing left, before it counts as quiet


class Failed(Exception):
    """Something that is waited for will not come; the text says why."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def bar(console: Console) -> Progress:
    """Return a bar with count, rate and time left."""
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


def import_histories(console: Console, house: House, shops: list[Shop], check: Callable[[], None]) -> None:
    """Wait until the history of every shop is imported; raise Failed."""
    with bar(console) as progress:
        tasks = {shop.id: progress.add_task(f"Importing {title(house, shop)}", total=None) for shop in shops}
        waiting = list(shops)
        while waiting:
            check()
            for shop in list(waiting):
                run = _import(house, shop)
                if run is None:
                    continue
                if run.state == "failed":
                    raise Failed(f"the import of {shop.address} failed: {run.message}")
                ended = run.state == "done"
                total = run.done if ended else run.total
                progress.update(
                    tasks[shop.id], completed=run.done, total=None if total is None else max(total, run.done)
                )
                if ended:
                    waiting.remove(shop)
            time.sleep(_LOOK)


def settle(console: Console, house: House, merchant_id: int, check: Callable[[], None]) -> None:
    """Wait until every member is settled and everything is pushed; raise Failed when nothing moves any more."""
    with bar(console) as progress:
        members = progress.add_task("Settling members", total=None)
        pushes = progress.add_task("Pushing tags, groups and codes", total=None)
        most, most_done, still, moved = 0, 0, 0, time.monotonic()
        before = figures.Left(-1, -1, -1, -1)
        pushed_before = figures.so_far(house.database, merchant_id).pushes
        while still < _STILL:
            check()
            left = figures.left(house.database, merchant_id, house.now())
            pushed = figures.so_far(house.database, merchant_id).pushes - pushed_before
            most = max(most, left.members)
            most_done = max(most_done, pushed + left.pushes)
            progress.update(members, completed=most - left.members, total=most)
            progress.update(pushes, completed=pushed, total=most_done)
            still = still + 1 if left.all == 0 else 0
            moved = time.monotonic() if left != before else moved
            before = left
            if time.monotonic() - moved > 120:
                raise Failed(f"nothing moves any more: {left}")
            time.sleep(_LOOK)
        # Two changes to one customer can go out as one push.
        progress.update(pushes, completed=most_done)


def title(house: House, shop: Shop) -> str:
    """Return what people call the shop's platform; sandbox shops have no better name."""
    return house.platforms[shop.platform].title


def _import(house: House, shop: Shop) -> Run | None:
    with house.database.merchant(shop.merchant_id) as tx:
        return runs.latest(tx, shop.id, "import")
