"""The PHP module on the whole road: what it notes in the shop reaches the books by its own messages and nothing else."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connector.loyalty.terms import CurrencyTerms, Terms
from connector.store import shops, tables

TERMS = Terms(currency="USD", currencies=(CurrencyTerms("USD"),), hold_days=0)
SOAP = {"title": "Soap", "quantity": 1, "price": "120.00"}
TESTS = Path(__file__).parents[1]
TELL = TESTS / "adapters" / "magento" / "module" / "php" / "tell.php"


def tells(address: str, secret: str, *noted: tuple[str, int, bool], **words: bool) -> dict[str, Any]:
    """Let the module carry this to Comeback, under PHP and over HTTP; return how it stands there then."""
    given = json.dumps({"address": address, "secret": secret, "noted": noted} | words)
    ran = subprocess.run(["php", str(TELL), given], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return dict(json.loads(ran.stdout))


def kept(street: Any) -> tuple[list[tuple[str, str]], list[int], dict[str, bool]]:
    """The messages of the module and what came of them, the balances, and of each order whether it is gone."""
    with street.house.database.merchant(street.merchant_id) as tx:
        inbox, orders, members = (tables.metadata.tables[name] for name in ("inbox", "orders", "members"))
        of_module = select(inbox.c.state).where(inbox.c.topic == "module").order_by(inbox.c.id)
        balances = [row[0] for row in tx.all(select(members.c.balance).order_by(members.c.id))]
        return (
            [row[0] for row in tx.all(of_module)],
            balances,
            {row[0]: bool(row[1]) for row in tx.all(select(orders.c.id, orders.c.removed_at))},
        )


def test_an_order_a_refund_and_a_deletion_reach_the_books_by_the_modules_messages(
    street: Any, php: str
) -> None:
    street.opens(TERMS, "magento")
    shop = street.keepers["magento"]
    shop.does("faults", hold=True)  # the shop's other messages stay where they are
    with street.house.database.merchant(street.merchant_id) as tx:
        line = shops.get(tx, street.shop_ids["magento"])
    address = f"{street.url}/webhooks/magento/{line.key}"
    secret = json.loads(street.house.vault(line).read())["hook_secret"]

    arrived = {"arrived": 1, "left": 0, "refused": False, "error": ""}
    assert tells(address, secret, test=True) == arrived
    at = (street.house.now() - timedelta(days=3)).isoformat()
    customer = int(shop.does("customers", email="ada@example.com", verified=True, at=at)["id"])
    first, second = (
        int(shop.does("orders", customer_id=customer, at=at, lines=[SOAP], paid=True)["id"]) for _ in "ab"
    )
    street.works()
    assert kept(street) == (["ignored"], [], {}), "nothing else tells of them"

    # The answer to the message is lost: a minute later it comes again, with its nonce, and is one delivery.
    noted = [("order", first, False), ("customer", customer, False), ("order", second, False)]
    assert tells(address, secret, *noted, twice=True) == arrived
    street.works()
    assert kept(street) == (["ignored", "applied"], [240], {str(first): False, str(second): False})

    shop.does(f"orders/{first}/refund", at=at, lines=[{"line": 0, "quantity": 1}])
    assert tells(address, secret, ("order", first, False)) == arrived
    shop.does(f"orders/{second}", "DELETE")
    assert tells(address, secret, ("order", second, True)) == arrived
    street.works()
    states, balances, orders = kept(street)
    assert (states, orders) == (["ignored", *["applied"] * 3], {str(first): False, str(second): True})
    assert balances == [0]

    refused = {"arrived": 0, "left": 1, "refused": True, "error": "HTTP 401"}
    assert tells(address, secret[:-1] + "?", ("order", first, False)) == refused
    assert tells(address[:-1], secret, ("order", first, False)) == refused
