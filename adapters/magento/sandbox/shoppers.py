"""Invented shoppers: they register, order, use the codes they find, pay, and things happen to their orders."""

import random
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta

from adapters.magento.sandbox import aftermath, checkout, people, promotions
from adapters.magento.sandbox.rows import Coupon, Customer, Order
from adapters.magento.sandbox.shop import Shop, stamp

_THINGS = (
    ("CD", "CD", "14.97"),
    ("CD-BOX", "CD box", "39.50"),
    ("LP", "Record", "24.00"),
    ("TEE", "T-shirt", "19.99"),
)
_RECENT = 500


class Shoppers:
    """Acts in a thread until told to stop. The same seed does the same to the same shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.chance = random.Random()  # noqa: S311 - no secret hangs on it
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.done: dict[str, int] = {}

    def begin(self, per_second: float, seed: int | None = None) -> None:
        self.quiet()
        if seed is not None:
            self.chance.seed(seed)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._live, args=(per_second, self.stop), daemon=True)
        self.thread.start()

    def quiet(self) -> None:
        """Stop, and return when the last shopper has left."""
        self.stop.set()
        if self.thread is not None:
            self.thread.join()
            self.thread = None

    def _live(self, per_second: float, stop: threading.Event) -> None:
        while not stop.wait(self.chance.expovariate(max(per_second, 0.001))):
            try:
                self.act()
            except (promotions.CodeRefused, checkout.NotPossible):
                continue
            except Exception:  # noqa: BLE001 - one shopper's accident must not close the shop
                traceback.print_exc(file=sys.stderr)

    def act(self) -> str:
        """Let one thing happen, and say what."""
        acts = {
            "order": (self._order, 50),
            "pay": (self._pay, 20),
            "ship": (self._ship, 15),
            "register": (self._register, 5),
            "refund": (self._refund, 6),
            "cancel": (self._cancel, 3),
            "edit": (self._edit, 2),
        }
        name = self.chance.choices(list(acts), [weight for _, weight in acts.values()])[0]
        with self.shop.lock:
            acts[name][0]()
            self.done[name] = self.done.get(name, 0) + 1
        return name

    # --- what they do ----------------------------------------------------------------------------------------

    def _register(self) -> Customer:
        number = self.shop.customers.next_id()
        return people.register(
            self.shop,
            f"customer-{number}@example.com",
            "Newt",
            f"Comer{number}",
            verified=self.chance.random() < 0.9,
            at=self.shop.now(),
            store=self.shop.places.home_of(number).code,
        )

    def _order(self) -> Order:
        customer = self._somebody()
        wishes = tuple(
            checkout.Wish(title, self.chance.randint(1, 3), price, sku)
            for sku, title, price in self.chance.sample(_THINGS, self.chance.randint(1, 2))
        )
        code = self._code(customer)
        view = self.shop.places.view(customer.store_id) if customer else None
        basket = checkout.Basket(
            lines=wishes,
            customer_id=customer.id if customer else None,
            email=None if customer else f"guest-{self.shop.orders.next_id()}@example.net",
            shipping="4.95",
            codes=(code.code,) if code else (),
            store=view.code if view else "default",
        )
        order = checkout.place(self.shop, basket, self.shop.now())
        if self.chance.random() < 0.6:
            aftermath.invoice(self.shop, order, {}, self.shop.now())
        return order

    def _pay(self) -> None:
        order = self._one(lambda row: row.state in ("new", "processing") and row.paid_at is None)
        if order:
            aftermath.invoice(self.shop, order, {}, self.shop.now())

    def _ship(self) -> None:
        order = self._one(
            lambda row: row.state == "processing" and row.shipped_at is None and not row.virtual
        )
        if order:
            aftermath.ship(self.shop, order, {}, self.shop.now())

    def _refund(self) -> None:
        order = self._one(lambda row: row.state in ("processing", "complete") and row.total_invoiced > 0)
        if order is None:
            return
        line = self.chance.choice([one for one in order.lines if one.parent_id is None])
        left = line.invoiced - line.refunded
        if self.chance.random() < 0.3:
            aftermath.refund(self.shop, order, {}, None, 0, 0, self.shop.now())
        elif left > 0:
            pieces = {line.id: self.chance.randint(1, left)}
            aftermath.refund(self.shop, order, pieces, 0, 0, 0, self.shop.now())
        else:
            aftermath.refund(self.shop, order, {line.id: 0}, 0, 100, 0, self.shop.now())

    def _cancel(self) -> None:
        order = self._one(lambda row: row.state == "new")
        if order:
            aftermath.cancel(self.shop, order, self.shop.now())

    def _edit(self) -> None:
        order = self._one(lambda row: row.state == "new" and not row.invoices)
        if order:
            wanted = (checkout.Edit(order.lines[0].id, self.chance.randint(1, 4)),)
            new = checkout.edit(self.shop, order, wanted, (), self.shop.now())
            aftermath.cancel(self.shop, self.shop.orders.rows[new.parent_id or 0], self.shop.now())

    # --- who and what ----------------------------------------------------------------------------------------

    def _somebody(self) -> Customer | None:
        """A customer, now and then a new one or a guest (None)."""
        luck = self.chance.random()
        if luck < 0.1:
            return None
        if luck < 0.2 or not self.shop.customers.ids:
            return self._register()
        return self.shop.customers.rows[self.chance.choice(self.shop.customers.ids)]

    def _code(self, customer: Customer | None) -> Coupon | None:
        """A code that the customer may use. Nothing ties a code to a person here, so anyone can hold any code."""
        live = [
            row
            for row in self.shop.coupons
            if row.code and (not row.usage_limit or row.used < row.usage_limit)
        ]
        if customer is None or not live or self.chance.random() < 0.5:
            return None
        chosen = self.chance.choice(live)
        rule = self.shop.rules.get(chosen.rule_id)
        usable = rule is not None and promotions.applies(
            self.shop, rule, customer.group_id, self.shop.now(), self.shop.places.website(customer.website_id)
        )
        return chosen if usable else None

    def _one(self, fits: Callable[[Order], bool]) -> Order | None:
        """One of the recent orders that fits."""
        oldest = stamp(self.shop.clock() - timedelta(days=60))
        rows = (self.shop.orders.rows[key] for key in self.shop.orders.ids[-_RECENT:])
        found = [row for row in rows if row.placed_at >= oldest and fits(row)]
        return self.chance.choice(found) if found else None
