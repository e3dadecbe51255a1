"""Customers and groups over REST."""

from typing import Any

NEWBIE = {
    "email": "newbie@example.com",
    "firstname": "New",
    "lastname": "Bie",
    "website_id": 1,
    "store_id": 1,
}
ADDRESS = {"city": "Springfield", "street": ["1 Example Street"], "country_id": "US", "default_billing": True}


def test_anybody_may_register_once(store: Any) -> None:
    made = store.send("POST", "customers", {"customer": NEWBIE})
    assert made == {
        "id": 1, "group_id": 1, "created_at": "2026-06-01 12:00:00", "updated_at": "2026-06-01 12:00:00",
        "created_in": "Default Store View", "email": "newbie@example.com", "firstname": "New", "lastname": "Bie",
        "store_id": 1, "website_id": 1, "addresses": [], "disable_auto_group_change": 0,
        "extension_attributes": {"is_subscribed": False},
    }  # fmt: skip
    status, body = store.refused("POST", "customers", {"customer": NEWBIE | {"email": "NEWBIE@example.com"}})
    assert (status, body["message"][:46]) == (400, "A customer with the same email address already")


def test_a_put_merges_moves_updated_at_and_only_an_empty_list_deletes_addresses(store: Any) -> None:
    store.send("POST", "customers", {"customer": NEWBIE | {"addresses": [ADDRESS], "dob": "1988-05-17"}})
    store.sleep(hours=1)
    body = store.send("PUT", "customers/1", {"customer": {"id": 1, "group_id": 2}})
    assert (body["group_id"], body["updated_at"], body["dob"]) == (2, "2026-06-01 13:00:00", "1988-05-17")
    assert (len(body["addresses"]), body["default_billing"]) == (1, "1")
    again = store.send("PUT", "customers/1", {"customer": body})
    assert {k: v for k, v in again.items() if k != "updated_at"} == {
        k: v for k, v in body.items() if k != "updated_at"
    }
    assert store.send("PUT", "customers/1", {"customer": {"addresses": []}})["addresses"] == []


def test_what_a_put_refuses_and_what_it_swallows(store: Any) -> None:
    store.send("POST", "customers", {"customer": NEWBIE})

    def put(**given: Any) -> tuple[int, Any]:
        return store.refused("PUT", "customers/1", {"customer": given})

    assert put(group_id=9999) == (400, {"message": "The specified customer group id does not exist."})
    assert put(email="nope") == (400, {"message": '"Email" is not a valid email address.'})
    assert put(tags=["a"]) == (
        400,
        {
            "message": '"%fieldName" is not supported. Correct the field name and try again.',
            "parameters": {"fieldName": "Tags"},
        },
    )
    body = {"customer": {"custom_attributes": [{"attribute_code": "no_such", "value": "x"}]}}
    assert "custom_attributes" not in store.send("PUT", "customers/1", body)
    assert store.refused("PUT", "customers/7", {"customer": {}}) == (
        404,
        {
            "message": "No such entity with %fieldName = %fieldValue",
            "parameters": {"fieldName": "customerId", "fieldValue": 7},
        },
    )


def test_ordering_does_not_move_a_customer(store: Any) -> None:
    ann = store.customer()
    store.sleep(days=1)
    store.order(customer_id=str(ann))
    assert store.get(f"customers/{ann}")["updated_at"] == "2026-06-01 12:00:00"


def test_who_has_not_confirmed_carries_a_confirmation(store: Any) -> None:
    bob = store.customer("bob@example.com", verified=False)
    assert store.get(f"customers/{bob}")["confirmation"] == "confirm-1"
    store.control("PATCH", f"customers/{bob}", {"verified": True, "first_name": "Bob"})
    assert "confirmation" not in store.get(f"customers/{bob}")
    (told,) = store.control("GET", "customers")["customers"]
    assert (told["verified"], told["group"]) == (True, "General")


def test_group_codes_are_cut_at_32_and_unique(store: Any) -> None:
    made = store.send("POST", "customerGroups", {"group": {"code": "G" * 40, "tax_class_id": 3}})
    assert made == {"id": 4, "code": "G" * 32, "tax_class_id": 3, "tax_class_name": "Retail Customer"}
    again = {"group": {"code": "g" * 50}}
    assert store.refused("POST", "customerGroups", again) == (
        400,
        {"message": "Customer Group already exists."},
    )
    assert store.send("PUT", "customerGroups/4", {"group": {"id": 4, "code": "Gold"}})["code"] == "Gold"
    status, body = store.refused("GET", "customerGroups/9999")
    assert (status, body["parameters"]) == (404, {"fieldName": "id", "fieldValue": 9999})


def test_before_2_4_a_customer_saved_in_part_falls_back_to_the_defaults_of_newcomers(store: Any) -> None:
    ann = store.customer()
    whole = {"customer": {"group_id": 2, "store_id": 2}}
    for version, left in (("2.4", (2, 2)), ("2.3", (1, 1))):
        store.control("POST", "limits", {"version": version})
        assert store.send("PUT", f"customers/{ann}", whole)["store_id"] == 2
        found = store.send("PUT", f"customers/{ann}", {"customer": {"firstname": "Ann"}})
        assert (found["group_id"], found["store_id"]) == left


def test_a_store_view_may_have_a_default_group_of_its_own(store: Any) -> None:
    store.shop.extras["view_groups"] = {"2": 3}
    assert [store.get(f"customerGroups/default/{view}")["id"] for view in (1, 2)] == [1, 3]
    una = store.control("POST", "customers", {"email": "una@example.com", "store": "uk_en"})["id"]
    assert store.get(f"customers/{una}")["group_id"] == 3


def test_the_default_group_and_where_customers_of_a_deleted_one_go(store: Any) -> None:
    assert store.get("customerGroups/default")["code"] == "General"
    made = store.send("POST", "customerGroups", {"group": {"code": "Gold"}})["id"]
    ann = store.customer()
    store.send("PUT", f"customers/{ann}", {"customer": {"group_id": made}})
    assert store.send("DELETE", f"customerGroups/{made}") is True
    assert store.get(f"customers/{ann}")["group_id"] == 1
    assert store.send("PUT", "customerGroups/default/2") == 2
    assert store.get(f"customers/{store.customer('bob@example.com')}")["group_id"] == 2
