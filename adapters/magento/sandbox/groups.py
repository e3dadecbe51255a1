"""Customer groups: made, changed, removed, and given by the check of VAT numbers where the shop has it."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from adapters.magento.sandbox.problems import Problem, no_such, required, unsupported
from adapters.magento.sandbox.rows import Customer, Group
from adapters.magento.sandbox.shop import Shop

TAX_CLASSES = {3: "Retail Customer"}
_CODE_LENGTH = 32


def newcomers(shop: Shop, view_id: int) -> int:
    """The group of who registers in a store view: the shop's, unless the view has one of its own."""
    return int(shop.extras.get("view_groups", {}).get(str(view_id), shop.default_group))


def after_save(shop: Shop, row: Customer, addresses: bool) -> int:
    """The group after a save: that of a module which assigns groups, or, with addresses, of the check of VAT numbers.

    The check puts whoever has no number back into the group of newcomers, unless the customer keeps theirs.
    """
    assigned: int | None = shop.extras.get("assigned_group")
    checked: int | None = shop.extras.get("vat_group")
    if assigned is not None:
        return assigned
    if checked is None or row.keeps_group or not addresses:
        return row.group_id
    numbered = any(dict(one.fields).get("vat_id") for one in row.addresses)
    return checked if numbered else newcomers(shop, row.store_id)


def body(row: Group) -> dict[str, object]:
    """Write a group as REST does; what hangs on it only where there is any."""
    told: dict[str, object] = {
        "id": row.id,
        "code": row.code,
        "tax_class_id": row.tax_class_id,
        "tax_class_name": TAX_CLASSES.get(row.tax_class_id, f"Tax class {row.tax_class_id}"),
    }
    if row.shut_out_of:
        told["extension_attributes"] = {"exclude_website_ids": list(row.shut_out_of)}
    return told


def save(shop: Shop, given: Mapping[str, Any], key: int | None = None) -> Group:
    """Make or change a group; its code is cut at 32 characters without a word, and is unique whatever its case."""
    for name in given:
        if name not in ("id", "code", "tax_class_id", "tax_class_name", "extension_attributes"):
            raise unsupported(name)
    old = Group(shop.groups.next_id(), "") if key is None else shop.groups.get(key)
    if old is None:
        raise no_such("id", key)
    code = str(given.get("code") or old.code)[:_CODE_LENGTH]
    if not code:
        raise required("code")
    if any(other.id != old.id for other in shop.groups.where("code", code)):
        raise Problem(400, "Customer Group already exists.")
    shut = (given.get("extension_attributes") or {}).get("exclude_website_ids", old.shut_out_of)
    tax = int(given.get("tax_class_id", old.tax_class_id))
    return shop.groups.put(
        replace(old, code=code, tax_class_id=tax, shut_out_of=tuple(int(each) for each in shut))
    )


def remove(shop: Shop, key: int) -> None:
    """Delete a group; its customers fall back to the default one."""
    if shop.groups.get(key) is None:
        raise no_such("id", key)
    if key in (0, shop.default_group):
        raise Problem(400, "Cannot delete group.")
    for row in list(shop.customers):
        if row.group_id == key:
            shop.customers.put(replace(row, group_id=shop.default_group))
    shop.groups.drop(key)
