"""Two days in both shops: what shoppers and staff do, drawn from a seed, each thing through the shop's own rules."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from shopkeeping import Keeper, Refused
from town import Town

from connector.flow import redeeming
from connector.loyalty.redeem import CannotRedeem

WINDOW = timedelta(hours=48)
DEEDS = {
    "order": 34,
    "order_with_code": 8,
    "pay": 9,
    "fulfil": 6,
    "refund": 12,
    "edit": 7,
    "cancel": 6,
    "delete": 2,
    "register": 14,
    "prove": 3,
    "move": 2,
    "merge": 4,
    "redeem": 8,
    "adjust": 3,
}


class Crowd:
    """Everybody at once; `act` lets one of them do one thing."""

    def __init__(self, town: Town, chance: random.Random, deeds: int) -> None:
        self._town, self._chance = town, chance
        self._at = town.house.now() - WINDOW
        self._step = WINDOW / (deeds + 1)
        self.done: Counter[str] = Counter()
        self.customers = {name: keeper.all("customers") for name, keeper in town.keepers.items()}
        self.orders: list[tuple[str, str]] = []
        self.lonely: list[tuple[str, str]] = []  # nobody else has their address, and nobody acted for them
        self.guests: list[str] = []
        self._number = 0
        self.deeds = DEEDS

    def act(self) -> None:
        """Let one thing happen; what the shop's rules forbid does not."""
        self._at += self._step
        name = self._chance.choices(list(self.deeds), list(self.deeds.values()))[0]
        try:
            getattr(self, f"_{name}")()
        except (Refused, CannotRedeem, IndexError):
            name = f"{name} (refused)"
        self.done[name] += 1

    # --- orders

    def _shop(self) -> Keeper:
        return self._town.keepers[self._chance.choice(list(self._town.keepers))]

    def _order(
        self, shop: Keeper | None = None, customer: str | None = None, codes: tuple[str, ...] = ()
    ) -> None:
        chance, shop = self._chance, shop or self._shop()
        if customer is None and chance.random() < 0.85:
            customer = chance.choice(self.customers[shop.name])["id"]
        words: dict[str, Any] = {"customer_id": customer} if customer else {"email": self._guest()}
        made = shop.does(
            "orders",
            at=self._at.isoformat(),
            lines=[self._line() for _ in range(chance.randint(1, 3))],
            shipping=chance.choice(["0.00", "4.95"]),
            paid=chance.random() < 0.75,
            codes=list(codes),
            tax_rate="20",
            **words,
            **({"test": True} if shop.platform == "shopify" and chance.random() < 0.03 else {}),
            **self._beside(shop, customer),
        )
        self.orders.append((shop.name, made["id"]))

    def _beside(self, shop: Keeper, customer: str | None) -> dict[str, Any]:
        """What else the shop must be told of an order of this customer (None: a guest), or of a newcomer."""
        return {}

    def surely_buys(self, shop: Keeper) -> None:
        """Let a known customer pay 77.00 at once."""
        customer = self.customers[shop.name][0]["id"]
        lines = [{"title": "Soap", "quantity": 1, "price": "77.00"}]
        shop.does("orders", at=self._at.isoformat(), customer_id=customer, lines=lines, paid=True)

    def _line(self) -> dict[str, Any]:
        chance = self._chance
        price = chance.choice([0, *[chance.randint(100, 6000) for _ in range(12)]])
        return {
            "title": "Soap",
            "sku": f"S{chance.randint(1, 40)}",
            "quantity": chance.randint(1, 4),
            "price": f"{price / 100:.2f}",
            "gift_card": chance.random() < 0.08,
            "discount": "0.50" if price > 100 and chance.random() < 0.2 else "0.00",
        }

    def _guest(self) -> str:
        self._number += 1
        self.guests.append(f"guest-{self._number}@storm.example")
        return self.guests[-1]

    def _order_with_code(self) -> None:
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            rows = tx.connection.exec_driver_sql(
                "SELECT s.address, c.customer_id, c.code FROM coupons c JOIN shops s ON s.id = c.shop_id"
                " WHERE c.state = 'live' ORDER BY c.code"
            ).all()
        address, customer, code = self._chance.choice(rows)
        self._order(self._town.keeper_of(address), customer, (code,))

    def _some_order(self) -> tuple[Keeper, str]:
        shop, number = self._chance.choice(self.orders[-60:])
        return self._town.keepers[shop], number

    def _happens(self, what: str, **words: Any) -> dict[str, Any]:
        shop, number = self._some_order()
        return shop.does(f"orders/{number}/{what}", at=self._at.isoformat(), **words)

    def _pay(self) -> None:
        self._happens("pay")

    def _fulfil(self) -> None:
        self._happens("fulfil")

    def _cancel(self) -> None:
        self._happens("cancel")

    def _refund(self) -> None:
        way = self._chance.choice(["lines", "lines", "amount", "shipping"])
        if way == "lines":
            self._happens("refund", lines=[{"line": 0, "quantity": 1}])
        elif way == "amount":
            self._happens("refund", amount=f"{self._chance.randint(1, 2000) / 100:.2f}")
        else:
            self._happens("refund", shipping="4.95")

    def _edit(self) -> None:
        shop, number = self._some_order()
        words: dict[str, Any] = {"lines": [{"line": 0, "quantity": self._chance.randint(0, 5)}]}
        if self._chance.random() < 0.3:
            words["add"] = [self._line()]
        made = shop.does(f"orders/{number}/edit", at=self._at.isoformat(), **words)
        if made["id"] != number:
            self.orders.append((shop.name, made["id"]))

    def _delete(self) -> None:
        shop, number = self._some_order()
        shop.does(f"orders/{number}", "DELETE")
        self.orders.remove((shop.name, number))

    # --- people

    def _register(self) -> None:
        chance, shop = self._chance, self._shop()
        self._number += 1
        other = self._chance.choice([name for name in self._town.keepers if name != shop.name] or [shop.name])
        fresh = f"new-{self._number}@storm.example"
        way = chance.random()
        email = fresh
        if way < 0.3:
            email = chance.choice(self.customers[other])["email"]
        elif way < 0.6 and self.guests:
            email = chance.choice(self.guests)
        verified = chance.random() < 0.75
        made = shop.does(
            "customers",
            email=email,
            first_name="Noor",
            last_name="Storm",
            verified=verified,
            at=self._at.isoformat(),
            **self._beside(shop, None),
        )
        self.customers[shop.name].append({"id": made["id"], "email": email, "verified": verified})
        if email == fresh:
            self.lonely.append((shop.name, made["id"]))

    def _prove(self) -> None:
        shop = self._shop()
        one = self._chance.choice([one for one in self.customers[shop.name] if not one["verified"]])
        shop.does(f"customers/{one['id']}", "PATCH", verified=True)

    def _move(self) -> None:
        """Somebody gets another address."""
        shop, number = self._chance.choice(self.lonely)
        self._number += 1
        self._town.keepers[shop].does(
            f"customers/{number}", "PATCH", email=f"moved-{self._number}@storm.example"
        )

    def _merge(self) -> None:
        alone = [number for shop, number in self.lonely if shop == "shopify"]
        kept, gone = alone[0], self._chance.choice(alone[1:])
        self._town.keepers["shopify"].does(f"customers/{kept}/merge", gone_id=gone)
        self.lonely.remove(("shopify", gone))
        self.customers["shopify"] = [one for one in self.customers["shopify"] if one["id"] != gone]

    # --- staff

    def _member(self, least: int) -> tuple[int, int, str, str]:
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            rows = tx.connection.exec_driver_sql(
                "SELECT m.id, c.shop_id, s.address, c.id FROM members m JOIN customers c ON c.member_id = m.id"
                " JOIN shops s ON s.id = c.shop_id WHERE m.balance >= %(least)s AND c.removed_at IS NULL"
                " ORDER BY m.id, c.shop_id, c.id",
                {"least": least},
            ).all()
        member_id, shop_id, address, customer = self._chance.choice(rows)
        name = self._town.keeper_of(address).name
        if (name, customer) in self.lonely:
            self.lonely.remove((name, customer))
        return member_id, shop_id, name, customer

    def _redeem(self) -> None:
        member_id, shop_id, _, customer = self._member(100)
        self._number += 1
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            redeeming.redeem(
                tx, member_id, shop_id, customer, "five-off", f"storm-{self._number}", "staff", self._now()
            )

    def _adjust(self) -> None:
        member_id, *_ = self._member(1)
        self._number += 1
        points = self._chance.choice([-40, -5, 10, 250])
        with self._town.house.database.merchant(self._town.merchant_id) as tx:
            redeeming.adjust(tx, member_id, points, "storm", f"storm-{self._number}", "staff", self._now())

    def _now(self) -> datetime:
        return self._town.house.now()
