"""Webhooks of Adobe Commerce: they are sent while the shopper waits, and the shop goes on when it hears that it may.

They are signed with a key pair that the merchant makes in the admin, over the base64 of the body.
"""

import base64
import secrets

from connector.port import BadSignature, Delivery, Knock

from ..keys import Keys
from . import proof, rsa

HEADER = "x-adobe-commerce-webhook-signature"
TOPIC = "Commerce webhook"
GO_ON = (b'{"op":"success"}', "application/json")


def received(knock: Knock, keys: Keys) -> Delivery:
    """Prove the webhook by the merchant's public key; raise BadSignature."""
    signature = proof.header(knock.headers[HEADER])
    known = keys.adobe.webhook_key
    if not known or not rsa.signed(signature, base64.b64encode(knock.body), rsa.key(known)):
        raise BadSignature("not made with the key of this shop")
    return Delivery(id=secrets.token_hex(16), topic=TOPIC, body=knock.body)
