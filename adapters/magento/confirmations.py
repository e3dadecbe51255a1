"""What Magento tells of having addresses confirmed: of one of its two settings, that a website has it off."""

import contextlib

import msgspec

from connector.port import ShopError

from .client import Client
from .criteria import Filter, Search, above
from .stores import Stores

_NOT_ASKED = "account_confirmation_not_required"
_MOST = 20  # websites that are asked about: each is two calls, and somebody waits


def contradicted(client: Client) -> str:
    """Return the names of the websites of which Magento says that nobody has to confirm an address; empty: of none.

    It says so of a customer. Before 2.4 it calls everybody confirmed whose address waits for nothing, and who may not ask
    it hears nothing: so no answer is no proof of the other.
    """
    found = []
    with contextlib.suppress(ShopError):
        for site in Stores(client).sites[:_MOST]:
            chosen = (Filter("website_id", str(site.id)), above("entity_id", 0))
            one = client.search("customers/search", _Customer, Search(chosen, ("entity_id",), size=1)).rows
            if one and client.read(f"customers/{one[0].id}/confirm", str) == _NOT_ASKED:
                found.append(site.name)
    return ", ".join(found)


class _Customer(msgspec.Struct, frozen=True):
    id: int
