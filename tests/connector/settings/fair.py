"""A lively made-up shop for looking at: a year of orders, a running programme, an import under way, things that stopped."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from connector.flow import redeeming
from connector.port import Delivery
from connector.records import Customer, LineItem, Order
from connector.store import inbox as kept
from connector.store import members, people, purchases, tables
from connector.store.tables import coupons, customers, inbox, marks, outbox, privacy, runs, shops

FIRST = "Noor Daan Sanne Bram Lotte Jesse Fleur Ruben Iris Thijs Maud Sem Eva Luuk Roos Finn Anouk Gijs Femke Stijn".split()
LAST = (
    "de Vries,Jansen,Bakker,Visser,Smit,Meijer,Mulder,Bos,Vos,Peters,Hendriks,van Dijk,Dekker,Brouwer".split(
        ","
    )
)
LETTER = b"""{"id": 1390, "name": "#1390", "email": "noor.bakker@example.nl", "created_at": "2026-11-19T20:58:00Z",
 "financial_status": "paid", "total_price": "41.75", "currency": "EUR", "customer": {"id": 7012, "first_name": "Noor"},
 "shipping_address": {"address1": "Keizersgracht 1", "zip": "1015 CJ"}, "note": "Graag als cadeau inpakken, dank je wel",
 "line_items": [{"quantity": 1, "price": "41.75", "sku": "tea-1"}], "discount_codes": []}"""
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def furnish(town: Any, customers: int = 220) -> None:
    """Fill the town; the same every time."""
    dice = random.Random(7)
    _people(town, dice, customers)
    _orders(town, dice, customers)
    town.start()
    second = town.second_shop("tea.example.uk")
    _dealings(town, dice, second)
    _acts(town)


def _people(town: Any, dice: random.Random, count: int) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(
            update(shops)
            .where(shops.c.id == town.shop.id)
            .values(name="De Theehoek", address="theehoek.example")
        )
        made = members.new(tx, count, town.now - 380 * DAY)
        batch = []
        for n, member in enumerate(made):
            first, last = dice.choice(FIRST), dice.choice(LAST)
            mail = f"{first}.{last.split()[-1]}{n}@example.nl".lower()
            at = town.now - dice.randint(200, 420) * DAY
            batch.append((Customer(str(7000 + n), at, at, mail, True, f"{first} {last}"), member))
        people.keep(tx, town.shop.id, batch)


def _orders(town: Any, dice: random.Random, count: int) -> None:
    number, orders = 1000, []
    for n in range(count):
        day = dice.uniform(5, 380)
        while day > 0:
            number += 1
            amount = dice.choice((18_50, 24_95, 32_00, 41_75, 59_90, 74_00))
            at = town.now - day * DAY
            refunded = amount if dice.random() < 0.03 else 0
            line = LineItem("1", "Tea", 1, 0 if refunded else 1, amount)
            orders.append(
                Order(
                    str(number),
                    f"#{number}",
                    "EUR",
                    at,
                    at,
                    amount + 4_95,
                    (line,),
                    str(7000 + n),
                    paid_at=at,
                    fulfilled_at=at + DAY,
                    refunded=refunded,
                )
            )
            day -= dice.expovariate(1 / 75) + 9 if dice.random() < 0.72 else 999
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        purchases.write(tx, [purchases.row(tx, town.shop.id, one) for one in orders])


def _dealings(town: Any, dice: random.Random, second: Any) -> None:
    merchant_id, shop_id, now = town.shop.merchant_id, town.shop.id, town.now
    here = {"merchant_id": merchant_id, "shop_id": shop_id}
    topics = ("orders/updated", "orders/paid", "customers/update", "refunds/create")
    arrived = [
        here
        | {
            "delivery_id": f"d{n}",
            "way": "found" if n % 11 == 0 else "webhook",
            "topic": topics[n % 4],
            "subject": f"order {1400 - n}" if n % 4 != 2 else f"customer {7000 + n}",
            "received_at": now - n * 7 * MINUTE,
            "state": "parked" if n == 9 else "waiting" if n == 0 else "ignored" if n % 9 == 4 else "applied",
            "attempts": 7 if n == 9 else 0,
            "body_sealed": town.house.ring.seal(LETTER, f"inbox.body:{shop_id}:d{n}") if n == 9 else None,
            "result": "The shop answered 404: this order does not exist there."
            if n == 9
            else None
            if n == 0
            else "Older than what is known."
            if n % 9 == 4
            else "Order kept and settled.",
            "applied_at": now - n * 7 * MINUTE,
        }
        for n in range(70, -1, -1)
    ]
    with town.house.database.merchant(merchant_id) as tx:
        tx.run(insert(inbox), arrived)
        kept.keep(tx, shop_id, Delivery("letter", "orders/paid", LETTER), "webhook", now - 900 * MINUTE)
        town.letter = tx.value(select(inbox.c.id).where(inbox.c.delivery_id == "letter"))
        became = kept.Done(town.letter, "applied", "Order #1390 brought up to date.", "order 1390")
        kept.finish(tx, shop_id, [became], now - 900 * MINUTE)
        tx.run(
            update(outbox)
            .where(outbox.c.shop_id == shop_id)
            .values(state="done", result="Done.", done_at=now)
        )
        chosen = tx.all(
            outbox.select().where(outbox.c.shop_id == shop_id).order_by(outbox.c.id.desc()).limit(1)
        )
        parked = {
            "state": "parked",
            "attempts": 5,
            "result": "The shop refused it: the price rule limit is reached.",
        }
        for row in chosen:
            tx.run(update(outbox).where(outbox.c.id == row.id).values(**parked))
        tx.run(update(coupons).where(coupons.c.shop_id == shop_id).values(state="live"))
        tx.run(update(marks).where(marks.c.shop_id == shop_id).values(known=marks.c.wanted))
        tx.run(
            update(shops)
            .where(shops.c.id == shop_id)
            .values(last_delivery_at=now - 4 * MINUTE, seen_until=now - 25 * MINUTE)
        )
        tx.run(insert(runs), _runs(here, second, now))
        tx.run(
            insert(privacy),
            [
                {
                    "merchant_id": merchant_id,
                    "shop_name": "De Theehoek",
                    "topic": topic,
                    "customer_id": "7003",
                }
                | {"asked_at": now - 3 * DAY, "done_at": now - 3 * DAY + MINUTE, "rows": 12}
                for topic in ("data_asked", "customer_forgotten")
            ],
        )


def _runs(here: dict[str, Any], second: Any, now: Any) -> list[dict[str, Any]]:
    plain = {
        "since": None,
        "until": None,
        "finished_at": None,
        "differences": 0,
        "total": None,
        "state": "done",
    }
    checks = [
        here
        | plain
        | {"kind": "full" if n % 4 == 3 else "window", "done": 35 + 11 * n, "differences": 2 if n == 2 else 0}
        | {"started_at": now - n * 6 * 60 * MINUTE, "finished_at": now - n * 6 * 60 * MINUTE + MINUTE}
        | {"since": now - n * 6 * 60 * MINUTE - 30 * MINUTE, "until": now - n * 6 * 60 * MINUTE}
        for n in range(9, -1, -1)
    ]
    done = here | plain | {"kind": "import", "done": 812, "total": 812, "started_at": now - 2 * DAY}
    under_way = {"merchant_id": here["merchant_id"], "shop_id": second.id} | plain
    under_way |= {
        "kind": "import",
        "state": "running",
        "done": 4210,
        "total": 11800,
        "started_at": now - 3 * MINUTE,
    }
    return [done, *checks, under_way]


def _acts(town: Any) -> None:
    """Two exchanges and a present for the member with most points."""
    town.star = _richest(town)
    member_id, customer_id = town.star
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        for key in ("act-key-of-the-fair-1", "act-key-of-the-fair-2"):
            redeeming.redeem(tx, member_id, town.shop.id, customer_id, "five-off", key, "staff", town.now)
        redeeming.adjust(
            tx, member_id, 25, "Sorry for the late parcel", "act-key-of-the-fair-3", "staff", town.now
        )
        tx.run(
            update(coupons).where(coupons.c.source == "redemption:act-key-of-the-fair-1").values(state="live")
        )


def _richest(town: Any) -> tuple[int, str]:
    """Return the member with most points, and their customer id."""
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        row = tx.one(
            select(tables.members.c.id.label("member_id"), customers.c.id.label("customer_id"))
            .join(customers, customers.c.member_id == tables.members.c.id)
            .order_by(tables.members.c.balance.desc(), tables.members.c.id)
            .limit(1)
        )
    return row.member_id, row.customer_id
