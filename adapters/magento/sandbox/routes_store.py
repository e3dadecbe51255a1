"""The routes that describe the shop: views, websites, groups of views, settings, modules."""

from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.shop import Shop

_STORE = "Magento_Backend::store"
_MODULES = (
    "Magento_Store Magento_Config Magento_Directory Magento_Theme Magento_Backend Magento_User Magento_Authorization "
    "Magento_Eav Magento_Customer Magento_Catalog Magento_Rule Magento_Payment Magento_Quote Magento_Sales "
    "Magento_Checkout Magento_SalesRule Magento_Integration Magento_Webapi Magento_OfflinePayments Magento_Tax"
).split()


@route("GET", "store/storeViews", _STORE)
def views(shop: Shop, ask: Ask) -> object:
    admin = {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1}
    rows = [
        {
            "id": view.id,
            "code": view.code,
            "name": view.name,
            "website_id": view.website_id,
            "store_group_id": view.website_id,
            "is_active": 1,
        }
        for view in shop.places.views
    ]
    return _behind_the_first(rows, admin)


@route("GET", "store/websites", _STORE)
def websites(shop: Shop, ask: Ask) -> object:
    rows = [
        {"id": site.id, "code": site.code, "name": site.name, "default_group_id": site.id}
        for site in shop.places.websites
    ]
    return _behind_the_first(rows, {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0})


def _behind_the_first(rows: list[dict[str, object]], admin: dict[str, object]) -> list[dict[str, object]]:
    """The admin's own view and website come second, as they were made when the shop was installed."""
    return [rows[0], admin, *rows[1:]]


@route("GET", "store/storeGroups", _STORE)
def store_groups(shop: Shop, ask: Ask) -> object:
    admin = {
        "id": 0,
        "website_id": 0,
        "root_category_id": 0,
        "default_store_id": 0,
        "name": "Default",
        "code": "default",
    }
    return [admin] + [
        {
            "id": site.id,
            "website_id": site.id,
            "root_category_id": 2,
            "default_store_id": shop.places.views_of(site.id)[0].id,
            "name": site.store_name,
            "code": site.store_code,
        }
        for site in shop.places.websites
    ]


@route("GET", "store/storeConfigs", _STORE)
def settings(shop: Shop, ask: Ask) -> object:
    wanted = [view for view in shop.places.views if f"={view.code}" in ask.query] or shop.places.views
    # A shop says what stands in its configuration, at whichever of its addresses it is asked.
    base = shop.extras.get("base_url") or ask.base_url
    folders = {"": "", "link_": "", "static_": "static/", "media_": "media/"}
    addresses = {
        f"{mark}base_{name}url": base + folder for mark in ("", "secure_") for name, folder in folders.items()
    }
    return [
        {
            "id": view.id,
            "code": view.code,
            "website_id": view.website_id,
            "locale": view.locale,
            "base_currency_code": shop.places.website(view.website_id).currency,
            "default_display_currency_code": view.currency,
            "timezone": shop.places.website(view.website_id).timezone,
            "weight_unit": "lbs",
            **addresses,
        }
        for view in wanted
    ]


@route("GET", "modules", "Magento_Backend::admin")
def modules(shop: Shop, ask: Ask) -> object:
    return list(_MODULES)


@route("GET", "cmsPage/search", "Magento_Cms::page")
def pages(shop: Shop, ask: Ask) -> object:
    return {"items": [], "search_criteria": {"filter_groups": []}, "total_count": 0}
