"""Rules and codes: made as Magento makes them, and kept at the till."""

from typing import Any

import pytest

CODE_NOT_VALID = {"message": "The coupon code isn't valid. Verify the code and try again."}


def test_a_rule_with_only_a_name_is_accepted(store: Any) -> None:
    rule = store.send(
        "POST", "salesRules", {"rule": {"name": "Bare", "website_ids": [1], "customer_group_ids": [0]}}
    )
    assert (rule["rule_id"], rule["coupon_type"], rule["discount_amount"]) == (1, "NO_COUPON", 0)
    assert rule["condition"] == {
        "condition_type": "Magento\\SalesRule\\Model\\Rule\\Condition\\Combine",
        "aggregator_type": "all",
        "operator": None,
        "value": True,
    }


def test_a_put_merges_and_a_delete_takes_the_codes_along(store: Any) -> None:
    key = store.code(description="d", to_date="2026-12-31")
    rule = store.send("PUT", f"salesRules/{key}", {"rule": {"rule_id": key, "discount_amount": 25.5}})
    assert (rule["discount_amount"], rule["description"], rule["to_date"]) == (25.5, "d", "2026-12-31")
    assert store.send("DELETE", f"salesRules/{key}") is True
    assert store.get("coupons/search", "searchCriteria=")["total_count"] == 0
    assert store.refused("GET", f"salesRules/{key}") == (404, {"message": "No such entity."})


def test_limits_of_a_code_come_from_its_rule_and_codes_are_unique_whatever_their_case(store: Any) -> None:
    key = store.code("Anna-1", uses_per_coupon=1, uses_per_customer=2)
    (coupon,) = store.get("coupons/search", "searchCriteria=")["items"]
    assert (coupon["usage_limit"], coupon["usage_per_customer"], coupon["times_used"]) == (1, 2, 0)
    again = {"coupon": {"rule_id": key, "code": "ANNA-1", "type": 1, "usage_limit": 9}}
    assert store.refused("POST", "coupons", again) == (
        400,
        {"message": "%1 already exists.", "parameters": ["Coupon with the same code"]},
    )
    made = store.send(
        "POST", "coupons", {"coupon": {"rule_id": key, "code": "B", "type": 1, "usage_limit": 9}}
    )
    assert (made["usage_limit"], made["times_used"], made["is_primary"]) == (1, None, None)
    store.send("PUT", f"salesRules/{key}", {"rule": {"uses_per_coupon": 3}})
    assert store.get(f"coupons/{made['coupon_id']}")["usage_limit"] == 3


def test_a_rule_for_generated_codes_takes_no_typed_ones_and_the_other_way_round(store: Any) -> None:
    auto, typed = store.code("A"), 0
    status, body = store.refused("POST", "coupons", {"coupon": {"rule_id": auto, "code": "X", "type": 0}})
    assert (status, body["parameters"]) == (400, ["Specified rule only allows auto generated coupons"])
    rule = {"name": "t", "coupon_type": "SPECIFIC_COUPON", "website_ids": [1], "customer_group_ids": [1]}
    typed = store.send("POST", "salesRules", {"rule": rule})["rule_id"]
    assert store.send("POST", "coupons", {"coupon": {"rule_id": typed, "code": "T", "is_primary": True}})[
        "is_primary"
    ]
    spec = {"couponSpec": {"rule_id": typed, "format": "alphanum", "quantity": 2, "length": 8}}
    assert store.refused("POST", "coupons/generate", spec) == (
        400,
        {
            "message": "Error occurred when generating coupons: %1",
            "parameters": ["Specified rule does not allow automatic coupon generation"],
        },
    )


def test_generated_codes_grow_longer_when_there_are_too_few(store: Any) -> None:
    key = store.code()
    spec = {"rule_id": key, "format": "num", "quantity": 20, "length": 1, "prefix": "P-"}
    codes = store.send("POST", "coupons/generate", {"couponSpec": spec})
    assert len(set(codes)) == 20
    assert {len(code) for code in codes} == {6}


