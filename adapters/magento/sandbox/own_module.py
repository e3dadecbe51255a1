"""Our own module as far as its settings go: the address and the secret that an integration may enter."""

import re

from adapters.magento.sandbox.problems import Problem, required
from adapters.magento.sandbox.shop import Shop

NAME = "comeback"
_SAFE = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[\x21-\x7e]+", re.IGNORECASE)
# What listens on this machine has no certificate; the module itself takes no such address.
_HERE = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/[\x21-\x7e]+")
_SHORTEST = 16


def installed(shop: Shop) -> str:
    """Return the module's name where it is there, with its routes; else nothing."""
    return NAME if NAME in shop.extras else ""


def install(shop: Shop, *, there: bool = True) -> None:
    """Install it with empty settings, or take it away."""
    shop.extras.pop(NAME, None)
    if there:
        shop.extras[NAME] = {"address": "", "secret": ""}


def settings(shop: Shop) -> tuple[str, str]:
    """Return address and secret; both empty where nothing is entered, or no module is there."""
    kept = shop.extras.get(NAME, {})
    return kept.get("address", ""), kept.get("secret", "")


def enter(shop: Shop, address: object, secret: object) -> bool:
    """Enter both, as the module's route does; an empty address empties both."""
    for name, value in (("address", address), ("secret", secret)):
        if not isinstance(value, str):
            raise required(name)
    address, secret = str(address).strip(), str(secret).strip()
    if address and not (_SAFE.fullmatch(address) or _HERE.fullmatch(address)):
        raise Problem(400, "The address for messages begins with https:// and is copied whole from Comeback.")
    if not address:
        shop.extras[NAME] = {"address": "", "secret": ""}
        return True
    if len(secret) < _SHORTEST:
        raise Problem(400, "Save an address and a secret first.")
    shop.extras[NAME] = {"address": address, "secret": secret}
    return True
