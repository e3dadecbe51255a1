"""Vaults: one refresh at a time, and nobody else waits for it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from connector.port import Delivery, ShopFacts, Unauthorized
from connector.secrets import CannotOpen, KeyRing
from connector.store import inbox, merchants, shops, tables, vaults
from connector.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def kept(database: Any) -> Any:
    """A database with one shop whose tokens are "first"."""
    store = Database(database.url, KeyRing({"k1": b"k" * 32}, b"pepper" * 6))
    with store.everyone() as connection:
        merchant_id = merchants.add(connection, store.ring, "A", "EUR", "Europe/Amsterdam", "nl", NOW)
    with store.merchant(merchant_id) as tx:
        shop = shops.add(tx, "paper", "tags", ShopFacts("a.example", "A", "EUR", "Europe/Amsterdam"), NOW)
        vaults.keep(tx, shop.id, b"first")
    yield store, shop
    store.close()


def test_a_webhook_is_kept_while_tokens_are_being_refreshed(kept: Any) -> None:
    store, shop = kept
    with vaults.Vault(store, shop.merchant_id, shop.id).locked() as vault:
        vault.read()
        with store.merchant(shop.merchant_id) as tx:
            assert inbox.keep(tx, shop.id, Delivery("d-1", "orders/paid", b"{}"), "webhook", NOW)


def test_only_one_refreshes_and_the_other_sees_what_it_saved(kept: Any) -> None:
    store, shop = kept
    seen, inside = [], threading.Event()

    def refresh() -> None:
        with vaults.Vault(store, shop.merchant_id, shop.id).locked() as vault:
            seen.append(vault.read())
            inside.set()
            time.sleep(0.3)
            vault.save(seen[-1] + b"!")

    first = threading.Thread(target=refresh)
    first.start()
    assert inside.wait(60)
    refresh()
    first.join()
    assert seen == [b"first", b"first!"]
    assert vaults.Vault(store, shop.merchant_id, shop.id).read() == b"first!!"


def test_a_refresh_that_breaks_off_leaves_the_tokens_as_they_were(kept: Any) -> None:
    store, shop = kept

    def break_off() -> None:
        with vaults.Vault(store, shop.merchant_id, shop.id).locked() as vault:
            vault.save(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert vaults.Vault(store, shop.merchant_id, shop.id).read() == b"first"


def test_a_removed_shop_has_no_tokens_and_must_be_installed_again(kept: Any) -> None:
    store, shop = kept
    with store.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, NOW)
    with pytest.raises(Unauthorized):
        vaults.Vault(store, shop.merchant_id, shop.id).read()


def test_sealed_tokens_moved_to_another_shop_do_not_open(kept: Any) -> None:
    store, shop = kept
    with store.merchant(shop.merchant_id) as tx:
        other = shops.add(tx, "paper", "tags", ShopFacts("b.example", "B", "EUR", "Europe/Amsterdam"), NOW)
        rows = tables.shops
        taken = select(rows.c.tokens_sealed).where(rows.c.id == shop.id).scalar_subquery()
        tx.run(update(rows).where(rows.c.id == other.id).values(tokens_sealed=taken))
    with pytest.raises(CannotOpen):
        vaults.Vault(store, shop.merchant_id, other.id).read()
