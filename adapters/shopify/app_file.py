"""The app as Shopify is told of it: `shopify.app.toml`, written from our settings, and what Shopify says of the one it has.

`shopify app deploy` sends the file. Subscriptions in it belong to the app, not to a shop, and no query lists them; so what
is asked of Shopify is which rights, which version and which kind of app it was told of last. That the file's subscriptions
hold is known by what comes to the address that they alone name.
"""

import json
from collections.abc import Iterator

from adapters.shopify import documents, subscriptions
from adapters.shopify.client import Client
from adapters.shopify.graph import Node
from adapters.shopify.settings import OPTIONAL, App, scopes

NAME = "shopify.app.toml"
SUBPATH = "comeback"  # the shopper's page is at /apps/comeback of the shop's own address
PRIVACY_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")


class ScopeNode(Node, frozen=True):
    handle: str


class AppNode(Node, frozen=True):
    embedded: bool
    requested_access_scopes: tuple[ScopeNode, ...]
    optional_access_scopes: tuple[ScopeNode, ...]
    webhook_api_version: str


class InstallationNode(Node, frozen=True):
    app: AppNode


class AppData(Node, frozen=True):
    current_app_installation: InstallationNode


def written(app: App, public_url: str) -> str:
    """Return the file for this app at this address; `public_url` has no slash at its end."""
    hooks = f"{public_url}/webhooks/shopify"
    return f"""# Written by `comeback app-file shopify`; write it anew after an update and send it with `shopify app deploy`.
client_id = {_text(app.client_id)}
name = "Comeback"
handle = "comeback"
application_url = {_text(f"{public_url}/shopify/")}
embedded = {_flag(embedded(app))}

[access_scopes]
scopes = {_text(",".join(scopes(app)))}
optional_scopes = {_list(OPTIONAL)}

[auth]
redirect_urls = {_list((f"{public_url}/shopify/callback",))}

[webhooks]
api_version = {_text(app.version)}

[[webhooks.subscriptions]]
topics = {_list(_topics(app))}
uri = {_text(f"{hooks}/declared/{subscriptions.declared(hooks)}" if subscribes(app) else hooks)}

[[webhooks.subscriptions]]
compliance_topics = {_list(PRIVACY_TOPICS)}
uri = {_text(hooks)}

[app_proxy]
url = {_text(f"{public_url}/storefront/shopify")}
subpath = "{SUBPATH}"
prefix = "apps"
"""


def subscribes(app: App) -> bool:
    """Tell whether the file subscribes to what the programme needs; the shops of an own app are asked one by one."""
    return app.kind != "own"


def _topics(app: App) -> tuple[str, ...]:
    return (*subscriptions.DECLARED, *subscriptions.TOPICS) if subscribes(app) else subscriptions.DECLARED


def embedded(app: App) -> bool:
    """Tell whether the app's pages stand inside Shopify's admin."""
    return app.kind == "public"


def faults(client: Client, app: App) -> tuple[str, ...]:
    """Return in what the file that Shopify has differs from the one we would write, as far as Shopify tells."""
    told = client.ask(documents.APP_FILE, {}, AppData).data.current_app_installation.app
    return tuple(_faults(told, app))


def _faults(told: AppNode, app: App) -> Iterator[str]:
    asked = {one.handle for one in told.requested_access_scopes}
    # Shopify leaves out a right to read that the right to write holds.
    asked |= {"read_" + word.removeprefix("write_") for word in asked if word.startswith("write_")}
    lacking = [right for right in scopes(app) if right not in asked]
    if lacking:
        yield f"asks for no {', '.join(lacking)}"
    if told.embedded != embedded(app):
        yield f"says embedded = {_flag(told.embedded)}"
    if told.webhook_api_version != app.version:
        yield f"has webhooks come in version {told.webhook_api_version}"


def _text(word: str) -> str:
    # A JSON text without characters beyond ASCII is a TOML text too.
    return json.dumps(word)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _list(words: tuple[str, ...]) -> str:
    return (
        json.dumps(list(words))
        if len(words) < 3
        else "[\n" + "".join(f"  {_text(one)},\n" for one in words) + "]"
    )
