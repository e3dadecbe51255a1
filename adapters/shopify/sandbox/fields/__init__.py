"""What each type's fields answer: plain functions of the thing and of who asks, for pages and bulk files alike."""

from adapters.shopify.sandbox.fields import (
    customers,
    discounts,
    gifts,
    mutations,
    orders,
    platform,
    products,
    refunds,
    roots,
)
from adapters.shopify.sandbox.fields.ask import Answer

FIELDS: dict[str, dict[str, Answer]] = {
    **platform.FIELDS,
    **orders.FIELDS,
    **products.FIELDS,
    **refunds.FIELDS,
    **customers.FIELDS,
    **discounts.FIELDS,
    **gifts.FIELDS,
    "Customer": {**customers.FIELDS["Customer"], **gifts.OF_CUSTOMER},
    "QueryRoot": {**roots.FIELDS, **gifts.ROOTS},
    "Mutation": {**mutations.FIELDS, **gifts.CHANGES},
}
