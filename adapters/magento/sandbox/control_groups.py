"""The control routes of customer groups: what the merchant sets in the admin."""

from adapters.magento.sandbox import groups
from adapters.magento.sandbox.stage import Routes, Said, Stage


def make(stage: Stage, given: Said) -> Said:
    """Make a group, such as {"code": "Wholesale EU", "tax_class_id": 5}."""
    with stage.shop.lock:
        return groups.body(groups.save(stage.shop, given))


def by_vat(stage: Stage, given: Said) -> Said:
    """Have the shop check VAT numbers at every save of an address: this group for who has one, the default for others.

    {"group": null} ends it.
    """
    with stage.shop.lock:
        stage.shop.extras["vat_group"] = given["group"]
    return given


ROUTES: Routes = [("POST", "groups", make), ("POST", "vat", by_vat)]
