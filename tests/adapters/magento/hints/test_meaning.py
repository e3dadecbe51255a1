"""A hint says at most where to look: numbers of orders and customers are read from it, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.magento.platform import platform
from connector.port import CustomerTouched, Delivery, OrderTouched, SyncWanted

ORDER, CUSTOMER, LOOK = OrderTouched("42"), CustomerTouched("7"), SyncWanted()


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        # a merchant's template
        (b'{"order_id": 42}', [ORDER]),
        (b'{"order_id": "42", "customer_id": 7}', [ORDER]),
        (b'{"order": {"entity_id": 42}}', [ORDER]),
        (b'{"customer_id": 7}', [CUSTOMER]),
        (b'{"customer": {"id": 7, "email": "a@example.com"}}', [CUSTOMER]),
        (b'{"event": "sales_order_save", "order_id": 42}', [ORDER]),
        (b'{"order_id": "0042"}', [ORDER]),
        # the thing as REST shows it
        (b'{"entity_id": 42, "increment_id": "000000042", "customer_id": 7}', [ORDER]),
        (b'{"id": 7, "email": "a@example.com", "group_id": 1}', [CUSTOMER]),
        (b'{"entity_id": 9, "increment_id": "000000009", "order_id": 42}', [ORDER]),
        (b'{"entity_id": 3, "customer_id": 7, "street": ["Kade 1"]}', [CUSTOMER]),
        # wrapped
        (b'{"data": {"order": {"id": "42"}}}', [ORDER]),
        (b'{"specversion": "1.0", "id": "a-1", "data": {"id": 7, "email": "a@example.com"}}', [CUSTOMER]),
        (
            b'{"event_id": "e", "event": {"data": {"value": {"entity_id": "7", "email": "a@b.c"}}}}',
            [CUSTOMER],
        ),
        # several
        (b'[{"order_id": 42}, {"customer_id": 7}, {"order_id": 42}]', [ORDER, CUSTOMER]),
        (b'[{"order_id": 42}, {"sku": "tea"}]', [ORDER, LOOK]),
        (json.dumps([{"order_id": number} for number in range(1, 102)]).encode(), [LOOK]),
        # nothing that names one
        (b'{"entity_id": 42}', [LOOK]),
        (b'{"id": 42}', [LOOK]),
        (b'{"order_id": "42 OR 1=1"}', [LOOK]),
        (b'{"order_id": 0}', [LOOK]),
        (b'{"order_id": null}', [LOOK]),
        (b'{"order_id": true}', [LOOK]),
        (b'{"order_id": 4.2}', [LOOK]),
        (b'{"order_id": 1e3}', [LOOK]),
        (b'{"order_id": [42]}', [LOOK]),
        (b'{"order_id": 10000000000000000000}', [LOOK]),
        ('{"order_id": "\u0664\u0662"}'.encode(), [LOOK]),
        (b"order 42 was placed", [LOOK]),
        (b"[]", [LOOK]),
        (b"", [LOOK]),
        (b"\xff\xfe", [LOOK]),
        (b"[" * 100_000, [LOOK]),
        (b'{"data":' * 100_000, [LOOK]),
    ],
)
def test_a_hint_names_orders_and_customers_or_asks_to_look_around(body: bytes, meaning: list[Any]) -> None:
    assert list(platform.read(Delivery("1", "hint", body))) == meaning


@pytest.mark.parametrize("depth", [1, 10, 100, 800, 990, 5_000])
def test_however_deep_it_is_wrapped_it_is_no_crash(depth: int) -> None:
    body = b'{"data":' * depth + b'{"order_id": 42}' + b"}" * depth
    assert platform.read(Delivery("1", "hint", body)) in ((ORDER,), (LOOK,))


@given(st.binary(max_size=200))
def test_no_body_is_too_odd(body: bytes) -> None:
    assert platform.read(Delivery("1", "hint", body)) == (LOOK,)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["order_id", "customer", "order", "event", "data", "value", "id", "email"]), inner
        )
    ),
    max_leaves=12,
)


@given(_ANYTHING)
def test_whatever_its_words_hold_a_hint_means_something_to_look_at(said: Any) -> None:
    found = platform.read(Delivery("1", "async event", json.dumps(said).encode()))
    assert found
    for change in found:
        match change:
            case OrderTouched(number) | CustomerTouched(number):
                assert number.isdecimal()
                assert int(number) > 0
            case _:
                assert change == LOOK
