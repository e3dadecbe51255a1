"""Hints of the asynchronous events module of Mage-OS (once Aligent's): the body is the thing as REST shows it.

It is signed with the subscription's verification token and carries no number, so each is a delivery of its own.
Subscriptions of our making have a token of their own; those that the merchant made by hand have the shop's secret.
"""

import secrets

from connector.port import Delivery, Knock

from ..keys import Keys
from . import proof

HEADER = "x-magento-signature"
TOPIC = "async event"


def received(knock: Knock, keys: Keys) -> Delivery:
    """Prove the hint by the signature of its body; raise BadSignature."""
    signature = proof.header(knock.headers[HEADER]).removeprefix(b"sha256=")
    old = proof.signed(signature, knock.body, keys, knock.at)
    return Delivery(id=secrets.token_hex(16), topic=TOPIC, body=knock.body, old_secret=old)
