"""Tokens beside signatures, the bulk queue, and the tracks of parcels."""

from typing import Any

from adapters.magento.sandbox import routes_admin


def _bearer(store: Any, token: str, path: str = "orders") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{store.rest}{path}?searchCriteria[pageSize]=1"
    return int(store.line.get(address, headers=headers, timeout=60).status_code)


def test_an_access_token_alone_is_refused_until_the_shop_allows_it(store: Any) -> None:
    token = store.shop.desk.keys.access_token
    assert _bearer(store, token) == 401
    store.control("POST", "bearer", {"on": True})
    assert (_bearer(store, token), _bearer(store, "x" * 32)) == (200, 401)
    store.control("POST", "rights", {"resources": []})
    assert _bearer(store, token) == 401
    store.control("POST", "rights", {})
    store.control("POST", "uninstall")
    assert _bearer(store, token) == 401


def test_an_admin_signs_in_by_password_and_may_do_everything(store: Any) -> None:
    given = {"username": routes_admin.USER, "password": routes_admin.PASSWORD}
    token = store.send("POST", "integration/admin/token", given)
    store.control("POST", "rights", {"resources": []})
    assert (_bearer(store, token), _bearer(store, token, "cmsPage/search")) == (200, 200)
    status, said = store.refused("POST", "integration/admin/token", given | {"password": "guess"})
    assert (status, said["message"].partition(" or ")[0]) == (401, "The account sign-in was incorrect")


def test_no_integration_can_be_given_the_right_to_a_bulk_status(store: Any) -> None:
    key = store.customer()
    address = store.rest.replace("/V1/", "/async/bulk/V1/") + "customers/byCustomerId"
    change = [{"customerId": key, "customer": {"id": key, "firstname": "Anna"}}]
    answer = store.line.put(address, json=change, auth=store.auth(), timeout=60)
    assert (answer.status_code, answer.json()["errors"]) == (202, False)
    assert store.get(f"customers/{key}")["firstname"] == "Anna"
    status, said = store.refused("GET", f"bulk/{answer.json()['bulk_uuid']}/status")
    assert (status, said["parameters"]["resources"].partition("::")[0]) == (401, "Magento_Logging")


def test_a_track_changes_the_parcel_and_moves_no_order(store: Any) -> None:
    order = store.order(paid=True)
    parcel = store.send("POST", f"order/{order}/ship", {})
    before = store.get(f"orders/{order}")["updated_at"]
    store.sleep(hours=1)
    track = {
        "parent_id": parcel,
        "order_id": order,
        "track_number": "1Z1",
        "title": "UPS",
        "carrier_code": "ups",
    }
    assert store.send("POST", "shipment/track", {"entity": track})["track_number"] == "1Z1"
    assert [one["track_number"] for one in store.get(f"shipment/{parcel}")["tracks"]] == ["1Z1"]
    assert store.get(f"orders/{order}")["updated_at"] == before
    assert store.refused("POST", "shipment/track", {"entity": track | {"parent_id": 99}})[0] == 404


def test_documents_are_numbered_by_store_view(store: Any) -> None:
    store.control("POST", "websites", {"count": 2})
    keys = [store.order(paid=True), store.order(paid=True, store="eu_de"), store.order(paid=True)]
    numbers = [store.get("invoices/" + str(place))["increment_id"] for place, _ in enumerate(keys, start=1)]
    assert numbers == ["000000001", "2000000001", "000000002"]
