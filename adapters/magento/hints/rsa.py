"""What Adobe signs: RSA with SHA-256, checked against a public key in PEM."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LEAST_BITS = 2048


class NoKey(ValueError):
    """This is no public RSA key, or one that is too weak to prove anything."""


def key(pem: str) -> RSAPublicKey:
    """Read a public key; raise NoKey."""
    try:
        found = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise NoKey("no public key in PEM") from error
    if not isinstance(found, RSAPublicKey) or found.key_size < LEAST_BITS:
        raise NoKey(f"no RSA key of at least {LEAST_BITS} bits")
    return found


def signed(signature: bytes, message: bytes, by: RSAPublicKey) -> bool:
    """Tell whether this signature, in base64, is the key's over the message."""
    try:
        by.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True
