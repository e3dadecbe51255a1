"""The life of an installation, over real HTTP and by signed webhooks: in, out, back within two days, erased, in anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from street import Letter, Street

from connector import jobs, rounds
from connector.flow import importing, programme
from connector.loyalty.terms import CurrencyTerms, Terms
from connector.store import shops, tables
from connector.store.shops import Shop
from connector.store.vaults import NoTokens

TERMS = Terms(currency="GBP", currencies=(CurrencyTerms("GBP"),), hold_days=0)
KEPT = ("customers", "orders", "entries", "runs")


@pytest.fixture
def gone(database: Any, tmp_path: Any) -> Iterator[Street]:
    with Street(database, {"FORGOTTEN_LOG": str(tmp_path / "forgotten.log")}) as opened:
        yield opened


def there(street: Street) -> Shop | None:
    """The gift shop as it stands here, found by its address."""
    with street.house.database.everyone() as connection:
        return shops.find_by_address(connection, "shopify", street.keepers["shopify"].address)


def installs(street: Street, managed: bool) -> Shop:
    street.keepers["shopify"].does("install", public_url=street.url, managed=managed)
    shop = there(street)
    assert shop is not None
    street.merchant_id, street.shop_ids = shop.merchant_id, {"shopify": shop.id}
    return shop


def leaves(street: Street, redact: bool = False) -> list[Any]:
    """Take the app out in the shop's admin; return the letters it sends for it, held back."""
    gifts = street.keepers["shopify"]
    gifts.does("faults", hold=True)
    street.letters()
    gifts.does("uninstall", redact=redact)
    return street.letters()


def ages(street: Street, shop: Shop, hours: float) -> None:
    """Let so many hours pass since the shop was installed and removed."""
    with street.house.database.merchant(shop.merchant_id) as tx:
        by = timedelta(hours=hours)
        passed = "installed_at = installed_at - :by, removed_at = removed_at - :by"
        tx.run(text(f"UPDATE shops SET {passed} WHERE id = :id").bindparams(by=by, id=shop.id))


def rows(street: Street, shop: Shop) -> dict[str, list[Any]]:
    with street.house.database.merchant(shop.merchant_id) as tx:
        return {name: sorted(map(tuple, tx.all(select(tables.metadata.tables[name])))) for name in KEPT}


def brings(street: Street, letter: Any, at: datetime | None = None) -> str:
    """Bring a letter of this moment (or another one) to the door, have it applied; return what came of it."""
    topic, sent = letter.topic, at or street.house.now()
    number = f"cycle-{topic}-{time.monotonic_ns()}"
    assert street.brings(Letter(topic, letter.body, sent.isoformat()), id=number) == 200
    street.applies("shopify")
    with street.house.database.merchant(street.merchant_id) as tx:
        kept = tables.inbox.c.delivery_id == number
        return str(tx.value(select(tables.inbox.c.result).where(kept)))


def buys(street: Street, count: int, goods: str = "30.00") -> None:
    gifts = street.keepers["shopify"]
    at = (street.house.now() - timedelta(days=3)).isoformat()
    anna = gifts.does(
        "customers", email="anna@cycle.example", first_name="A", last_name="B", verified=True, at=at
    )
    lines = [{"title": "Soap", "quantity": 1, "price": goods}]
    for _ in range(count):
        gifts.does("orders", customer_id=anna["id"], at=at, lines=lines, paid=True)


@pytest.mark.parametrize("managed", [False, True], ids=["by the grant page", "opened in the admin"])
def test_in_out_back_erased_and_in_anew(gone: Street, managed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    street = gone
    buys(street, 60)
    shop = installs(street, managed)
    with street.house.database.merchant(shop.merchant_id) as tx:
        programme.publish(tx, TERMS, street.house.now() - timedelta(days=365), street.house.now())

    removed, redact = is_taken_out_while_its_history_is_read(street, shop, monkeypatch)
    first_left = street.house.now()

    # Back within two days: the same shop, and its history is read to the end.
    ages(street, shop, 30)
    back = installs(street, managed)
    assert (back.id, back.merchant_id, back.state) == (shop.id, shop.merchant_id, "connected")
    assert rounds.import_history(street.house, shop.merchant_id, shop.id)
    street.works()
    found = rows(street, shop)
    assert (len(found["orders"]), points(street, shop)) == (60, 60 * 30)

    # What was said of the first installation means nothing for this one.
    late = brings(street, removed, first_left - timedelta(minutes=1))
    assert late == "Sent before the shop was installed again; nothing was done."
    ages(street, shop, 18)
    assert brings(street, redact) == "The shop has Comeback installed; nothing was erased."
    assert rows(street, shop) | {"runs": []} == found | {"runs": []}

    # Out once more: everything stays for two days, then nothing but the ledger.
    letters = leaves(street, redact=True)
    assert brings(street, letters[0]) == "Comeback was removed from the shop; its tokens are deleted."
    assert rows(street, shop)["orders"] == found["orders"]
    ages(street, shop, 48)
    brings(street, letters[1])
    left = rows(street, shop)
    assert (left["customers"], left["orders"], left["runs"]) == ([], [], [])
    assert (left["entries"], there(street)) == (found["entries"], None)

    # In anew: another shop, with nothing from before.
    new = installs(street, managed)
    assert new.id != shop.id
    assert rows(street, new)["orders"] == rows(street, new)["entries"] == []
    assert rounds.import_history(street.house, new.merchant_id, new.id)
    street.works()
    assert (len(rows(street, new)["orders"]), points(street, new)) == (60, 0), "no programme of its own yet"


def points(street: Street, shop: Shop) -> int:
    with street.house.database.merchant(shop.merchant_id) as tx:
        return int(tx.value(select(func.coalesce(func.sum(tables.entries.c.points), 0))))


def is_taken_out_while_its_history_is_read(
    street: Street, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    """Sixty orders come in three pages; while the first is written, the app is taken out. Return the shop's two letters."""
    begun, told, take = threading.Event(), threading.Event(), importing.take
    ended: list[float] = []

    def slowly(tx: Any, shop_id: int, run: Any, batch: Any, done: int, now: datetime) -> None:
        take(tx, shop_id, run, batch, done, now)
        if batch.orders and not begun.is_set():
            begun.set()
            assert told.wait(60)

    def reads() -> None:
        assert not rounds.import_history(street.house, shop.merchant_id, shop.id)
        ended.append(time.monotonic())

    with monkeypatch.context() as patch:
        patch.setattr("connector.rounds.history.importing.take", slowly)
        thread = threading.Thread(target=reads)
        thread.start()
        assert begun.wait(60)
        removed, redact = leaves(street, redact=True)
        assert brings(street, removed) == "Comeback was removed from the shop; its tokens are deleted."
        at = time.monotonic()
        told.set()
        thread.join(60)
    assert ended[0] - at < 1, "seconds from the removal until the import had stopped"
    stopped = rows(street, shop)
    assert stopped["orders"] == [], "the page that was being written is not kept"
    with pytest.raises(NoTokens):
        street.house.vault(shop).read()
    # Whoever looks for work finds none here.
    jobs.sweep(street.house)
    assert not rounds.import_history(street.house, shop.merchant_id, shop.id)
    assert rounds.reconcile(street.house, shop.merchant_id, shop.id, "full") is None
    assert rounds.push(street.house, shop.merchant_id, shop.id) == 0
    assert rows(street, shop) == stopped
    return removed, redact
