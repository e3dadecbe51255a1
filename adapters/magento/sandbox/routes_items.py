"""The routes of what belongs to an order and is asked for by itself: its lines, and the tracks of its parcels."""

from adapters.magento.sandbox import aftermath, criteria, document_bodies
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.problems import no_order
from adapters.magento.sandbox.shop import Shop


@route("GET", "orders/items", "Magento_Sales::actions_view")
def items(shop: Shop, ask: Ask) -> object:
    return search(shop, "items", criteria.read(ask.query))


@route("POST", "shipment/track", "Magento_Sales::shipment")
def add_track(shop: Shop, ask: Ask) -> object:
    given = ask.part("entity")
    parcel = shop.shipments.get(int(given.get("parent_id") or 0))
    if parcel is None:
        raise no_order()
    words = [str(given.get(name) or "") for name in ("track_number", "title", "carrier_code")]
    one = aftermath.add_track(shop, parcel, words[0], words[1], words[2], shop.now())
    return document_bodies.track(one, shop.shipments.rows[parcel.id])
