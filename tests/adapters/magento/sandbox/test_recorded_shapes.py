"""The sandbox's answers have the keys and JSON types of a real shop's recorded ones, route by route.

Every key that is served exists in a recorded answer with the same type, or in that shop's own schema; every key that
all recorded rows of a kind have is served.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

THING = {"sku": "MUG", "title": "Mug", "quantity": 2, "price": "12.10"}
Shapes = dict[str, set[str]]

# recorded file, names of cases to leave out, definition in the schema
KINDS = {
    "orders": ("orders_search orders_full", "sales-data-order-interface"),
    "invoices": ("documents", "sales-data-invoice-interface"),
    "creditmemos": ("documents", "sales-data-creditmemo-interface"),
    "shipments": ("documents", "sales-data-shipment-interface"),
    "customers/search": ("customers", "customer-data-customer-interface"),
    "customerGroups/search": ("groups", "customer-data-group-interface"),
    "salesRules/search": ("sales_rules", "sales-rule-data-rule-interface"),
    "coupons/search": ("coupons", "sales-rule-data-coupon-interface"),
}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]


def _paths(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    yield at, _kind(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{at}[]")


def _shapes(rows: list[Any]) -> Shapes:
    shapes: Shapes = {}
    for row in rows:
        for path, kind in _paths(row):
            shapes.setdefault(path, set()).add(kind)
    return shapes


def _recorded(shared: Path, route: str) -> list[Any]:
    """Whole rows of a recorded search, or single ones, that were not cut by `fields`."""
    rows = []
    for name in KINDS[route][0].split():
        for case in json.loads((shared / "magento" / f"{name}.json").read_text()):
            request, response = case["request"], case["response"]
            path = request["path"].removeprefix("/rest/V1/")
            single = route.removesuffix("/search").removesuffix("s")
            cut = any(key == "fields" for key, _ in request.get("query_decoded") or [])
            if response["status"] != 200 or cut or request["method"] == "DELETE":
                continue
            if path == route:
                rows += response["body"]["items"]
            elif path.removesuffix(path.rpartition("/")[2]).strip("/") in (
                single,
                f"{single}s",
            ) and isinstance(response["body"], dict):
                rows.append(response["body"])
    return [
        row for row in rows if isinstance(row, dict) and "message" not in row and "search_criteria" not in row
    ]


@cache
def _schema(shared: Path) -> dict[str, Any]:
    with gzip.open(shared / "magento" / "swagger_all_2.4.7-p6.json.gz") as packed:
        return dict(json.load(packed)["definitions"])


def _declared(shared: Path, definition: str, path: str) -> str:
    """The type of a path in the shop's schema; empty when the schema does not know it."""
    definitions = _schema(shared)
    here: dict[str, Any] = {"$ref": f"#/definitions/{definition}"}
    for step in path.strip(".").replace("[]", ".[]").split("."):
        if "$ref" in here:
            here = definitions[here["$ref"].rpartition("/")[2]]
        here = here.get("items", {}) if step == "[]" else here.get("properties", {}).get(step, {})
    kind = str(here.get("type") or ("object" if "$ref" in here else ""))
    return "number" if kind == "integer" else kind


@pytest.fixture
def lively(store: Any) -> Any:
    """A shop in which one of everything has happened."""
    ann = store.customer()
    store.send("PUT", f"customers/{ann}", {"customer": {"addresses": [_address()]}})
    store.code(
        "THANKS", description="d", from_date="2026-05-01", to_date="2026-12-31", store_labels=[_label()]
    )
    given = {"customer_id": str(ann), "lines": [THING, THING | {"kind": "configurable"}], "shipping": "4.95"}
    store.order(**given)
    store.send("POST", f"orders/{store.order(**given)}/cancel", {})
    store.send("POST", f"orders/{store.order(**given)}/hold", {})
    complete = store.order(**given, codes=["THANKS"], tax_rate="21", paid=True)
    store.send("POST", f"order/{complete}/ship", {})
    store.send("POST", f"order/{store.order(**given, paid=True)}/refund", {})
    store.control("POST", f"orders/{store.order(paid=True)}/refund", {"amount": "1.50"})
    store.order(lines=[THING | {"kind": "virtual"}], store="uk_en", paid=True)
    return store


