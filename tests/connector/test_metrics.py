"""/metrics in Prometheus' own words, looked up when asked, over every shop and process; and the alerts that read it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from connector import jobs
from connector.app import create_app
from connector.house import House, furnish
from connector.port import Delivery, Refused
from connector.pulse import Pulse
from connector.store import breaker, inbox, members, outbox, runs, shops, tallies
from connector.store.shops import Shop

ROOT = Path(__file__).parents[2]
TOKEN = "m" * 20
ALERTS = yaml.safe_load((ROOT / "docs/alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def watched(env: dict[str, str], paper: ModuleType) -> Iterator[House]:
    made = furnish(env | {"METRICS_TOKEN": TOKEN}, {"paper": paper.PaperPlatform()}, lambda: paper.NOW)
    yield made
    made.close()


@pytest.fixture
def shop(watched: House, paper: ModuleType) -> Shop:
    return paper.shop.__wrapped__(watched)  # type: ignore[no-any-return]


@pytest.fixture
def scrape(watched: House) -> Callable[[], Samples]:
    app = create_app(watched)
    return lambda: scraped(app)


def scraped(app: Flask) -> Samples:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found[f"comeback_{name}", tuple(sorted(labels.items()))]


def bring(house: House, shop: Shop, at: datetime, number: int, topic: str = "orders/paid") -> int:
    with house.database.merchant(shop.merchant_id) as tx:
        inbox.keep(tx, shop.id, Delivery(f"m-{number}", topic, b"{}"), "webhook", at)
        return inbox.waiting(tx, shop.id, at, 1000)[-1].id


def test_an_empty_house_shows_every_figure_at_rest(scrape: Callable[[], Samples]) -> None:
    found = scrape()
    for name in (
        "inbox_waiting",
        "inbox_oldest_seconds",
        "inbox_parked",
        "settle_lag_seconds",
        "imports_running",
    ):
        assert of(found, name) == 0
    assert of(found, "redactions_due_days") == 30
    assert of(found, "database_bytes") > 1_000_000
    assert of(found, "settle_seconds_count") == 0
    assert ("comeback_worker_seen_seconds", ()) not in found, "no worker was ever here"


def test_what_waits_and_what_was_put_aside_is_counted_over_all_shops(
    watched: House, shop: Shop, paper: ModuleType, scrape: Callable[[], Samples]
) -> None:
    now = paper.NOW
    for number in range(3):
        bring(watched, shop, now - timedelta(seconds=90 - 30 * number), number)
    aside = bring(watched, shop, now - timedelta(days=27, hours=12), 9, "person/forgotten")
    with watched.database.merchant(shop.merchant_id) as tx:
        inbox.park(tx, shop.id, aside, 6, "why", now)
        outbox.want(tx, "marks", [(shop.id, "7")], now - timedelta(seconds=40))
        [(oldest, _)] = outbox.claim(tx, shop.id, now, timedelta(minutes=2), 9)
        outbox.try_later(tx, oldest, now + timedelta(hours=1), "why", counts=True)
        outbox.want(tx, "marks", [(shop.id, "8")], now - timedelta(seconds=20))
        outbox.want(tx, "coupon", [(shop.id, "source reward")], now - timedelta(seconds=50))
        [(coupon, _)] = [
            one for one in outbox.claim(tx, shop.id, now, timedelta(minutes=2), 9) if one[0].kind == "coupon"
        ]
        outbox.park(tx, coupon, "why", now)
        members.make_due(tx, now - timedelta(seconds=75), members.new(tx, 2, now))
        run = runs.begin(tx, shop.id, "import", now)
        runs.progress(tx, run, "place", 30, 120)
        shops.leave_alone_until(tx, shop.id, now + timedelta(minutes=1))
        for _ in range(breaker.FAILURES):
            breaker.failed(tx, shop.id, now)
    found = scrape()
    assert (of(found, "inbox_waiting"), of(found, "inbox_oldest_seconds")) == (3, 90)
    assert (of(found, "outbox_waiting"), of(found, "outbox_oldest_seconds")) == (2, 40), (
        "the oldest was put off, and the younger is due first"
    )
    assert of(found, "inbox_parked") == 1
    assert {kind: of(found, "outbox_parked", kind=kind) for kind in ("coupon", "marks", "revoke")} == {
        "coupon": 1, "marks": 0, "revoke": 0,
    }  # fmt: skip
    assert of(found, "redactions_due_days") == 2.5
    assert of(found, "settle_lag_seconds") == 75
    objects = [of(found, f"import_objects_{name}") for name in ("done", "total")]
    assert (of(found, "imports_running"), objects) == (1, [30, 120])
    assert of(found, "shops", platform="paper", state="connected") == 1
    assert of(found, "shops_left_alone", platform="paper") == 1
    assert of(found, "breaker_open", platform="paper") == 1


def test_counts_of_several_processes_are_one_and_never_fall(
    env: dict[str, str], watched: House, paper: ModuleType, scrape: Callable[[], Samples]
) -> None:
    other = furnish(env, {"paper": paper.PaperPlatform()}, lambda: paper.NOW)
    for _ in range(2):
        create_app(watched).test_client().post("/webhooks/paper", data=b"{}")
        create_app(other).test_client().post("/webhooks/paper", data=b"{}")
    other.tally.waited("settle", 3.0)
    worker = Pulse(other, "worker")
    worker.beat()
    found = scrape()
    assert of(found, "webhooks_total", platform="paper", result="bad_signature") == 4
    assert (of(found, "settle_seconds_bucket", le="2.5"), of(found, "settle_seconds_bucket", le="5.0")) == (
        0,
        1,
    )
    assert (of(found, "settle_seconds_count"), of(found, "settle_seconds_sum")) == (1, 3)
    assert of(found, "worker_seen_seconds") == 0
    worker.stop()
    other.close()
    assert of(scrape(), "webhooks_total", platform="paper", result="bad_signature") == 4
    assert ("comeback_worker_seen_seconds", ()) not in scrape()


def test_a_refresh_that_fails_is_counted(watched: House, shop: Shop, scrape: Callable[[], Samples]) -> None:
    with pytest.raises(Refused), watched.vault(shop).locked():
        raise Refused("no")
    assert of(scrape(), "token_refresh_failures_total", platform="paper") == 1


def test_counts_wait_while_the_database_is_away(
    env: dict[str, str], watched: House, paper: ModuleType
) -> None:
    gone = msgspec.structs.replace(watched, database=furnish(
        env | {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, {"paper": paper.PaperPlatform()}, lambda: paper.NOW
    ).database)  # fmt: skip
    gone.tally.count("webhooks", platform="paper", result="kept")
    Pulse(gone, "web").beat()
    assert gone.tally.take() == {("webhooks", "platform=paper,result=kept"): 1}
    gone.database.close()


def test_no_figure_names_a_shop_or_a_person(watched: House, shop: Shop) -> None:
    app = create_app(watched)
    app.test_client().post("/webhooks/paper", data=b"{}")
    told = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    for word in (shop.address, shop.name, shop.key):
        assert word not in told
    labels = set(re.findall(r'(\w+)="', told))
    assert labels <= {"platform", "result", "reason", "kind", "state", "version", "le", "generation"}


def test_a_worker_shows_life_while_it_runs_and_takes_its_leave(watched: House) -> None:
    import threading

    stop = threading.Event()
    working = threading.Thread(target=jobs.run_worker, args=(watched, stop))
    working.start()
    app = create_app(watched)
    until = time.monotonic() + 60
    while ("comeback_worker_seen_seconds", ()) not in scraped(app):
        assert time.monotonic() < until, "no sign of life"
        time.sleep(0.1)
    with watched.database.everyone() as connection:
        (worker,) = [one for one in tallies.alive(connection) if one.kind == "worker"]
    with watched.database.alone(worker.lock, 0) as free:
        assert not free, "it holds its lock as long as it works"
    stop.set()
    working.join(60)
    assert ("comeback_worker_seen_seconds", ()) not in scraped(app)
    with watched.database.alone(worker.lock, 0) as free:
        assert free


# ---------------------------------------------------------------- the alerts

_NAME = re.compile(r"\bcomeback_\w+|\bprocess_\w+")
_SIMPLE = re.compile(r"^(?:max|sum)?\(?(comeback_\w+)(?:\{[^}]*\})?\)?(?: by \([\w, ]+\))? (<|>) ([\d.]+)$")


def test_every_alert_says_how_long_how_bad_what_it_means_and_what_to_do() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"(?m)^#+ (.+)$", page)
    }
    assert len(RULES) >= 12
    for rule in RULES:
        assert re.fullmatch(r"\d+[smh]", rule["for"]), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "what_to_do", "runbook"}
        place, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert place == "docs/operations.md"
        assert anchor in anchors, f"{rule['alert']} leads to {anchor}, which is not on the page"


def test_every_figure_an_alert_reads_stands_in_a_real_scrape(
    watched: House, shop: Shop, scrape: Callable[[], Samples]
) -> None:
    watched.tally.count("token_refresh_failures", platform="paper")
    watched.tally.count("push_failures", platform="paper", reason="Refused")
    watched.tally.count("pushes", platform="paper")
    watched.tally.count("webhooks", platform="paper", result="kept")
    watched.tally.count("sign_ins", result="refused")
    Pulse(watched, "worker").beat()
    known = {name for name, _ in scrape()}
    for rule in RULES:
        missing = set(_NAME.findall(rule["expr"])) - known
        assert missing == set(), f"{rule['alert']} reads {missing}"


@pytest.mark.parametrize(
    "alert",
    ["InboxStands", "MessagesPutAside", "ChangesPutAside", "SettlingLags", "RedactionOverdue", "ShopsLost"],
)
def test_a_planted_bad_state_crosses_the_threshold_and_rest_does_not(
    alert: str, watched: House, shop: Shop, paper: ModuleType, scrape: Callable[[], Samples]
) -> None:
    [rule] = [rule for rule in RULES if rule["alert"] == alert]
    assert not fires(rule["expr"], scrape())
    now = paper.NOW
    aside = bring(watched, shop, now - timedelta(days=28), 1, "person/forgotten")
    bring(watched, shop, now - timedelta(hours=1), 2)
    with watched.database.merchant(shop.merchant_id) as tx:
        inbox.park(tx, shop.id, aside, 6, "why", now)
        outbox.want(tx, "marks", [(shop.id, "7")], now)
        [(push, _)] = outbox.claim(tx, shop.id, now, timedelta(minutes=2), 9)
        outbox.park(tx, push, "why", now)
        members.make_due(tx, now - timedelta(hours=2), members.new(tx, 1, now))
        shops.needs_reconnect(tx, shop.id)
    assert fires(rule["expr"], scrape())


def fires(expression: str, found: Samples) -> bool:
    """Tell whether a comparison of one figure with a number holds for any of its label sets."""
    matched = _SIMPLE.match(expression)
    assert matched, f"this test cannot read {expression!r}"
    name, sign, bound = matched[1], matched[2], float(matched[3])
    wanted = set(re.findall(r'(\w+)="([^"]*)"', expression))
    values = [value for (which, labels), value in found.items() if which == name and wanted <= set(labels)]
    total = [sum(values)] if expression.startswith("sum(") else values
    return any(value > bound if sign == ">" else value < bound for value in total)
