"""What happens to an order without its `updated_at` moving, and without anybody being told."""

from msgspec.structs import replace

from adapters.magento.sandbox import aftermath
from adapters.magento.sandbox.rows import Note
from adapters.magento.sandbox.stage import Missing, Routes, Said, Stage


def track(stage: Stage, given: Said, key: int) -> Said:
    """A parcel's number is noted."""
    with stage.shop.lock:
        parcels = stage.shop.shipments.where("order_id", stage.order(key).id)
        if not parcels:
            raise Missing("nothing of this order was sent yet")
        one = aftermath.add_track(
            stage.shop, parcels[0], given.get("number") or "3SABCD1", "Parcel", "custom", stage.at(given)
        )
        return {"id": one.id}


def comment(stage: Stage, given: Said, key: int) -> Said:
    """Somebody notes something."""
    with stage.shop.lock:
        order = stage.order(key)
        note = Note(
            stage.shop.next_number("note"), given.get("text") or "Rang", "order", order.state, stage.at(given)
        )
        stage.shop.orders.put(replace(order, notes=(*order.notes, note)))
        return {"id": note.id}


ROUTES: Routes = [
    ("POST", "orders/<int:key>/track", track),
    ("POST", "orders/<int:key>/comment", comment),
]
