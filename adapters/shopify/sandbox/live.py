"""Invented shoppers: they order, pay, think again, register, and use the codes they were given."""

import random
import threading
from collections import Counter
from datetime import timedelta

from adapters.shopify.sandbox import customers, orders
from adapters.shopify.sandbox.people import invented
from adapters.shopify.sandbox.state import Refusal, Shop
from adapters.shopify.sandbox.things import Customer, Discount, Line, Order

_ACTS = (
    ("order", 40),
    ("pay", 14),
    ("fulfil", 14),
    ("refund", 9),
    ("edit", 7),
    ("cancel", 5),
    ("register", 6),
    ("rename", 5),
)
_RECENT = 200


class Crowd:
    """The shoppers of one shop; one acts at a time, seeded so that a run can be repeated."""

    def __init__(self, shop: Shop) -> None:
        self.counts: Counter[str] = Counter()
        self._shop = shop
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, per_second: float, seed: int) -> None:
        """Begin to act, on average `per_second` times a second."""
        self.stop()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run,
            args=(per_second, random.Random(seed), self._stop),  # noqa: S311
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait until the last act is done."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, per_second: float, chance: random.Random, stop: threading.Event) -> None:
        while not stop.wait(chance.expovariate(per_second)):
            self.act(chance)

    def act(self, chance: random.Random) -> str:
        """Do one thing; what the rules refuse counts as nothing done. Return what was tried."""
        names, weights = zip(*_ACTS, strict=True)
        name: str = chance.choices(names, weights)[0]
        with self._shop.lock:
            try:
                self._do(name, chance)
            except Refusal:
                name = f"{name} refused"
        self.counts[name] += 1
        return name

    def _do(self, name: str, chance: random.Random) -> None:
        shop, now = self._shop, self._shop.now()
        if name == "order":
            self._order(chance)
        elif name == "register":
            who = invented(chance.randrange(10**9))
            customers.register(shop, who.email, who.first_name, who.last_name, chance.random() < 0.9, now)
        elif name == "rename":
            it = self._customer(chance)
            customers.change(shop, it, now, last_name=invented(chance.randrange(10**9)).last_name)
        else:
            order = self._recent(chance)
            match name:
                case "pay":
                    orders.pay(shop, order, now)
                case "fulfil":
                    orders.fulfil(shop, order, now)
                case "cancel":
                    orders.cancel(shop, order, now)
                case "refund":
                    self._refund(order, chance)
                case _:
                    self._edit(order, chance)

    def _order(self, chance: random.Random) -> None:
        shop, now = self._shop, self._shop.now()
        buyer = self._customer(chance) if chance.random() < 0.9 else None
        codes: tuple[str, ...] = ()
        if buyer is not None and (usable := self._codes(buyer)) and chance.random() < 0.5:
            codes = (chance.choice(usable).code,)
            self.counts["code tried"] += 1
        wanted = tuple(self._wanted(chance) for _ in range(chance.randint(1, 4)))
        basket = orders.Basket(
            now - timedelta(seconds=chance.randrange(3)),
            wanted,
            buyer.id if buyer else None,
            None if buyer else invented(chance.randrange(10**9)).email,
            chance.choice([0, 395, 495, 995]),
            chance.random() < 0.8,
            codes,
        )
        made = orders.place(shop, basket)
        if codes:
            self.counts["code used"] += 1
        if made.due == 0:
            self.counts["free"] += 1

    def _refund(self, order: Order, chance: random.Random) -> None:
        left = [line for line in order.lines if line.current_quantity]
        if left and chance.random() < 0.7:
            line = chance.choice(left)
            change = orders.Change(line.id, chance.randint(1, line.current_quantity))
            shipping = order.shipping_due - order.refunded_shipping if chance.random() < 0.3 else 0
            orders.give_back(self._shop, order, self._shop.now(), [change], shipping)
        else:
            rest = order.received - order.refunded
            amount = chance.randint(1, max(1, rest))
            orders.give_back(self._shop, order, self._shop.now(), [], 0, amount)

    def _edit(self, order: Order, chance: random.Random) -> None:
        line = chance.choice(order.lines)
        quantity = max(0, line.current_quantity + chance.choice([-1, 1, 1]))
        additions = [self._wanted(chance)] if chance.random() < 0.3 else []
        orders.edit(self._shop, order, self._shop.now(), [orders.Change(line.id, quantity)], additions)

    def _wanted(self, chance: random.Random) -> orders.WantedLine:
        like = self._line(chance)
        if like is None or like.unit_price == 0:
            return orders.WantedLine(
                "Paper lantern", chance.randint(1, 3), chance.choice([295, 650, 1250]), "LANTERN"
            )
        return orders.WantedLine(like.title, chance.randint(1, 4), like.unit_price, like.sku, like.gift_card)

    def _line(self, chance: random.Random) -> Line | None:
        rows = self._shop.orders.between("processed_at", None, None)
        return chance.choice(self._shop.orders.things[chance.choice(rows)[1]].lines) if rows else None

    def _customer(self, chance: random.Random) -> Customer:
        rows = self._shop.customers.between("id", None, None)
        if not rows:
            raise Refusal("the shop has no customers yet")
        return self._shop.customers.things[chance.choice(rows)[1]]

    def _recent(self, chance: random.Random) -> Order:
        rows = self._shop.orders.between("updated_at", None, None)[-_RECENT:]
        if not rows:
            raise Refusal("the shop has no orders yet")
        return self._shop.orders.things[chance.choice(rows)[1]]

    def _codes(self, buyer: Customer) -> list[Discount]:
        now = self._shop.now()
        return [
            it
            for it in self._shop.discounts
            if it.status(now) == "ACTIVE"
            and (it.usage_limit is None or it.used < it.usage_limit)
            and (it.customer_ids is None or buyer.id in it.customer_ids)
        ]
