"""The control route of custom attributes: what a module installed in the shop would make."""

import msgspec

from adapters.magento.sandbox import attributes
from adapters.magento.sandbox.stage import Routes, Said, Stage


def make(stage: Stage, given: Said) -> Said:
    """Let the shop have these attributes, such as {"attributes": [{"code": "comeback_tags", "label": "Tags"}]}."""
    wanted = msgspec.convert(given["attributes"], list[attributes.Attribute])
    with stage.shop.lock:
        attributes.make(stage.shop, wanted)
    return {"attributes": wanted}


ROUTES: Routes = [("POST", "attributes", make)]