def test_delete_by_codes(store: Any) -> None:
    store.code("ONE")
    body = {"codes": ["one", "MISSING"], "ignoreInvalidCoupons": False}
    assert store.refused("POST", "coupons/deleteByCodes", body)[0] == 400
    assert store.get("coupons/search", "searchCriteria=")["total_count"] == 1
    answer = store.send("POST", "coupons/deleteByCodes", body | {"ignoreInvalidCoupons": True})
    assert answer == {"failed_items": [], "missing_items": ["MISSING"]}
    assert store.get("coupons/search", "searchCriteria=")["total_count"] == 0


@pytest.mark.parametrize(
    ("rule", "total"),
    [
        ({"simple_action": "by_percent", "discount_amount": 15}, 21.95),
        ({"simple_action": "cart_fixed", "discount_amount": 5}, 19.95),
        ({"simple_action": "cart_fixed", "discount_amount": 500}, 4.95),
        ({"simple_action": "by_fixed", "discount_amount": 1.5}, 21.95),
        ({"simple_action": "by_percent", "discount_amount": 0, "simple_free_shipping": "1"}, 20),
    ],
)
def test_a_code_takes_off_what_its_rule_says(store: Any, rule: dict[str, Any], total: float) -> None:
    # Two mugs of 10.00 and 4.95 shipping: 24.95.
    store.code(**rule)
    order = store.get(f"orders/{store.order(codes=['thanks'], shipping='4.95')}")
    assert (order["grand_total"], order["coupon_code"]) == (total, "THANKS")


def test_a_minimum_is_a_condition_on_the_subtotal(store: Any) -> None:
    part = "Magento\\SalesRule\\Model\\Rule\\Condition\\"
    least = {
        "condition_type": f"{part}Address",
        "operator": ">=",
        "attribute_name": "base_subtotal",
        "value": "20.01",
    }
    condition = {
        "condition_type": f"{part}Combine",
        "aggregator_type": "all",
        "operator": None,
        "value": "1",
        "conditions": [least],
    }
    store.code(condition=condition)
    refused = {
        "email": "g@example.net",
        "lines": [{"sku": "A", "title": "A", "quantity": 1, "price": "20.00"}],
    }
    answer = store.control("POST", "orders", refused | {"codes": ["THANKS"]}, expect=422)
    assert answer["error"] == "the cart does not meet its condition"
    store.order(lines=[{"sku": "A", "title": "A", "quantity": 1, "price": "20.01"}], codes=["THANKS"])


def test_a_code_ends_with_its_rules_day_in_the_shop_and_not_with_its_own(store: Any) -> None:
    key = store.code(to_date="2026-06-01")
    (coupon,) = store.get("coupons/search", "searchCriteria=")["items"]
    body = {"coupon": {"rule_id": key, "code": "THANKS", "type": 1, "expiration_date": "2026-01-01 00:00:00"}}
    changed = store.send("PUT", f"coupons/{coupon['coupon_id']}", body)
    assert changed["expiration_date"] == "2026-01-01 00:00:00"
    store.order(codes=["THANKS"], at="2026-06-02T03:59:59Z")  # 23:59:59 on 1 June in New York
    given = {"email": "g@example.net", "lines": [{"sku": "A", "title": "A", "quantity": 1, "price": "1"}]}
    late = given | {"codes": ["THANKS"], "at": "2026-06-02T04:00:00Z"}
    store.control("POST", "orders", late, expect=422)


def test_a_code_is_for_the_groups_of_its_rule_at_once(store: Any) -> None:
    group = store.send("POST", "customerGroups", {"group": {"code": "Gold"}})["id"]
    store.code(customer_group_ids=[group])
    ann = store.customer()
    given = {"customer_id": str(ann), "codes": ["THANKS"]}
    lines = [{"sku": "A", "title": "A", "quantity": 1, "price": "1.00"}]
    store.control("POST", "orders", given | {"lines": lines}, expect=422)
    store.send("PUT", f"customers/{ann}", {"customer": {"id": ann, "group_id": group}})
    order = store.get(f"orders/{store.order(**given)}")
    assert (order["customer_group_id"], order["discount_amount"]) == (group, -2)


