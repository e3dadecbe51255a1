"""The routes of our own module, where it is installed: its address is shown, its secret only taken."""

from adapters.magento.sandbox import own_module
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.shop import Shop

_RIGHT = "Comeback_Loyalty::config"


@route("GET", "comebackMessages", _RIGHT, own_module.NAME)
def address(shop: Shop, ask: Ask) -> object:
    return own_module.settings(shop)[0]


@route("PUT", "comebackMessages", _RIGHT, own_module.NAME)
def enter(shop: Shop, ask: Ask) -> object:
    return own_module.enter(shop, ask.body.get("address"), ask.body.get("secret"))
