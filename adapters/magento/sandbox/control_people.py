"""The control routes of customers and codes."""

import msgspec

from adapters.magento.sandbox import people, truth
from adapters.magento.sandbox.control_orders import page
from adapters.magento.sandbox.stage import Missing, Routes, Said, Stage


def list_customers(stage: Stage, given: Said) -> Said:
    with stage.shop.lock:
        rows = page(stage.shop.customers.ids, given)
        return {"customers": [truth.customer(stage.shop, stage.shop.customers.rows[key]) for key in rows]}


def list_coupons(stage: Stage, given: Said) -> Said:
    with stage.shop.lock:
        return {"coupons": [truth.coupon(stage.shop, row) for row in stage.shop.coupons if row.code]}


def register(stage: Stage, given: Said) -> Said:
    with stage.shop.lock:
        row = people.register(
            stage.shop,
            given["email"],
            given.get("first_name") or "Noor",
            given.get("last_name") or "Name",
            verified=bool(given.get("verified", True)),
            at=stage.at(given),
            store=given.get("store") or "default",
        )
    return {"id": str(row.id)}


def change_customer(stage: Stage, given: Said, key: int) -> Said:
    names = {"email": "email", "first_name": "firstname", "last_name": "lastname", "group_id": "group_id"}
    with stage.shop.lock:
        stage.customer(key)
        row = people.change(stage.shop, key, {names[k]: v for k, v in given.items() if k in names})
        if given.get("verified"):
            row = msgspec.structs.replace(row, confirmation="")
            stage.shop.customers.put(row)
        return truth.customer(stage.shop, row)


def remove_customer(stage: Stage, given: Said, key: int) -> Said:
    with stage.shop.lock:
        stage.customer(key)
        people.remove(stage.shop, key)
    return {"removed": True}


def unconfirmed(stage: Stage, given: Said) -> Said:
    """Have these websites ask nobody to confirm an address; unless told so, all do."""
    with stage.shop.lock:
        stage.shop.extras["unconfirmed"] = list(map(int, given["websites"]))
    return {}


def no_topic(stage: Stage, given: Said, key: int) -> Said:
    raise Missing("Magento knows no such message; a redaction is the customer's deletion")


ROUTES: Routes = [
    ("GET", "customers", list_customers),
    ("POST", "customers", register),
    ("POST", "unconfirmed", unconfirmed),
    ("PATCH", "customers/<int:key>", change_customer),
    ("DELETE", "customers/<int:key>", remove_customer),
    ("POST", "customers/<int:key>/redact", no_topic),
    ("POST", "customers/<int:key>/data_request", no_topic),
    ("GET", "coupons", list_coupons),
]
