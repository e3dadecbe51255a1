"""The routes of customers and customer groups."""

from adapters.magento.sandbox import attributes, criteria, groups, people
from adapters.magento.sandbox.ask import Ask, route
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.problems import no_such
from adapters.magento.sandbox.shop import Shop

_GROUP = "Magento_Customer::group"


@route("GET", "customers/search", "Magento_Customer::customer")
def customers(shop: Shop, ask: Ask) -> object:
    return search(shop, "customers", criteria.read(ask.query))


@route("GET", "customers/:id", "Magento_Customer::customer")
def customer(shop: Shop, ask: Ask) -> object:
    found = shop.customers.get(ask.id)
    if found is None:
        raise no_such("customerId", ask.id)
    return people.customer_body(found)


@route("GET", "customers/:id/confirm", "Magento_Customer::manage")
def confirmation(shop: Shop, ask: Ask) -> object:
    """Whether the address waits for a confirmation. Only since 2.4 a website that asks for none is told first."""
    found = shop.customers.get(ask.id)
    if found is None:
        raise no_such("customerId", ask.id)
    none_asked = found.website_id in shop.extras.get("unconfirmed", [])
    if not found.confirmation and (not none_asked or shop.extras.get("version") == "2.3"):
        return "account_confirmed"
    return "account_confirmation_not_required" if none_asked else "account_confirmation_required"


@route("POST", "customers", "")
def register(shop: Shop, ask: Ask) -> object:
    return people.customer_body(people.create(shop, ask.part("customer")))


@route("PUT", "customers/:id", "Magento_Customer::manage")
def change(shop: Shop, ask: Ask) -> object:
    given = people.as_older_ones_take_it(shop, ask.id, ask.part("customer"))
    return people.customer_body(people.change(shop, ask.id, given))


@route("DELETE", "customers/:id", "Magento_Customer::delete")
def remove(shop: Shop, ask: Ask) -> object:
    people.remove(shop, ask.id)
    return True


@route("GET", "attributeMetadata/customer/custom", "")
def custom_attributes(shop: Shop, ask: Ask) -> object:
    """What a PUT may fill; everything else in its custom_attributes vanishes without a word."""
    return [one.body() for one in attributes.known(shop)]


@route("GET", "customerGroups/search", _GROUP)
def all_groups(shop: Shop, ask: Ask) -> object:
    return search(shop, "groups", criteria.read(ask.query))


@route("GET", "customerGroups/default", _GROUP)
def default_group(shop: Shop, ask: Ask) -> object:
    return groups.body(shop.groups.rows[shop.default_group])


@route("GET", "customerGroups/default/:id", _GROUP)
def default_group_of_store(shop: Shop, ask: Ask) -> object:
    return groups.body(shop.groups.rows[groups.newcomers(shop, ask.id)])


@route("PUT", "customerGroups/default/:id", _GROUP)
def set_default_group(shop: Shop, ask: Ask) -> object:
    _known_group(shop, ask)
    shop.default_group = ask.id
    return ask.id


@route("GET", "customerGroups/:id", _GROUP)
def group(shop: Shop, ask: Ask) -> object:
    _known_group(shop, ask)
    return groups.body(shop.groups.rows[ask.id])


@route("POST", "customerGroups", _GROUP)
def make_group(shop: Shop, ask: Ask) -> object:
    return groups.body(groups.save(shop, ask.part("group")))


@route("PUT", "customerGroups/:id", _GROUP)
def change_group(shop: Shop, ask: Ask) -> object:
    return groups.body(groups.save(shop, ask.part("group"), ask.id))


@route("DELETE", "customerGroups/:id", _GROUP)
def remove_group(shop: Shop, ask: Ask) -> object:
    groups.remove(shop, ask.id)
    return True


def _known_group(shop: Shop, ask: Ask) -> None:
    if shop.groups.get(ask.id) is None:
        raise no_such("id", ask.id)
