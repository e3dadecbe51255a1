"""A customer read whole, changed in a few places and written back whole, but for address book and newsletter.

Versions up to 2.3 reset the store, and others the group, of a customer that comes with less than was read. Addresses are
another matter: a list that comes deletes every address that is not in it, such as one the shopper has just added; each in
it is judged anew, and wakes the check of VAT numbers, which moves customers between groups. What does not come stays, with
the default addresses, since 2.2. `extension_attributes` hold whether they have the newsletter: a yes that was read before
they said no subscribes them again. Without them the shop leaves the newsletter as it stands.
"""

import msgspec

from connector.port import LeftAlone, Refused

from .client import Client
from .tags import words
from .wire import Tagged

GONE = LeftAlone("The customer is no longer in the shop.")
_NOT_OURS = ("addresses", "default_billing", "default_shipping", "extension_attributes")


class Whole(msgspec.Struct, frozen=True):
    """Everything that stands at a customer's address, and what we read of it."""

    body: dict[str, object]
    row: Tagged


def read(client: Client, customer_id: str) -> Whole:
    """Return the customer; raise Gone."""
    body = client.whole(f"customers/{int(customer_id)}")
    return Whole(body, msgspec.convert(body, Tagged, strict=False))


def write(client: Client, found: Whole, group_id: int | None, texts: dict[str, str]) -> Tagged:
    """Write the customer back with this group and these attributes, all else as it stands; return the shop's answer.

    Raises Refused where an attribute did not take what was written.
    """
    body = {name: value for name, value in found.body.items() if name not in _NOT_OURS}
    body["group_id"] = group_id
    if texts:
        body["custom_attributes"] = _attributes(found.body.get("custom_attributes"), texts)
    after = client.send("PUT", f"customers/{found.row.id}", {"customer": body}, Tagged)
    for code, text in texts.items():
        if words(after.said(code)) != words(text):
            raise Refused(
                f"The shop did not keep what was written into the attribute {code!r}; who may change it?"
            )
    return after


def _attributes(stand: object, texts: dict[str, str]) -> list[object]:
    others = [
        one
        for one in (stand if isinstance(stand, list) else [])
        if not (isinstance(one, dict) and one.get("attribute_code") in texts)
    ]
    return [*others, *({"attribute_code": code, "value": text} for code, text in texts.items())]
