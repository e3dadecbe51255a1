"""What a line was sold of: a product as its line knows it, and the product's one variant."""

from adapters.shopify.sandbox.fields.ask import Answer, gid

FIELDS: dict[str, dict[str, Answer]] = {
    # Every product has the one variant that the platform gives it by itself.
    "ProductVariant": {
        "id": lambda row, _: gid("ProductVariant", row.line.product_id),
        "legacyResourceId": lambda row, _: str(row.line.product_id),
        "title": lambda *_: "Default Title",
        "sku": lambda row, _: row.line.sku,
    },
    "Product": {
        "id": lambda row, _: gid("Product", row.line.product_id),
        "legacyResourceId": lambda row, _: str(row.line.product_id),
        "title": lambda row, _: row.line.title,
        "handle": lambda row, _: (row.line.sku or "").lower(),
        "isGiftCard": lambda row, _: row.line.gift_card,
        "vendor": lambda _, ask: ask.shop.domain.partition(".")[0],
        "createdAt": lambda _, ask: ask.shop.opened_at,
        "updatedAt": lambda _, ask: ask.shop.opened_at,
    },
}
