"""The app file, as its developer sends it to the platform: which topics go where for every shop that has the app.

Refused as a whole where it cannot hold. Rights are not read from it: those are given when the sandbox is started.
"""

import tomllib
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, request
from graphql import GraphQLEnumType

from adapters.shopify.sandbox import sdl
from adapters.shopify.sandbox.mail import PRIVACY
from adapters.shopify.sandbox.state import Refusal, Shop

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """Files by their names, as `comeback app-file` writes them."""

    files: dict[str, str]


class Entry(msgspec.Struct):
    uri: str
    topics: list[str] = []
    compliance_topics: list[str] = []


class Hooks(msgspec.Struct):
    api_version: str
    subscriptions: list[Entry] = []


class AppFile(msgspec.Struct):
    client_id: str
    embedded: bool
    webhooks: Hooks


def routes(shop: Shop) -> Blueprint:
    """Return the control address that takes the app file."""
    control = Blueprint("control_files", __name__, url_prefix="/_sandbox")

    @control.post("/files")
    def files() -> Response:
        wish = msgspec.json.decode(request.get_data(), type=Wish)
        for text in wish.files.values():
            deploy(shop, text)
        with shop.lock:
            return Response(msgspec.json.encode({"declared": shop.declared}), mimetype="application/json")

    return control


def deploy(shop: Shop, text: str) -> None:
    """Take the file in place of the one before it; raise Refusal."""
    try:
        found = msgspec.convert(tomllib.loads(text), AppFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Refusal(f"the app file cannot be read: {error}") from error
    if found.client_id not in ("", shop.client_id):
        raise Refusal("the app file is another app's")
    declared: dict[str, list[str]] = {}
    for entry in found.webhooks.subscriptions:
        for topic in entry.topics:
            declared.setdefault(_known(topic), []).append(_address(entry.uri))
        for topic in entry.compliance_topics:
            if _enum(topic) not in PRIVACY:
                raise Refusal(f"{topic} is no compliance topic")
            declared.setdefault(_enum(topic), []).append(_address(entry.uri))
    with shop.lock:
        shop.declared, shop.embedded = declared, found.embedded
        shop.api_version = found.webhooks.api_version


def _known(topic: str) -> str:
    topics = sdl.schema().type_map["WebhookSubscriptionTopic"]
    assert isinstance(topics, GraphQLEnumType)
    if _enum(topic) not in topics.values:
        raise Refusal(f"there is no topic {topic}")
    return _enum(topic)


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()


def _address(uri: str) -> str:
    url = urlsplit(uri)
    if url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK):
        return uri
    raise Refusal(f"no webhooks are sent to {uri}")
