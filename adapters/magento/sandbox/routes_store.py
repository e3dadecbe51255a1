"""The routes that describe the shop: views, websites, groups of views, settings, modules."""

from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.shop import CURRENCY, STORE_VIEWS, TIMEZONE, WEBSITE, Shop

_STORE = "Magento_Backend::store"
_MODULES = (
    "Magento_Store Magento_Config Magento_Directory Magento_Theme Magento_Backend Magento_User Magento_Authorization "
    "Magento_Eav Magento_Customer Magento_Catalog Magento_Rule Magento_Payment Magento_Quote Magento_Sales "
    "Magento_Checkout Magento_SalesRule Magento_Integration Magento_Webapi Magento_OfflinePayments Magento_Tax"
).split()


@route("GET", "store/storeViews", _STORE)
def views(shop: Shop, ask: Ask) -> object:
    admin = {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1}
    return [
        {
            "id": view.id,
            "code": view.code,
            "name": view.name,
            "website_id": WEBSITE,
            "store_group_id": 1,
            "is_active": 1,
        }
        for view in STORE_VIEWS
    ] + [admin]


@route("GET", "store/websites", _STORE)
def websites(shop: Shop, ask: Ask) -> object:
    return [
        {"id": WEBSITE, "code": "base", "name": "Main Website", "default_group_id": 1},
        {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0},
    ]


@route("GET", "store/storeGroups", _STORE)
def store_groups(shop: Shop, ask: Ask) -> object:
    return [
        {
            "id": 0,
            "website_id": 0,
            "root_category_id": 0,
            "default_store_id": 0,
            "name": "Default",
            "code": "default",
        },
        {
            "id": 1,
            "website_id": WEBSITE,
            "root_category_id": 2,
            "default_store_id": 1,
            "name": "Main Website Store",
            "code": "main_website_store",
        },
    ]


@route("GET", "store/storeConfigs", _STORE)
def settings(shop: Shop, ask: Ask) -> object:
    wanted = [view for view in STORE_VIEWS if f"={view.code}" in ask.query] or STORE_VIEWS
    base = ask.base_url
    folders = {"": "", "link_": "", "static_": "static/", "media_": "media/"}
    addresses = {
        f"{mark}base_{name}url": base + folder for mark in ("", "secure_") for name, folder in folders.items()
    }
    return [
        {
            "id": view.id,
            "code": view.code,
            "website_id": WEBSITE,
            "locale": view.locale,
            "base_currency_code": CURRENCY,
            "default_display_currency_code": view.currency,
            "timezone": TIMEZONE.key,
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
