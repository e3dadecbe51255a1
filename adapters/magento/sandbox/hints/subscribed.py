"""What the module of asynchronous events sends to its subscribers: the thing as REST shows it, in a CloudEvent or bare."""

import hashlib
import hmac

import msgspec

from adapters.magento.sandbox import document_bodies, events, order_bodies, people, shop
from adapters.magento.sandbox.hints.senders import Letter


class Outlet(msgspec.Struct, frozen=True):
    """One event on its way to one subscriber."""

    event: events.Event
    to: events.Subscription


class Own(msgspec.Struct, frozen=True):
    """Our own module, as it was set up over REST."""

    address: str
    secret: str


def write(where: "shop.Shop", outlet: Outlet, number: str) -> Letter | None:
    """Write the letter, signed with the subscription's token; None where the thing is gone, which is read only now."""
    with where.lock:
        thing = _thing(where, outlet.event)
        maker = events.module(where)
    if thing is None or not maker:
        return None
    # Since version 4, which is Mage-OS's; before it the thing alone, wrapped.
    cloud = {
        "specversion": "1.0",
        "id": number,
        "source": "0",
        "type": outlet.event.name,
        "datacontenttype": "application/json",
    }
    body = msgspec.json.encode((cloud if maker == "mageos" else {}) | {"data": thing})
    proof = hmac.new(outlet.to.verification_token.encode(), body, hashlib.sha256).hexdigest()
    return Letter(body, {"x-magento-signature": proof})


def _thing(where: "shop.Shop", event: events.Event) -> dict[str, object] | None:
    match event.thing:
        case "order":
            order = where.orders.get(event.key)
            return None if order is None else dict(order_bodies.order(order))
        case "customer":
            customer = where.customers.get(event.key)
            return None if customer is None else people.customer_body(customer)
        case "invoice":
            rows, body = where.invoices, document_bodies.invoice
        case "shipment":
            rows, body = where.shipments, document_bodies.shipment
        case "creditmemo":
            rows, body = where.memos, document_bodies.credit_memo
    found = rows.get(event.key)
    return None if found is None else dict(body(found, where.orders.rows[found.order_id]))