def test_uses_go_up_at_once_down_on_cancel_and_stay_on_refund(store: Any) -> None:
    store.code(uses_per_coupon=1)
    key = store.order(codes=["THANKS"])
    query = "searchCriteria="
    assert store.get("coupons/search", query)["items"][0]["times_used"] == 1
    given = {"email": "g@example.net", "lines": [{"sku": "A", "title": "A", "quantity": 1, "price": "1"}]}
    answer = store.control("POST", "orders", given | {"codes": ["THANKS"]}, expect=422)
    assert answer["error"] == "it is used up"
    store.send("POST", f"orders/{key}/cancel", {})
    assert store.get("coupons/search", query)["items"][0]["times_used"] == 0
    key = store.order(codes=["THANKS"], paid=True)
    store.send("POST", f"order/{key}/refund", {})
    assert store.get("coupons/search", query)["items"][0]["times_used"] == 1


def test_the_uses_of_a_rule_are_counted_by_the_consumer_and_none_at_all_where_a_shop_does_not_count(
    store: Any,
) -> None:
    store.code()
    counted = []
    for switch in ({}, {"consumer": True}, {"counted": False}):
        store.control("POST", "usage", switch)
        store.order(codes=["THANKS"])
        rule, coupon = (
            store.get(f"{what}/search", "searchCriteria=")["items"][0] for what in ("salesRules", "coupons")
        )
        counted.append((rule["times_used"], coupon["times_used"]))
    assert counted == [(0, 1), (1, 2), (1, 2)]


def test_a_rules_days_are_minded_or_not_and_those_of_a_new_one_may_be_stored_as_zeros(store: Any) -> None:
    store.control("POST", "dates", {"minded": False})
    store.code(to_date="2020-01-31")
    store.order(codes=["THANKS"])
    store.control("POST", "dates", {"zeros": True})
    made = store.send(
        "POST", "salesRules", {"rule": {"name": "Spring", "website_ids": [1], "to_date": "2030-01-31"}}
    )
    assert made["to_date"] == "0000-00-00"
    kept = store.send("PUT", f"salesRules/{made['rule_id']}", {"rule": {"to_date": "2030-01-31"}})
    assert kept["to_date"] == "2030-01-31"


def test_once_per_customer_holds_for_customers_and_not_for_guests(store: Any) -> None:
    store.code(uses_per_customer=1)
    store.order(codes=["THANKS"])
    store.order(codes=["THANKS"])
    ann = str(store.customer())
    store.order(customer_id=ann, codes=["THANKS"])
    lines = [{"sku": "A", "title": "A", "quantity": 1, "price": "1.00"}]
    given = {"customer_id": ann, "lines": lines, "codes": ["THANKS"]}
    assert store.control("POST", "orders", given, expect=422)["error"] == "this customer has used it"


def test_a_cart_says_404_whatever_is_wrong_with_a_code(store: Any) -> None:
    store.code(customer_group_ids=[3])
    cart = store.send("POST", f"customers/{store.customer()}/carts")
    for code in ("NOSUCHCODE", "THANKS"):
        assert store.refused("PUT", f"carts/{cart}/coupons/{code}") == (404, CODE_NOT_VALID)
    store.code("OPEN")
    assert store.send("PUT", f"carts/{cart}/coupons/open") is True


def test_one_code_per_order(store: Any) -> None:
    store.code("ONE")
    store.code("TWO")
    given = {"email": "g@example.net", "lines": [{"sku": "A", "title": "A", "quantity": 1, "price": "1"}]}
    store.control("POST", "orders", given | {"codes": ["ONE", "TWO"]}, expect=422)
    assert store.control("GET", "orders") == {"orders": []}
