"""Custom attributes of customers: a module or a patch makes them, REST only fills those that are there."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from adapters.magento.sandbox.shop import Shop

_VARCHAR = 255  # Magento's connection asks for no strict mode, so the database cuts without a word
Kind = Literal["varchar", "text", "int"]
Values = tuple[tuple[str, str], ...]


class Attribute(msgspec.Struct, frozen=True):
    """One attribute that the shop knows; `kind` is the database's type, `field` the admin's input."""

    code: str
    label: str
    kind: Kind = "varchar"
    field: str = "text"

    def body(self) -> dict[str, object]:
        """Write it as /V1/attributeMetadata/customer/custom does."""
        return {
            "frontend_input": self.field,
            "input_filter": "",
            "store_label": self.label,
            "validation_rules": [],
            "multiline_count": 0,
            "visible": True,
            "required": False,
            "data_model": "",
            "options": [],
            "frontend_class": "",
            "user_defined": True,
            "sort_order": 200,
            "frontend_label": self.label,
            "note": "",
            "system": False,
            "backend_type": self.kind,
            "is_used_in_grid": True,
            "is_visible_in_grid": False,
            "is_filterable_in_grid": False,
            "is_searchable_in_grid": False,
            "attribute_code": self.code,
        }


def known(shop: Shop) -> list[Attribute]:
    """The attributes of this shop, in the order they were made."""
    return [msgspec.convert(one, Attribute) for one in shop.extras.get("attributes", [])]


def make(shop: Shop, attributes: list[Attribute]) -> None:
    """Let the shop have these and no others, as installing a module does."""
    shop.extras["attributes"] = msgspec.to_builtins(attributes)


def merged(shop: Shop, old: Values, given: object) -> Values:
    """Return the values after a body's `custom_attributes`: what is not sent stays, what is empty goes.

    A code that the shop does not know vanishes without a word, as in Magento.
    """
    values = dict(old)
    for one in given if isinstance(given, list) else []:
        if isinstance(one, Mapping):
            values[str(one.get("attribute_code"))] = _text(one.get("value"))
    order = [one.code for one in known(shop)]
    longest = {one.code: _VARCHAR if one.kind == "varchar" else None for one in known(shop)}
    return tuple((code, values[code][: longest[code]]) for code in order if values.get(code))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
