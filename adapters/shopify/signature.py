"""The proof that a webhook is Shopify's: an HMAC over the raw bytes, checked before anything is parsed or looked up."""

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from adapters.shopify.rest import Moment
from adapters.shopify.settings import App, is_shop
from connector.port import BadMessage, BadSignature, Delivery

_TOPIC = re.compile(r"[a-z_]{1,60}(?:/[a-z_]{1,60}){1,2}")
# A header that came twice reaches us as one, with a comma between.
_ID = re.compile(r"[!-+.-~-]{1,200}")
_VERSION = re.compile(r"[a-z0-9-]{1,20}")
_log = logging.getLogger(__name__)


def receive(app: App, headers: Mapping[str, str], body: bytes) -> Delivery:
    """Prove the message genuine and read its headers (names in lower case); raise BadSignature or BadMessage.

    Only the body is signed. Shop, topic and ids are read from headers all the same, because the body of most topics
    names none of them; whatever depends on the shop being right must look into the body.
    """
    current = _prove(app, headers.get("x-shopify-hmac-sha256", ""), body)
    topic = headers.get("x-shopify-topic", "").lower()
    shop = headers.get("x-shopify-shop-domain", "").lower()
    if not (is_shop(shop) and _TOPIC.fullmatch(topic)):
        raise BadMessage("its headers name no single shop or topic")
    id = headers.get("x-shopify-webhook-id") or _id_of(topic, body)
    if not _ID.fullmatch(id):
        raise BadMessage("its id is none")
    # Shopify moves an old version forward without a word; fields may then be missing.
    version = headers.get("x-shopify-api-version", "")[:20]
    if version not in ("", app.version):
        _log.warning("webhook %s came in API version %s, expected %s", topic, version, app.version)
    return Delivery(
        id=id,
        topic=topic,
        body=body,
        shop_address=shop,
        triggered_at=_moment(headers.get("x-shopify-triggered-at")),
        other_version=version if version != app.version and _VERSION.fullmatch(version) else "",
        old_secret=not current,
    )


def sign(secret: str, body: bytes) -> str:
    """Return the header that proves this body: base64 of HMAC-SHA256."""
    return base64.b64encode(_digest(secret, body)).decode()


def _prove(app: App, header: str, body: bytes) -> bool:
    """Tell whether the current secret signed the body; False: the one before it. Raise BadSignature."""
    # Comparing texts raises on other than ASCII; bytes compare, and b64decode would skip stray signs if let.
    if not header.isascii():
        raise BadSignature("the signature is not ASCII")
    try:
        given = base64.b64decode(header, validate=True)
    except binascii.Error as error:
        raise BadSignature("the signature is not base64") from error
    matches = [hmac.compare_digest(_digest(secret, body), given) for secret in app.secrets]
    if not any(matches):
        raise BadSignature("the signature does not fit the body")
    if not matches[0]:
        _log.warning("a webhook was signed with the previous client secret")
    return matches[0]


def _digest(secret: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), body, "sha256")


def _id_of(topic: str, body: bytes) -> str:
    """Name a delivery that brings no id by its content, so that a repeat is still a repeat."""
    return hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else msgspec.convert(text, Moment)
    except msgspec.ValidationError:
        return None
