"""The routes of cart price rules, coupons, and the cart that takes a code."""

from urllib.parse import unquote

from adapters.magento.sandbox import criteria, promotions
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.problems import invalid_code, no_such, no_such_entity
from adapters.magento.sandbox.shop import Shop

_QUOTE = "Magento_SalesRule::quote"


@route("GET", "salesRules/search", _QUOTE)
def rules(shop: Shop, ask: Ask) -> object:
    return search(shop, "rules", criteria.read(ask.query))


@route("GET", "salesRules/:id", _QUOTE)
def rule(shop: Shop, ask: Ask) -> object:
    found = shop.rules.get(ask.id)
    if found is None:
        raise no_such_entity()
    return found.body()


@route("POST", "salesRules", _QUOTE)
def make_rule(shop: Shop, ask: Ask) -> object:
    return promotions.save_rule(shop, ask.part("rule")).body()


@route("PUT", "salesRules/:id", _QUOTE)
def change_rule(shop: Shop, ask: Ask) -> object:
    return promotions.save_rule(shop, ask.part("rule"), ask.id).body()


@route("DELETE", "salesRules/:id", _QUOTE)
def remove_rule(shop: Shop, ask: Ask) -> object:
    promotions.remove_rule(shop, ask.id)
    return True


@route("GET", "coupons/search", _QUOTE)
def coupons(shop: Shop, ask: Ask) -> object:
    return search(shop, "coupons", criteria.read(ask.query))


@route("GET", "coupons/:id", _QUOTE)
def coupon(shop: Shop, ask: Ask) -> object:
    found = shop.coupons.get(ask.id)
    if found is None:
        raise no_such_entity()
    return promotions.coupon_body(found)


@route("POST", "coupons", _QUOTE)
def make_coupon(shop: Shop, ask: Ask) -> object:
    return promotions.coupon_body(promotions.save_coupon(shop, ask.part("coupon")), just_saved=True)


@route("PUT", "coupons/:id", _QUOTE)
def change_coupon(shop: Shop, ask: Ask) -> object:
    return promotions.coupon_body(promotions.save_coupon(shop, ask.part("coupon"), ask.id))


@route("DELETE", "coupons/:id", _QUOTE)
def remove_coupon(shop: Shop, ask: Ask) -> object:
    promotions.remove_coupon(shop, ask.id)
    return True


@route("POST", "coupons/generate", _QUOTE)
def generate(shop: Shop, ask: Ask) -> object:
    return promotions.generate(shop, ask.part("couponSpec"))


@route("POST", "coupons/deleteByCodes", _QUOTE)
def remove_codes(shop: Shop, ask: Ask) -> object:
    ignore = bool(ask.body.get("ignoreInvalidCoupons", True))
    return promotions.remove_codes(shop, ask.body.get("codes"), ignore_missing=ignore)


@route("POST", "customers/:id/carts", "Magento_Cart::manage")
def make_cart(shop: Shop, ask: Ask) -> object:
    if shop.customers.get(ask.id) is None:
        raise no_such("customerId", ask.id)
    key = shop.next_number("cart")
    shop.carts[key] = ask.id
    return key


@route("PUT", "carts/:id/coupons/:word", "Magento_Cart::manage")
def put_code(shop: Shop, ask: Ask) -> object:
    """Say whether the customer's cart takes the code. Carts are empty here, so a rule's condition is not looked at."""
    customer_id = shop.carts.get(ask.id)
    customer = shop.customers.get(customer_id) if customer_id else None
    if customer is None:
        raise no_such("cartId", ask.id)
    site = shop.places.website(customer.website_id)
    code, group = unquote(ask.path[1]), customer.group_id
    try:
        promotions.coupon_for(shop, code, customer.id, group, None, shop.now(), site)
    except promotions.CodeRefused as why:
        raise invalid_code() from why
    return True
