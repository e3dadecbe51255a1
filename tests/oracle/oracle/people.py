"""Who is who: customers with the same proven address are one person, and a proven address brings its guest orders along."""


def address(one: dict) -> str | None:
    """The e-mail address as it is compared; None where there is none."""
    text = (one.get("email") or "").strip().casefold()
    return text or None


def persons(customers: list[dict], orders: list[dict]) -> list[dict]:
    """Every person with their customers and orders; both lists carry `shop_id`."""
    groups: list[list[dict]] = []
    by_address: dict[str, list[dict]] = {}
    for one in sorted(customers, key=lambda one: (one["shop_id"], one["created_at"], one["id"])):
        proven = address(one) if one["verified"] else None
        if proven in by_address:
            by_address[proven].append(one)
            continue
        groups.append([one])
        if proven:
            by_address[proven] = groups[-1]
    cards: dict[tuple, list[dict]] = {}
    for order in orders:
        # An order belongs to its customer; a guest's to whoever proves the address in that shop.
        owner = ("customer", order["customer_id"]) if order["customer_id"] else ("guest", address(order))
        cards.setdefault((order["shop_id"], *owner), []).append(order)
    found = []
    for group in groups:
        mine = {(one["shop_id"], "customer", one["id"]) for one in group}
        mine |= {(one["shop_id"], "guest", address(one)) for one in group if one["verified"] and address(one)}
        found.append(
            {"customers": group, "orders": [order for card in mine for order in cards.get(card, [])]}
        )
    return found
