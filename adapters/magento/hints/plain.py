"""Hints of modules that sign nothing, like Mageplaza's: the secret itself comes along.

Body and headers are a template of the merchant's. The secret stands in a header, as the password of Basic, or in the
address. What such a sender calls its number may be a constant, so each hint is a delivery of its own.
"""

import base64
import binascii
import secrets

from connector.port import BadSignature, Delivery, Knock

from ..keys import Keys
from . import proof

HEADER = "x-comeback-secret"
PARAMETER = "secret"
TOPIC = "hint"


def received(knock: Knock, keys: Keys) -> Delivery:
    """Prove the hint by the secret, wherever it stands; raise BadSignature."""
    old = proof.said(_secret(knock), keys, knock.at)
    return Delivery(id=secrets.token_hex(16), topic=TOPIC, body=knock.body, old_secret=old)


def _secret(knock: Knock) -> bytes:
    if HEADER in knock.headers:
        return proof.header(knock.headers[HEADER])
    kind, _, words = knock.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            _, _, password = base64.b64decode(proof.header(words.strip()), validate=True).partition(b":")
        except binascii.Error as error:
            raise BadSignature("no user and password") from error
        return password
    if PARAMETER in knock.query:
        return knock.query[PARAMETER].encode("utf-8", "replace")
    raise BadSignature("neither a secret nor a signature")
