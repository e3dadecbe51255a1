"""Custom attributes of customers: a module makes them, a PUT fills them, what nobody made vanishes."""

from typing import Any

TAGS = {"code": "comeback_tags", "label": "Tags", "kind": "text", "field": "textarea"}
BALANCE = {"code": "comeback_balance", "label": "Points", "kind": "int"}


def _put(store: Any, key: int, **values: Any) -> dict[str, str]:
    given = [{"attribute_code": code, "value": value} for code, value in values.items()]
    store.send("PUT", f"customers/{key}", {"customer": {"id": key, "custom_attributes": given}})
    told = store.get(f"customers/{key}").get("custom_attributes", [])
    return {one["attribute_code"]: one["value"] for one in told}


def test_a_shop_has_no_custom_attributes_until_a_module_makes_them(store: Any) -> None:
    key = store.customer()
    assert store.get("attributeMetadata/customer/custom") == []
    assert _put(store, key, comeback_tags="gold") == {}

    store.control("POST", "attributes", {"attributes": [TAGS, BALANCE]})
    told = store.get("attributeMetadata/customer/custom")
    assert [(one["attribute_code"], one["backend_type"], one["frontend_input"]) for one in told] == [
        ("comeback_tags", "text", "textarea"),
        ("comeback_balance", "int", "text"),
    ]


def test_what_is_not_sent_stays_what_is_emptied_goes_and_the_unknown_vanishes(store: Any) -> None:
    store.control("POST", "attributes", {"attributes": [TAGS, BALANCE]})
    key = store.customer()
    assert _put(store, key, comeback_tags="a,b", no_such="x") == {"comeback_tags": "a,b"}
    assert _put(store, key, comeback_balance=1250) == {"comeback_tags": "a,b", "comeback_balance": "1250"}
    assert _put(store, key, comeback_tags="") == {"comeback_balance": "1250"}


def test_customers_are_found_by_a_custom_attribute(store: Any, criteria: Any) -> None:
    store.control("POST", "attributes", {"attributes": [TAGS]})
    first, second = store.customer("ann@example.com"), store.customer("bob@example.com")
    _put(store, second, comeback_tags="gold")
    found = store.get("customers/search", criteria(("comeback_tags", "eq", "gold")))
    assert [one["id"] for one in found["items"]] == [second]
    found = store.get("customers/search", criteria(("comeback_tags", "null", "1")))
    assert [one["id"] for one in found["items"]] == [first]
