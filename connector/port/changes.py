"""Changes: what the messages of a shop mean."""

from datetime import timedelta

import msgspec

from connector.records import Customer, Order


class OrderChanged(msgspec.Struct, frozen=True, tag=True):
    """The order stands like this now. `lacks_paid_at`: it is paid, or may have been once, and the message does not say
    since when."""

    order: Order
    lacks_paid_at: bool = False


class OrderTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about this order changed; fetch it to know what."""

    order_id: str


class OrderRemoved(msgspec.Struct, frozen=True, tag=True):
    """The order is gone from the shop."""

    order_id: str


class CustomerChanged(msgspec.Struct, frozen=True, tag=True):
    """The customer stands like this now. `lacks_marks`: the message does not carry tags or group."""

    customer: Customer
    lacks_marks: bool = False


class CustomerTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about this customer changed; fetch it to know what."""

    customer_id: str


class CustomerRemoved(msgspec.Struct, frozen=True, tag=True):
    """The customer is gone from the shop; the person keeps what is booked."""

    customer_id: str


class CustomersMerged(msgspec.Struct, frozen=True, tag=True):
    """The shop joined two customers: `gone_id` lives on as `kept_id`."""

    kept_id: str
    gone_id: str


class CustomerForgotten(msgspec.Struct, frozen=True, tag=True):
    """The law asks to erase this person. `shop_address` is what the signed body names."""

    shop_address: str
    customer_id: str | None
    email: str | None
    order_ids: tuple[str, ...] = ()


class DataAsked(msgspec.Struct, frozen=True, tag=True):
    """The person asks what is known of them. `shop_address` is what the signed body names."""

    shop_address: str
    customer_id: str | None
    email: str | None
    request_id: str = ""
    order_ids: tuple[str, ...] = ()


class ShopRemoved(msgspec.Struct, frozen=True, tag=True):
    """The merchant removed Comeback from the shop named in the signed body."""

    shop_address: str


class ShopForgotten(msgspec.Struct, frozen=True, tag=True):
    """Everything of this shop must go. `waited`: how long after its removal, at least, the platform asks for that."""

    shop_address: str
    waited: timedelta = timedelta(0)


class ShopTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about the shop itself changed, like its name; ask it to know what."""


class RightsChanged(msgspec.Struct, frozen=True, tag=True):
    """What we may do in the shop is no longer what it was; ask it to know what."""


class SyncWanted(msgspec.Struct, frozen=True, tag=True):
    """A hint without details: look for what changed since the last look."""


class ImportReady(msgspec.Struct, frozen=True, tag=True):
    """The history that an import waits for can be fetched."""


class Ignored(msgspec.Struct, frozen=True, tag=True):
    """A good message that means nothing to us; `why` is shown in the activity list."""

    why: str


Change = (
    OrderChanged
    | OrderTouched
    | OrderRemoved
    | CustomerChanged
    | CustomerTouched
    | CustomerRemoved
    | CustomersMerged
    | CustomerForgotten
    | DataAsked
    | ShopRemoved
    | ShopForgotten
    | ShopTouched
    | RightsChanged
    | SyncWanted
    | ImportReady
    | Ignored
)
