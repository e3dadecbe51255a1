"""The shop: its tables, its clock, its lock. The rules of each kind of row stand in the modules beside this one."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from adapters.magento.sandbox.handshake import Exchange
from adapters.magento.sandbox.oauth import Desk
from adapters.magento.sandbox.places import ONE, TIMEZONE, Places
from adapters.magento.sandbox.rows import Coupon, Customer, Document, Group, Order, Stamp
from adapters.magento.sandbox.rules import Rule
from adapters.magento.sandbox.table import Table

Kind = Literal["order", "customer"]


# Every right the routes of this shop ask for; Magento_Cms::page is the one that the integration was not given.
RIGHTS = frozenset(
    f"Magento_{name}"
    for name in (
        "Sales::actions_view Sales::sales_invoice Sales::sales_creditmemo Sales::shipment Sales::invoice Sales::ship "
        "Sales::creditmemo Sales::cancel Sales::hold Sales::unhold Sales::comment Customer::customer "
        "Customer::manage Customer::delete Customer::group SalesRule::quote Backend::store Backend::admin "
        "Cart::manage"
    ).split()
)


class Shop:
    """State of one shop. Whoever reads or changes it holds `lock`."""

    def __init__(self, clock: Callable[[], datetime] | None = None, seed: str = "sandbox") -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.lock = threading.RLock()
        self.orders: Table[Order] = Table(
            changed=lambda row: row.changed_at,
            keys={
                "customer_id": lambda row: row.customer_id or "",
                "customer_email": lambda row: row.email,
                "increment_id": lambda row: row.number,
                "coupon_code": lambda row: row.coupon,
            },
        )
        self.invoices = _documents()
        self.shipments = _documents()
        self.memos = _documents()
        self.customers: Table[Customer] = Table(
            changed=lambda row: row.changed_at, keys={"email": lambda row: row.email}
        )
        self.groups: Table[Group] = Table(keys={"code": lambda row: row.code})
        self.rules: Table[Rule] = Table(keys={"name": lambda row: row.name})
        self.coupons: Table[Coupon] = Table(
            keys={"code": lambda row: row.code, "rule_id": lambda row: row.rule_id}
        )
        self.uses: Counter[tuple[str, int, int]] = Counter()  # ("coupon" or "rule", its id, customer id)
        self.numbers: Counter[str] = Counter()
        self.desk = Desk(seed)
        self.exchange = Exchange(self.desk)
        self.rights = RIGHTS
        # The shop's setting webapi/webapisecurity/allow_insecure.
        self.open_to_anybody = False
        self.default_group = 1
        self.maximum_page_size: int | None = None
        self.default_page_size: int | None = None
        self.carts: dict[int, int] = {}
        self.places: Places = ONE
        # What a part of the shop wants kept beside its rows: plain values under a name of its own.
        self.extras: dict[str, Any] = {}
        self.watchers: list[Callable[[Kind, int], None]] = []
        for key, code in enumerate(("NOT LOGGED IN", "General", "Wholesale", "Retailer")):
            self.groups.put(Group(key, code))

    def now(self) -> Stamp:
        return stamp(self.clock())

    def moved(self, at: Stamp) -> Stamp:
        """When a row that changed at `at` says it changed: never before now, because the database writes that time."""
        return max(at, self.now())

    def next_number(self, name: str, amount: int = 1) -> int:
        """Draw the next number of a row that lives inside another, such as an order line."""
        self.numbers[name] += amount
        return self.numbers[name] - amount + 1

    def told(self, kind: Kind, key: int) -> None:
        """Let the watchers know that a row changed."""
        for watcher in self.watchers:
            watcher(kind, key)


def _documents() -> Table[Document]:
    return Table(changed=lambda row: row.at, keys={"order_id": lambda row: row.order_id})


def stamp(moment: datetime) -> Stamp:
    """Write a moment as Magento does: UTC, whole seconds, no zone mark."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def local_day(at: Stamp, zone: ZoneInfo = TIMEZONE) -> date:
    """The day it is at that moment on the main website, or where the other clock hangs."""
    return datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zone).date()
