"""The shop, money, pages, webhook subscriptions and bulk operations."""

from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox import abroad, bulk, money, paging
from adapters.shopify.sandbox.abroad import Foreign
from adapters.shopify.sandbox.fields.ask import Answer, Ask, gid
from adapters.shopify.sandbox.state import CURRENCY, ZONE
from connector.money import plain


def _offset(now: datetime) -> int:
    """Return the minutes the shop's clocks are ahead of UTC."""
    shift = now.astimezone(ZoneInfo(ZONE)).utcoffset()
    assert shift is not None
    return int(shift.total_seconds()) // 60


def _offset_text(now: datetime) -> str:
    minutes = _offset(now)
    return f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _name(ask: Ask) -> str:
    return ask.shop.domain.partition(".")[0].replace("-", " ").title()


FIELDS: dict[str, dict[str, Answer]] = {
    "Shop": {
        "id": lambda it, _: gid("Shop", it.id),
        "name": lambda _, ask: _name(ask),
        "email": lambda it, _: f"owner@{it.domain}",
        "contactEmail": lambda it, _: f"hello@{it.domain}",
        "myshopifyDomain": lambda it, _: it.domain,
        "primaryDomain": lambda it, _: it,
        "url": lambda it, _: f"https://{it.domain}",
        "description": lambda *_: None,
        "currencyCode": lambda *_: CURRENCY,
        "enabledPresentmentCurrencies": lambda *_: [CURRENCY],
        "ianaTimezone": lambda *_: ZONE,
        "timezoneAbbreviation": lambda it, _: it.now().astimezone(ZoneInfo(ZONE)).strftime("%Z"),
        "timezoneOffset": lambda it, _: _offset_text(it.now()),
        "timezoneOffsetMinutes": lambda it, _: _offset(it.now()),
        "shopOwnerName": lambda *_: "Robin Merchant",
        "createdAt": lambda it, _: it.opened_at,
        "updatedAt": lambda it, _: it.opened_at,
        "plan": lambda it, _: it,
        "taxesIncluded": lambda *_: True,
        "taxShipping": lambda *_: True,
        "orderNumberFormatPrefix": lambda *_: "#",
        "orderNumberFormatSuffix": lambda *_: "",
        "setupRequired": lambda *_: False,
        "weightUnit": lambda *_: "KILOGRAMS",
    },
    "Domain": {
        "id": lambda it, _: gid("Domain", it.id),
        "host": lambda it, _: it.domain,
        "url": lambda it, _: f"https://{it.domain}",
        "sslEnabled": lambda *_: True,
    },
    "ShopPlan": {
        "publicDisplayName": lambda *_: "Basic",
        "partnerDevelopment": lambda *_: True,
        "shopifyPlus": lambda *_: False,
    },
    "ShopLocale": {
        "locale": lambda it, _: it,
        "name": lambda *_: "English",
        "primary": lambda *_: True,
        "published": lambda *_: True,
    },
    "AppInstallation": {
        "id": lambda it, _: gid("AppInstallation", it.id),
        "accessScopes": lambda _, ask: sorted(ask.scopes),
        "app": lambda it, _: it,
        "launchUrl": lambda it, _: it.public_url or f"https://{it.domain}/admin",
    },
    "AccessScope": {"handle": lambda it, _: it, "description": lambda it, _: it.replace("_", " ")},
    "App": {
        "id": lambda it, _: gid("App", it.id),
        "title": lambda *_: "Comeback",
        "handle": lambda *_: "comeback",
        "apiKey": lambda it, _: it.client_id,
        "embedded": lambda it, _: it.embedded,
        "requestedAccessScopes": lambda it, _: it.app_scopes.split(","),
        "optionalAccessScopes": lambda *_: [],
        "webhookApiVersion": lambda it, _: it.api_version,
    },
    "MoneyBag": {
        "shopMoney": lambda it, _: it,
        "presentmentMoney": lambda it, ask: abroad.converted(it, ask.order),
    },
    "MoneyV2": {
        "amount": lambda it, _: plain(*it) if isinstance(it, Foreign) else money.text(it),
        "currencyCode": lambda it, _: it.currency if isinstance(it, Foreign) else CURRENCY,
    },
    "Count": {"precision": lambda it, _: "EXACT" if it.exact else "AT_LEAST"},
    "PageInfo": {
        "hasNextPage": lambda it, _: it.has_next,
        "hasPreviousPage": lambda it, _: it.has_previous,
        "startCursor": lambda it, _: paging.cursor(it.items[0][0]) if it.items else None,
        "endCursor": lambda it, _: paging.cursor(it.items[-1][0]) if it.items else None,
    },
    "WebhookSubscription": {
        "id": lambda it, _: gid("WebhookSubscription", it.id),
        "legacyResourceId": lambda it, _: str(it.id),
        "format": lambda *_: "JSON",
        "apiVersion": lambda _, ask: ask.shop.api_version,
    },
    "ApiVersion": {
        "displayName": lambda it, _: it,
        "handle": lambda it, _: it,
        "supported": lambda *_: True,
    },
    "BulkOperation": {
        "id": lambda it, _: gid("BulkOperation", it.id),
        "type": lambda *_: "QUERY",
        "objectCount": lambda it, _: str(it.objects),
        "rootObjectCount": lambda it, _: str(it.roots),
        "fileSize": lambda it, _: None if it.size is None else str(it.size),
        "url": lambda it, ask: bulk.file_url(ask.shop, it) if it.status == "COMPLETED" and it.size else None,
        "partialDataUrl": lambda it, ask: bulk.file_url(ask.shop, it) if it.partial else None,
    },
}
