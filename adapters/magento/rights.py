"""The rights an integration needs, in the words of Magento's own tree of check boxes."""

from collections.abc import Sequence

import msgspec


class Right(msgspec.Struct, frozen=True):
    """One right: Magento's name, where it stands in the tree, and a call that changes nothing and needs it.

    `reads`: without it the shop cannot be read at all; without any other only the one thing it is for is not done.
    """

    resource: str
    where: str
    path: str
    method: str = "GET"
    reads: bool = True

    @property
    def named(self) -> str:
        """Its name, for people and for comparing."""
        return f"{self.resource} ({self.where})"


# The PUT is judged by its right before its body is looked at, and a body without a customer changes nothing.
NEEDED = (
    Right("Magento_Backend::store", "Stores > Settings > All Stores", "store/storeConfigs"),
    Right("Magento_Sales::actions_view", "Sales > Operations > Orders > Actions > View", "orders"),
    Right("Magento_Sales::sales_invoice", "Sales > Operations > Invoices", "invoices"),
    Right("Magento_Sales::shipment", "Sales > Operations > Shipments", "shipments"),
    Right("Magento_Sales::sales_creditmemo", "Sales > Operations > Credit Memos", "creditmemos", reads=False),
    Right("Magento_Customer::customer", "Customers", "customers/search"),
    Right("Magento_Customer::manage", "Customers > All Customers", "customers/0", "PUT", reads=False),
    Right("Magento_Customer::group", "Customers > Customer Groups", "customerGroups/search"),
    Right(
        "Magento_SalesRule::quote",
        "Marketing > Promotions > Cart Price Rules",
        "salesRules/search",
        reads=False,
    ),
)

# A shop that was connected has this right: a 401 here means dead keys, or that it was taken away since. The settings of
# its views would not do for that: with "Allow Anonymous Guest Access" anybody may read them, whoever signs and however.
GRANTED = "customerGroups/search"
ONE = (("searchCriteria[pageSize]", "1"), ("searchCriteria[currentPage]", "1"), ("fields", "total_count"))
_ANYBODYS = NEEDED[:1]
# What tells the two apart: whoever may read one of these has keys that are good.
WITNESSES = tuple(
    right for right in NEEDED if right.method == "GET" and right.path != GRANTED and right not in _ANYBODYS
)

# For one thing only, and only in shops that have the module. The first two stand at the top of the tree.
OF_MODULES = {
    "MageOS_AsyncEvents::manage": "Manage Asynchronous Events",
    "Aligent_AsyncEvents::manage": "Asynchronous Events",
    "Comeback_Loyalty::config": "Stores > Settings > Configuration > Comeback",
}

_WHERE = {right.resource: right.where for right in NEEDED} | OF_MODULES
_READS = {right.resource for right in NEEDED if right.reads}


def where(resources: str) -> str:
    """Return where the merchant finds the rights that Magento names ("a, b"), in the admin's words."""
    return ", ".join(_WHERE.get(name, name) for name in _names(resources))


def named(resources: str) -> str:
    """Return the first of the rights that Magento names as it is named when the shop is examined; "" for a module's."""
    names = _names(resources)
    return next((right.named for right in NEEDED if right.resource in names), "")


def lacks_all(missing: Sequence[Right]) -> bool:
    """Tell whether nothing is left but what a shop may show to anybody: then the keys are dead."""
    return all(right in missing for right in NEEDED if right not in _ANYBODYS)


def asked(right: Right) -> tuple[tuple[str, str], ...]:
    """Return what the call for a right asks, so that little comes back."""
    return () if right in _ANYBODYS else ONE


def is_for_one_thing(resources: str) -> bool:
    """Tell whether the shop can be read, and all else goes on, without the rights that Magento names."""
    return not _READS.intersection(_names(resources))


def _names(resources: str) -> list[str]:
    return [name.strip() for name in resources.split(",")]
