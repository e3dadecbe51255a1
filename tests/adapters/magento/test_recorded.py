"""Every recorded answer of a real 2.4.7 shop is understood by the client and by the records that read it."""

from __future__ import annotations

import json
import re
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import responses

from adapters.magento import wire
from adapters.magento.answers import Gone
from adapters.magento.client import Client
from connector.port import Forbidden, OutcomeUnknown, Refused, TryLater, Unauthorized

ADDRESS = "https://shop.test/"
FILES = "async auth_and_errors coupons customers documents groups limits orders_full orders_search sales_rules store".split()
KINDS: tuple[tuple[str, Any], ...] = (
    (r"GET orders", wire.Page[wire.Order]),
    (r"GET orders/\d+", wire.Order),
    (r"GET invoices", wire.Page[wire.Invoice]),
    (r"GET shipments", wire.Page[wire.Shipment]),
    (r"GET customers/search", wire.Page[wire.Customer]),
    (r"(GET|PUT|POST) customers(/\d+)?", wire.Customer),
    (r"GET customerGroups/search", wire.Page[wire.Group]),
    (r"(GET|POST) customerGroups(/\d+)?", wire.Group),
    (r"GET salesRules/search", wire.Page[wire.Rule]),
    (r"(GET|POST|PUT) salesRules(/\d+)?", wire.Rule),
    (r"GET coupons/search", wire.Page[wire.Coupon]),
    (r"(GET|POST) coupons(/\d+)?", wire.Coupon),
    (r"GET store/websites", list[wire.Website]),
    (r"GET creditmemos", wire.Page[wire.CreditMemo]),
    (r"GET creditmemo/\d+", wire.CreditMemo),
    (r"GET attributeMetadata/customer/custom", list[wire.Attribute]),
    (r"POST coupons/deleteByCodes", wire.Deleted),
    (r"GET orders/items", wire.Page[wire.Line]),
    (r"GET modules|POST coupons/generate", list[str]),
    (r"GET orders/\d+/statuses|POST integration/admin/token", str),
    (r"DELETE [a-zA-Z]+/\d+", bool),
    # Nothing of the project reads these.
    (r"GET store/store(Views|Groups)", list[dict[str, Any]]),
    (r"PUT customers/byCustomerId|GET bulk/.*/status", dict[str, Any]),
)


@pytest.mark.parametrize("name", FILES)
def test_each_answer_means_what_its_status_and_content_say(name: str, shared: Path, client: Client) -> None:
    cases = json.loads((shared / "magento" / f"{name}.json").read_text())
    assert cases
    for case in cases:
        asked, told = case["request"], case["response"]
        path = re.sub(r"^/rest/(?:[a-z_]+/)*V1/", "", asked["path"])
        body = None if asked["method"] in ("GET", "DELETE") else json.dumps(asked["body"]).encode()
        with responses.RequestsMock(assert_all_requests_are_fired=False) as shop:
            shop.add(
                asked["method"],
                f"{ADDRESS}rest/V1/{path}",
                body=json.dumps(told["body"]),
                status=told["status"],
                content_type=told["headers"]["Content-Type"],
            )
            shop.add("GET", f"{ADDRESS}rest/V1/customerGroups/search", json=[])
            expected = _expected(asked["method"], told["status"])
            if expected is None:
                came = client.call(asked["method"], path, body=body)
                assert json.loads(came) == told["body"], case["name"]
                _read(f"{asked['method']} {path}", came, asked, told["body"])
            else:
                with pytest.raises(expected) as raised:
                    client.call(asked["method"], path, body=body)
                assert json.dumps(told["body"]) not in str(raised.value)


def _expected(method: str, status: int) -> type[Exception] | tuple[type[Exception], ...] | None:
    match status:
        case 200 | 202:
            return None
        case 401:
            return Unauthorized, Forbidden  # dead keys, or one right that is missing
        case 404:
            return Gone
        case 400:
            return Refused
        case 500:
            return TryLater if method == "GET" else OutcomeUnknown
    raise AssertionError(f"a status nobody thought of: {status}")


def _read(call: str, body: bytes, asked: dict[str, Any], told: Any) -> None:
    (kind,) = [kind for pattern, kind in KINDS if re.fullmatch(pattern, call)]
    # A recorded answer that was cut down by `fields` lacks what a record cannot do without.
    if any(key == "fields" for key, _ in asked["query_decoded"]):
        kind = wire.Page[_cut(*typing.get_args(kind))]  # type: ignore[misc]
    found = msgspec.json.decode(body, type=kind, strict=False)
    if isinstance(found, wire.Page):
        numbers = [row.get("entity_id", row.get("id")) for row in told.get("items") or []]
        read = [getattr(row, "entity_id", None) or getattr(row, "id", None) for row in found.rows]
        assert (found.total_count, read) == (told["total_count"], numbers)


def _cut(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The record as `fields` may leave it: anything of it may be missing, and nothing of another type."""
    fields = [(one.name, typing.Optional[one.type], None) for one in msgspec.structs.fields(kind)]  # noqa: UP045
    return msgspec.defstruct(kind.__name__, fields)


def test_a_missing_right_names_its_place_in_the_admin(recorded: Any, client: Client) -> None:
    told = recorded("auth_none")["response"]
    with responses.RequestsMock() as shop:
        shop.add("GET", f"{ADDRESS}rest/V1/orders", json=told["body"], status=told["status"])
        shop.add("GET", f"{ADDRESS}rest/V1/customerGroups/search", json=[])
        with pytest.raises(Unauthorized, match="Sales > Operations > Orders > Actions > View"):
            client.call("GET", "orders")


def test_a_dead_token_gives_the_same_answer_and_is_told_apart_by_asking_for_what_is_granted(
    recorded: Any, client: Client
) -> None:
    told = recorded("auth_bad_bearer")["response"]
    with responses.RequestsMock() as shop:
        shop.add("GET", f"{ADDRESS}rest/V1/orders", json=told["body"], status=401)
        shop.add("GET", re.compile(f"{ADDRESS}rest/V1/(?!orders)"), json=told["body"], status=401)
        with pytest.raises(Unauthorized, match="no longer accepts our keys"):
            client.call("GET", "orders")
