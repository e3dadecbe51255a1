"""The bulk interface: changes that go into a queue, and how they fared. Here the queue is worked off at once."""

import hashlib
import uuid

import msgspec

from adapters.magento.sandbox import people
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.problems import Problem
from adapters.magento.sandbox.shop import Shop

# Open Source does not have this resource, so no integration can be given it: only an admin reads a status.
_STATUS = "Magento_Logging::system_magento_logging_bulk_operations"
_DONE, _FAILED = 1, 3
_SAVED = (
    "Service execution success Magento\\Customer\\Model\\ResourceModel\\CustomerRepository\\Interceptor::save"
)


@route("PUT", "async/bulk/customers/byCustomerId", "Magento_Customer::manage")
def change_customers(shop: Shop, ask: Ask) -> object:
    key = str(uuid.uuid4())
    fared = [_change(shop, index, one) for index, one in enumerate(ask.rows)]
    shop.extras.setdefault("bulks", {})[key] = {
        "operations_list": fared,
        "user_type": 2,
        "bulk_id": key,
        "description": "Topic async.magento.customer.api.customerrepositoryinterface.save.put",
        "start_time": shop.now(),
        "user_id": 1,
        "operation_count": len(fared),
    }
    accepted = [
        {"id": index, "data_hash": hashlib.sha256(msgspec.json.encode(one)).hexdigest(), "status": "accepted"}
        for index, one in enumerate(ask.rows)
    ]
    return {"bulk_uuid": key, "request_items": accepted, "errors": False}


@route("GET", "bulk/:word/status", _STATUS)
def status(shop: Shop, ask: Ask) -> object:
    key = ask.path[0]
    if key not in shop.extras.get("bulks", {}):
        raise Problem(404, "Bulk uuid %bulkUuid not exist", {"bulkUuid": key})
    return shop.extras["bulks"][key]


def _change(shop: Shop, index: int, one: dict[str, object]) -> dict[str, object]:
    given = one.get("customer")
    try:
        people.change(shop, int(str(one.get("customerId"))), given if isinstance(given, dict) else {})
    except Problem as why:
        return {"id": index, "status": _FAILED, "result_message": why.message, "error_code": 0}
    return {"id": index, "status": _DONE, "result_message": _SAVED, "error_code": None}
