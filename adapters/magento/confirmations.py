"""What Magento tells of having addresses confirmed: of one of its two settings, that a website has it off."""

import msgspec

from connector.port import Forbidden, Refused, ShopError

from .client import Client
from .criteria import Filter, Search, above
from .stores import Stores

_NOT_ASKED = "account_confirmation_not_required"


class Heard(msgspec.Struct, frozen=True):
    """The names of the websites of which Magento says that nobody has to confirm an address; empty: of none.

    `missed`: why one of the others was not heard this time; None where all were that tell anything.
    """

    names: str = ""
    missed: ShopError | None = None


def contradicted(client: Client) -> Heard:
    """Ask on all websites, until the client's end.

    It says so of a customer. Before 2.4 it calls everybody confirmed whose address waits for nothing, and who may not ask
    it hears nothing: so no answer is no proof of the other.
    """
    found: list[str] = []
    missed: ShopError | None = None
    try:
        sites = Stores(client).sites
    except ShopError as error:
        return Heard(missed=error)
    for site in sites:
        try:
            if _asks_nobody(client, site.id):
                found.append(site.name)
        except (Forbidden, Refused):
            continue  # however often it is asked
        except ShopError as error:
            missed = error
    return Heard(", ".join(found), missed)


def _asks_nobody(client: Client, website_id: int) -> bool:
    chosen = (Filter("website_id", str(website_id)), above("entity_id", 0))
    one = client.search("customers/search", _Customer, Search(chosen, ("entity_id",), size=1)).rows
    return bool(one) and client.read(f"customers/{one[0].id}/confirm", str) == _NOT_ASKED


class _Customer(msgspec.Struct, frozen=True):
    id: int
