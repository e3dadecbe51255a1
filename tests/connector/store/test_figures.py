"""The sums of the figures on a real history: 69,659 orders of 23,570 people, counted as others counted them."""

from __future__ import annotations

import gzip
import importlib.util
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert

from connector.store import figures, gaps
from connector.store.figures import Spans
from connector.store.tables import customers, members, orders


def _paper() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paper", Path(__file__).parents[2] / "paper.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_found = _paper()
env, house, shop = _found.env, _found.house, _found.shop


def day(year: int, month: int, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.fixture
def history(house: Any, shop: Any, shared: Path) -> Any:
    """The whole history; orders over nothing stand as one cent, because the figures leave nothing out then."""
    rows, people = [], set()
    for n, line in enumerate(
        gzip.decompress((shared / "data" / "CDNOW_master.txt.gz").read_bytes()).splitlines()[1:]
    ):
        person, at, _cds, dollars = line.decode().split()
        people.add(int(person))
        moment = datetime.strptime(at, "%Y%m%d").replace(tzinfo=UTC) + timedelta(hours=12, seconds=n % 1000)
        whole, _, cents = dollars.partition(".")
        rows.append((str(n), person, moment, max(int(whole) * 100 + int(cents.ljust(2, "0")), 1)))
    here = {"merchant_id": shop.merchant_id, "shop_id": shop.id}
    with house.database.merchant(shop.merchant_id) as tx:
        made = [{"merchant_id": shop.merchant_id, "created_at": day(1997, 1)}] * len(people)
        ids = list(tx.run(insert(members).values(made).returning(members.c.id)).scalars())
        member = dict(zip(sorted(people), ids, strict=True))
        at = {"created_at": day(1997, 1), "changed_at": day(1997, 1)}
        tx.run(
            insert(customers),
            [here | at | {"id": f"{one:05}", "member_id": member[one]} for one in sorted(people)],
        )
        plain = {"currency": "USD", "test": False, "refunded": 0, "refunded_shipping": 0, "kept_goods": 0}
        plain |= {"lines": [], "digest": b""}
        tx.run(
            insert(orders),
            [
                here
                | plain
                | {"id": id_, "number": id_, "customer_id": person.zfill(5), "total": cents}
                | {"placed_at": moment, "paid_at": moment, "changed_at": moment}
                for id_, person, moment, cents in rows
            ],
        )
    return house, shop


def waits_between_orders(shared: Path) -> list[int]:
    """Return the days between the days on which somebody ordered, the shortest wait first."""
    days: dict[str, list[date]] = defaultdict(list)
    for line in gzip.decompress((shared / "data" / "CDNOW_master.txt.gz").read_bytes()).splitlines()[1:]:
        person, at, _cds, _dollars = line.decode().split()
        days[person].append(date.fromisoformat(at))
    return sorted(
        (after - before).days
        for one in days.values()
        for before, after in pairwise(sorted(one))
        if after > before
    )


def test_the_third_quarter_of_1997_and_the_totals_come_out_as_known(history: Any, shared: Path) -> None:
    house, shop = history
    with house.database.merchant(shop.merchant_id) as tx:
        months = tuple(day(1997 + n // 12, n % 12 + 1) for n in range(18))
        quarter = Spans(day(1997, 4), day(1997, 7), day(1997, 10), day(1997, 1), months[:9])
        whole_span = Spans(day(1997, 1), day(1997, 4), day(1998, 7), day(1997, 1), months)
        with figures.counting(tx):
            found, counted = figures.count(tx, quarter).people, figures.count(tx, whole_span)
        assert (found.at_start, found.at_end, found.new, found.kept) == (5376, 4263, 0, 2289)
        whole, lines = counted.people, counted.lines
        assert (whole.known, whole.returning, whole.buyers, whole.orders) == (23_570, 11_662, 23_570, 69_659)
        assert {line.currency for line in lines} == {"USD"}
        assert sum(line.total for line in lines) - 80 == 2_500_315_63
        assert sum(line.of_year for line in lines) == sum(line.orders for line in lines) == 69_659
        assert {line.month for line in lines} == set(range(1, 19))
        assert sum(counted.firsts.values()) == 23_570
        assert set(counted.firsts) == {1, 2, 3}
        assert {line.month for line in lines if line.person == "new"} == {1, 2, 3}
        waits = waits_between_orders(shared)
        assert gaps.measure(tx) == gaps.Gaps(len(waits), waits[ceil(len(waits) * 0.75) - 1])
        assert gaps.measure(tx) == gaps.Gaps(44_021, 94)
