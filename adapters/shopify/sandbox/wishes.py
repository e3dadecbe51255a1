"""What the control addresses are told, field by field; anything else is refused. Amounts are decimal texts."""

from datetime import datetime

import msgspec

from adapters.shopify.sandbox.faults import Fault
from adapters.shopify.sandbox.mail import Faults


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of an order to be placed; amounts are decimal texts."""

    title: str
    quantity: int = 1
    price: str = "0.00"
    sku: str | None = None
    gift_card: bool = False
    discount: str = "0.00"


class PlaceOrder(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime
    lines: list[Line]
    customer_id: int | str | None = None
    email: str | None = None
    shipping: str = "0.00"
    paid: bool = False
    codes: list[str] = []
    tax_rate: str = "20"
    test: bool = False
    presentment: str = ""
    rate: str = "1"
    source: str = "web"


class Product(msgspec.Struct, forbid_unknown_fields=True):
    sku: str
    title: str


class Collect(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    skus: list[str]


class Segment(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    customer_ids: list[int | str]


class At(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """A quantity of one line, which is named by its place or its id."""

    line: int | str
    quantity: int


class GiveBack(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime
    lines: list[Part] = []
    shipping: str = "0.00"
    amount: str = "0.00"


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime
    lines: list[Part] = []
    add: list[Line] = []


class Register(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    verified: bool = True


class Patch(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime | None = None
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    first_name: str | msgspec.UnsetType = msgspec.UNSET
    last_name: str | msgspec.UnsetType = msgspec.UNSET
    verified: bool | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET


class Merge(msgspec.Struct, forbid_unknown_fields=True):
    gone_id: int | str


class Disturb(Faults, forbid_unknown_fields=True):
    seed: int | None = None
    requests: list[Fault] = msgspec.field(default_factory=list)


class Release(msgspec.Struct, forbid_unknown_fields=True):
    order: str = "given"
    seed: int | None = None


class Live(msgspec.Struct, forbid_unknown_fields=True):
    per_second: float = 1.0
    seed: int = 1


class Install(msgspec.Struct, forbid_unknown_fields=True):
    public_url: str
    merchant_code: str | None = None
    managed: bool = False


class Visitor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is signed in in the storefront; nobody where it is left out."""

    customer_id: str | None = None


class Uninstall(msgspec.Struct, forbid_unknown_fields=True):
    redact: bool = False
