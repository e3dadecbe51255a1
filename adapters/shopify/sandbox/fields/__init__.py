"""What each type's fields answer: plain functions of the thing and of who asks, for pages and bulk files alike."""

from adapters.shopify.sandbox.fields import customers, discounts, mutations, orders, platform, refunds, roots
from adapters.shopify.sandbox.fields.ask import Answer

FIELDS: dict[str, dict[str, Answer]] = {
    **platform.FIELDS,
    **orders.FIELDS,
    **refunds.FIELDS,
    **customers.FIELDS,
    **discounts.FIELDS,
    "QueryRoot": roots.FIELDS,
    "Mutation": mutations.FIELDS,
}