def _label() -> dict[str, Any]:
    return {"store_id": 0, "store_label": "Welcome back"}


def _address() -> dict[str, Any]:
    return {
        "region": {"region_code": "MA", "region": "Massachusetts", "region_id": 32}, "region_id": 32,
        "country_id": "US", "street": ["1 Example Street"], "telephone": "5550100", "postcode": "01101",
        "city": "Springfield", "firstname": "Ann", "lastname": "Archer", "default_shipping": True,
        "default_billing": True,
    }  # fmt: skip


@pytest.mark.parametrize("route", KINDS)
def test_every_key_that_is_served_is_a_real_shops_key_with_its_type(
    lively: Any, shared: Path, route: str
) -> None:
    served = _shapes(lively.get(route, "searchCriteria=")["items"])
    recorded = _shapes(_recorded(shared, route))
    assert len(served) > 3
    strange = {}
    for path, kinds in served.items():
        known = recorded.get(path) or {_declared(shared, KINDS[route][1], path)}
        if not kinds <= known:
            strange[path] = (kinds, known)
    assert strange == {}


@pytest.mark.parametrize("route", KINDS)
def test_every_key_that_recorded_rows_always_have_is_served(lively: Any, shared: Path, route: str) -> None:
    recorded = [{path for path, _ in _paths(row)} for row in _recorded(shared, route)]
    assert recorded
    always = set.intersection(*recorded)
    for row in lively.get(route, "searchCriteria=")["items"]:
        empty = tuple(f".{name}[]" for name, value in row.items() if value == [])
        lacking = always - {path for path, _ in _paths(row)}
        # The recorded shop has a discount on everything; ours has not. A virtual order has nowhere to go.
        excused = ("applied_rule_ids", "shipping_address_id")
        assert {
            path for path in lacking if not path.startswith(empty) and not path.endswith(excused)
        } == set()


@pytest.mark.parametrize(("name", "route"), [("store_views", "storeViews"), ("store_websites", "websites"),
                                             ("store_groups", "storeGroups")])  # fmt: skip
def test_the_shop_describes_itself_in_the_recorded_shape(
    store: Any, shared: Path, name: str, route: str
) -> None:
    cases = json.loads((shared / "magento" / "store.json").read_text())
    recorded = next(case["response"]["body"] for case in cases if case["name"] == name)
    assert _shapes(store.get(f"store/{route}")) == _shapes(recorded)


def test_store_settings_are_as_the_schema_declares_them(store: Any, shared: Path) -> None:
    declared = _schema(shared)["store-data-store-config-interface"]
    for settings in store.get("store/storeConfigs"):
        assert set(settings) == set(declared["required"])
        for name, value in settings.items():
            kind = declared["properties"][name]["type"]
            assert _kind(value) == ("number" if kind == "integer" else kind)


def test_a_search_answers_with_the_recorded_frame(lively: Any, shared: Path) -> None:
    cases = json.loads((shared / "magento" / "orders_search.json").read_text())
    recorded = next(case for case in cases if case["name"] == "orders_empty_result_full")
    answer = lively.get("orders", recorded["request"]["query"])
    assert answer == recorded["response"]["body"]


def test_recorded_refusals_are_refused_in_the_same_words(lively: Any, shared: Path) -> None:
    checked = 0
    for name in ("orders_search", "customers", "groups", "sales_rules", "coupons", "auth_and_errors"):
        for case in json.loads((shared / "magento" / f"{name}.json").read_text()):
            request, response = case["request"], case["response"]
            same = {"orders_no_criteria", "orders_bad_direction", "order_404", "customer_404", "group_404",
                    "customer_put_bad_group", "customer_put_bad_email", "customer_put_unknown_property",
                    "salesrule_404", "coupon_404", "forbidden_resource", "route_404", "missing_wrapper"}  # fmt: skip
            if case["name"] not in same:
                continue
            path = request["path"].removeprefix("/rest/V1/").replace("customers/3", "customers/1")
            body = json.loads(json.dumps(request["body"])) if request["body"] else None
            answer = lively.refused(request["method"], path, body, request["query"])
            assert answer == (response["status"], response["body"]), case["name"]
            checked += 1
    assert checked == 12
