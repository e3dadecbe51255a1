"""The rights an integration needs, in the words of Magento's own tree of check boxes."""

import msgspec


class Right(msgspec.Struct, frozen=True):
    """One right: Magento's name, where it stands in the tree, and a call that changes nothing and needs it."""

    resource: str
    where: str
    path: str
    method: str = "GET"


# The PUT is judged by its right before its body is looked at, and a body without a customer changes nothing.
NEEDED = (
    Right("Magento_Backend::store", "Stores > Settings > All Stores", "store/storeConfigs"),
    Right("Magento_Sales::actions_view", "Sales > Operations > Orders > Actions > View", "orders"),
    Right("Magento_Sales::sales_invoice", "Sales > Operations > Invoices", "invoices"),
    Right("Magento_Sales::shipment", "Sales > Operations > Shipments", "shipments"),
    Right("Magento_Customer::customer", "Customers", "customers/search"),
    Right("Magento_Customer::manage", "Customers > All Customers", "customers/0", "PUT"),
    Right("Magento_Customer::group", "Stores > Other Settings > Customer Groups", "customerGroups/search"),
    Right("Magento_SalesRule::quote", "Marketing > Promotions > Cart Price Rules", "salesRules/search"),
)

GRANTED = NEEDED[0].path  # a shop that was connected has this right, so a 401 here means dead keys

_WHERE = {right.resource: right.where for right in NEEDED}


def where(resources: str) -> str:
    """Return where the merchant finds the rights that Magento names ("a, b"), in the admin's words."""
    named = [part.strip() for part in resources.split(",")]
    return ", ".join(_WHERE.get(name, "all resources") for name in named)
