"""`/metrics`: the figures for a monitor, in Prometheus' words. What stands where is looked up when asked; counts are shared.

Labels are closed sets (platform, kind, result): a shop's name would tell a monitor's readers who the merchants are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from importlib.metadata import version

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from connector import tally
from connector.flow import in_person
from connector.house import House
from connector.store import gauges, outbox, proofs, tallies
from connector.store.gauges import Gauges, Waiting
from connector.store.tallies import Process
from connector.tally import Key

COUNTERS = {
    "webhooks": ("Webhooks answered, by result; result bad_signature is a 401.", ("platform", "result")),
    "odd_webhooks": (
        "Good webhooks that came in another version than ours, or signed with the secret before the last rotation.",
        ("platform", "what"),
    ),
    "pushes": ("Changes that were sent to a shop, tries included.", ("platform",)),
    "push_failures": ("Tries that did not end well, by what the shop said.", ("platform", "reason")),
    "token_refresh_failures": ("Renewals of a shop's token that failed.", ("platform",)),
    "sign_ins": (
        "Sign-ins, by result: link, password; refused, and too_many where one had to wait.",
        ("result",),
    ),
    "applied": ("Messages dealt with, by what became of them.", ("platform", "result")),
}
"""What processes count (House.tally): name, what it says, labels."""
SETTLE = "settle"
_SETTLE_SAYS = "From the arrival of a message until its members were settled."


def registry(house: House) -> CollectorRegistry:
    """Return what answers a scrape of this process."""
    made = CollectorRegistry()
    made.register(Looker(house))
    prometheus_client.ProcessCollector(registry=made)
    prometheus_client.GCCollector(registry=made)
    return made


class Looker(Collector):
    """Looks when it is asked; keeps nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: a registry would otherwise ask the database when it is made."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every figure; one transaction."""
        began, house, now = time.perf_counter(), self._house, self._house.now()
        theirs = (topic for platform in house.platforms.values() for topic in platform.privacy_topics)
        topics = (*in_person.TOPICS.values(), *theirs)
        with house.database.everyone() as connection:
            found = gauges.read(connection, topics, now)
            counted = tallies.every(connection)
            processes = tallies.alive(connection)
        yield from _boxes(found, now)
        yield from _shops(found)
        yield from _processes(processes, now)
        yield from _counters(counted)
        yield _settle(counted)
        yield _gauge(
            "scrape_seconds", "How long it took to look all of this up.", time.perf_counter() - began
        )


def _boxes(found: Gauges, now: datetime) -> Iterator[Metric]:
    yield _gauge("inbox_waiting", "Messages waiting to be applied.", found.inbox.count)
    yield _gauge(
        "inbox_oldest_seconds", "How long the oldest of them has waited; 0: none.", _age(found.inbox, now)
    )
    yield _gauge("inbox_parked", "Messages put aside; they need a look.", found.parked_inbox)
    yield _gauge("outbox_waiting", "Changes waiting to be sent to a shop.", found.outbox.count)
    yield _gauge(
        "outbox_oldest_seconds", "How long the oldest of them has waited; 0: none.", _age(found.outbox, now)
    )
    parked = GaugeMetricFamily(
        "comeback_outbox_parked", "Changes put aside; they need a look.", labels=["kind"]
    )
    for kind in sorted(outbox.KINDS):
        parked.add_metric([kind], found.parked_outbox.get(kind, 0))
    yield parked
    yield _gauge(
        "settle_lag_seconds",
        "For how long the member who waits longest has been due; 0: none is.",
        _seconds(found.due_since, now),
    )
    left = proofs.LAW - (now - found.unheeded_since if found.unheeded_since else timedelta(0))
    yield _gauge(
        "redactions_due_days",
        "Days left for the oldest request under privacy law that is not done; 30: there is none.",
        left / timedelta(days=1),
    )
    yield _gauge("imports_running", "Imports of a history under way.", found.imports.running)
    yield _gauge(
        "import_objects_done", "Customers and orders that they have kept so far.", found.imports.done
    )
    yield _gauge(
        "import_objects_total",
        "How many there are in all, as the shops estimate it; 0: not known yet.",
        found.imports.total,
    )
    yield _gauge("database_bytes", "The size of the database.", found.database_bytes)


def _shops(found: Gauges) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "comeback_shops", "Shops; reconnect: their token is refused.", labels=["platform", "state"]
    )
    alone = GaugeMetricFamily(
        "comeback_shops_left_alone", "Shops that asked for a pause and have it.", labels=["platform"]
    )
    opened = GaugeMetricFamily(
        "comeback_breaker_open", "Shops that fail so often that calls are spared.", labels=["platform"]
    )
    for one in found.shops:
        for state, count in (
            ("connected", one.connected),
            ("reconnect", one.reconnect),
            ("removed", one.removed),
        ):
            states.add_metric([one.platform, state], count)
        alone.add_metric([one.platform], one.left_alone)
        opened.add_metric([one.platform], one.open)
    yield from (states, alone, opened)


def _processes(found: tuple[Process, ...], now: datetime) -> Iterator[Metric]:
    running = GaugeMetricFamily(
        "comeback_processes", "Processes seen in the last minute.", labels=["kind", "version"]
    )
    kinds = {("worker", version("comeback")): 0, ("web", version("comeback")): 0}
    for one in found:
        key = one.kind, one.version
        kinds[key] = kinds.get(key, 0) + one.runs(now)
    for (kind, which), count in sorted(kinds.items()):
        running.add_metric([kind, which], count)
    yield running
    seen = max((one.seen_at for one in found if one.kind == "worker"), default=None)
    if seen is not None:
        yield _gauge("worker_seen_seconds", "Since a worker last showed a sign of life.", _seconds(seen, now))


def _counters(counted: Mapping[Key, float]) -> Iterator[Metric]:
    for name, (says, labels) in COUNTERS.items():
        family = CounterMetricFamily(f"comeback_{name}", says, labels=labels)
        for key, value in counted.items():
            if key[0] == name:
                words = tally.labels_of(key)
                family.add_metric([words.get(label, "") for label in labels], value)
        yield family


def _settle(counted: Mapping[Key, float]) -> Metric:
    pieces = {
        tally.labels_of(key)["to"]: value for key, value in counted.items() if key[0] == f"{SETTLE}_piece"
    }
    total, buckets = 0.0, []
    for bound in (*map(str, tally.WAITS), "inf"):
        total += pieces.get(bound, 0.0)
        buckets.append((bound if bound != "inf" else "+Inf", total))
    family = HistogramMetricFamily("comeback_settle_seconds", _SETTLE_SAYS)
    family.add_metric([], buckets, sum_value=counted.get((f"{SETTLE}_sum", ""), 0.0))
    return family


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"comeback_{name}", says, value=value)


def _age(waiting: Waiting, now: datetime) -> float:
    return _seconds(waiting.since, now)


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
