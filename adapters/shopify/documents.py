"""Every GraphQL document that goes to a shop, in one place, so that a test can hold them against the real schema.

Nothing deprecated, nothing unused. Page sizes are variables: the client halves them when a shop finds a query too dear.
"""

_MONEY = "{ shopMoney { amount currencyCode } }"

_CUSTOMER_FIELDS = """
    id createdAt updatedAt firstName lastName verifiedEmail tags
    defaultEmailAddress { emailAddress }
"""

_ORDER_FIELDS = f"""
    __typename id name email currencyCode taxesIncluded test processedAt updatedAt cancelledAt
    displayFinancialStatus displayFulfillmentStatus discountCodes sourceName
    customer {{ id }}
    originalTotalPriceSet {_MONEY}
    originalTotalDutiesSet {_MONEY}
    originalTotalAdditionalFeesSet {_MONEY}
    totalRefundedSet {_MONEY}
    totalRefundedShippingSet {_MONEY}
    transactions {{ kind status processedAt amountSet {_MONEY} }}
    fulfillments {{ status createdAt }}
"""

_LINE_FIELDS = f"""
    __typename id title quantity currentQuantity isGiftCard sku
    product {{ id }}
    originalTotalSet {_MONEY}
    discountAllocations {{ allocatedAmountSet {_MONEY} }}
    taxLines {{ priceSet {_MONEY} }}
"""

_SHIPPING_FIELDS = f"""
    __typename id discountedPriceSet {_MONEY}
    taxLines {{ priceSet {_MONEY} }}
"""

_ORDER_FRAGMENT = f"""
fragment OrderPicture on Order {{
  {_ORDER_FIELDS}
  lineItems(first: $lines) {{
    nodes {{ {_LINE_FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
  shippingLines(first: 10) {{ nodes {{ {_SHIPPING_FIELDS} }} }}
}}
"""

_CUSTOMER_FRAGMENT = f"fragment CustomerPicture on Customer {{ {_CUSTOMER_FIELDS} }}"

# Of products and collections one more is read than the house ever names, so that a longer list is seen to differ.
_ITEMS = """items {
      __typename
      ... on DiscountProducts { products(first: 21) { nodes { id } } }
      ... on DiscountCollections { collections(first: 21) { nodes { id } } }
    }"""

_DISCOUNT_FIELDS = """
  title status startsAt endsAt usageLimit appliesOncePerCustomer asyncUsageCount
  codes(first: 2) { nodes { code } }
  context {
    __typename
    ... on DiscountCustomers { customers { id } }
    ... on DiscountCustomerSegments { segments { id } }
  }
  combinesWith { orderDiscounts productDiscounts shippingDiscounts }"""

_MINIMUM = """minimumRequirement {
    __typename
    ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount currencyCode } }
    ... on DiscountMinimumQuantity { greaterThanOrEqualToQuantity }
  }"""


def _discounts(items: str) -> str:
    """The fragments of every kind of discount we make; `items` asks what each is about, or is empty."""
    return f"""
fragment BasicPicture on DiscountCodeBasic {{{_DISCOUNT_FIELDS}
  customerGets {{
    value {{
      __typename
      ... on DiscountAmount {{ amount {{ amount currencyCode }} }}
      ... on DiscountPercentage {{ percentage }}
    }}
    {items}
  }}
  {_MINIMUM}
}}
fragment FreeShippingPicture on DiscountCodeFreeShipping {{{_DISCOUNT_FIELDS}
  {_MINIMUM}
}}
fragment BxgyPicture on DiscountCodeBxgy {{{_DISCOUNT_FIELDS}
  customerBuys {{
    value {{
      __typename
      ... on DiscountPurchaseAmount {{ amount }}
      ... on DiscountQuantity {{ quantity }}
    }}
    {items}
  }}
  customerGets {{
    value {{
      __typename
      ... on DiscountOnQuantity {{
        quantity {{ quantity }}
        effect {{ __typename ... on DiscountPercentage {{ percentage }} }}
      }}
    }}
    {items}
  }}
}}
"""


# --- what a shop says of itself ---------------------------------------------------------------------------------

SHOP = "query Shop { shop { name email myshopifyDomain currencyCode ianaTimezone } }"

# limit: null, because the count stops at 10,000 otherwise.
COUNTS = """
query Counts($orders: String, $customers: String) {
  ordersCount(query: $orders, limit: null) { count }
  customersCount(query: $customers, limit: null) { count }
}
"""

# --- reading ------------------------------------------------------------------------------------------------------

ORDERS = f"""
query Orders($first: Int!, $lines: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{ ...OrderPicture }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_ORDER_FRAGMENT}"""

CUSTOMERS = f"""
query Customers($first: Int!, $after: String, $query: String) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{ ...CustomerPicture }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_CUSTOMER_FRAGMENT}"""

ORDERS_BY_ID = f"""
query OrdersById($ids: [ID!]!, $lines: Int!) {{
  nodes(ids: $ids) {{ ...OrderPicture }}
}}
{_ORDER_FRAGMENT}"""

CUSTOMERS_BY_ID = f"""
query CustomersById($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ...CustomerPicture }}
}}
{_CUSTOMER_FRAGMENT}"""

MORE_LINES = f"""
query MoreLines($id: ID!, $lines: Int!, $after: String) {{
  order(id: $id) {{
    lineItems(first: $lines, after: $after) {{
      nodes {{ {_LINE_FIELDS} }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""

# --- history: bulk operations -------------------------------------------------------------------------------------

# Not grouped: grouping slows the shop down and makes it give up more often.
BULK_START = """
mutation BulkStart($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""

BULK_STATE = """
query BulkState($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount fileSize url partialDataUrl }
}
"""

SHOP_AGE = "query ShopAge { shop { createdAt } }"

BULK_NEWEST = """
query BulkNewest($first: Int!) {
  bulkOperations(first: $first, sortKey: CREATED_AT, reverse: true) { nodes { id status query createdAt } }
}
"""


def bulk_customers(search: str | None = None) -> str:
    """The bulk query for customers; `search` narrows it and holds no double quotes."""
    return f"{{ customers{_narrowed(search)} {{ edges {{ node {{ {_CUSTOMER_FIELDS} }} }} }} }}"


def bulk_orders(search: str | None = None) -> str:
    """The bulk query for orders with their lines; `search` narrows it and holds no double quotes."""
    return f"""{{
      orders{_narrowed(search)} {{ edges {{ node {{
        {_ORDER_FIELDS}
        lineItems {{ edges {{ node {{ {_LINE_FIELDS} }} }} }}
        shippingLines {{ edges {{ node {{ {_SHIPPING_FIELDS} }} }} }}
      }} }} }}
    }}"""


def _narrowed(search: str | None) -> str:
    assert search is None or '"' not in search
    return "" if search is None else f'(query: "{search}")'


# --- writing: tags --------------------------------------------------------------------------------------------------

# Removing first: a tag whose spelling changes only in capitals would otherwise be taken away again.
MARK = """
mutation Mark($id: ID!, $add: [String!]!, $remove: [String!]!, $adding: Boolean!, $removing: Boolean!) {
  tagsRemove(id: $id, tags: $remove) @include(if: $removing) { userErrors { field message } }
  tagsAdd(id: $id, tags: $add) @include(if: $adding) { userErrors { field message } }
}
"""

# --- writing: cards ---------------------------------------------------------------------------------------------------

# Without a namespace: the app's own, which no other app and no merchant writes into.
CARDS = """
query Cards($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Customer {
      id
      balance: metafield(key: "points_balance") { value compareDigest }
      tier: metafield(key: "tier") { value compareDigest }
    }
  }
}
"""

CARDS_SET = """
mutation CardsSet($fields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $fields) {
    userErrors { code field message }
  }
}
"""

CARDS_DEFINE = """
mutation CardsDefine($balance: MetafieldDefinitionInput!, $tier: MetafieldDefinitionInput!) {
  balance: metafieldDefinitionCreate(definition: $balance) { userErrors { code field message } }
  tier: metafieldDefinitionCreate(definition: $tier) { userErrors { code field message } }
}
"""

# --- writing: coupons -----------------------------------------------------------------------------------------------

COUPON_BASIC = """
mutation CouponBasic($discount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}
"""

COUPON_FREE_SHIPPING = """
mutation CouponFreeShipping($discount: DiscountCodeFreeShippingInput!) {
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}
"""

COUPON_BXGY = """
mutation CouponBxgy($discount: DiscountCodeBxgyInput!) {
  discountCodeBxgyCreate(bxgyCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}
"""

COUPON_BY_CODE = f"""
query CouponByCode($code: String!) {{
  codeDiscountNodeByCode(code: $code) {{
    id
    codeDiscount {{ __typename ...BasicPicture ...FreeShippingPicture ...BxgyPicture }}
  }}
}}
{_discounts(_ITEMS)}"""

COUPONS = f"""
query Coupons($first: Int!, $after: String, $query: String) {{
  discountNodes(first: $first, after: $after, query: $query, sortKey: ID) {{
    nodes {{ id discount {{ __typename ...BasicPicture ...FreeShippingPicture ...BxgyPicture }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_discounts("")}"""

COUPON_END = """
mutation CouponEnd($id: ID!) {
  discountCodeDeactivate(id: $id) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}
"""

CODES_ADD = """
mutation CodesAdd($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id }
    userErrors { code field message }
  }
}
"""

CODES_ADDING = """
query CodesAdding($id: ID!) {
  discountRedeemCodeBulkCreation(id: $id) { done }
}
"""

CODES_ADDED = """
query CodesAdded($id: ID!, $first: Int!, $after: String) {
  discountRedeemCodeBulkCreation(id: $id) {
    codes(first: $first, after: $after) {
      nodes { code errors { code field message } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

COUPON_DELETE = """
mutation CouponDelete($id: ID!) {
  discountCodeDelete(id: $id) {
    deletedCodeDiscountId
    userErrors { code field message }
  }
}
"""

# --- writing: gifts ---------------------------------------------------------------------------------------------------

GIFT_CARD = """
mutation GiftCardMake($input: GiftCardCreateInput!) {
  giftCardCreate(input: $input) {
    giftCard { id }
    userErrors { code field message }
  }
}
"""

# A search without a field looks at codes too, but never shows one: only its last four signs are told.
GIFT_CARDS = """
query GiftCards($query: String!, $first: Int!, $after: String) {
  giftCards(first: $first, after: $after, query: $query) {
    nodes { id lastCharacters note createdAt expiresOn initialValue { amount currencyCode } customer { id } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

STORE_CREDIT = """
mutation StoreCreditGive($id: ID!, $credit: StoreCreditAccountCreditInput!) {
  storeCreditAccountCredit(id: $id, creditInput: $credit) {
    storeCreditAccountTransaction { id }
    userErrors { code field message }
  }
}
"""

# Newest first: should Shopify pass over the search, the latest are still among those that are shown.
STORE_CREDITS = """
query StoreCredits($id: ID!, $accounts: Int!, $credits: Int!, $query: String!) {
  customer(id: $id) {
    storeCreditAccounts(first: $accounts) {
      nodes {
        transactions(first: $credits, query: $query, sortKey: CREATED_AT, reverse: true) {
          nodes {
            __typename
            ... on StoreCreditAccountCreditTransaction {
              id amount { amount currencyCode } createdAt expiresAt
            }
          }
          pageInfo { hasNextPage endCursor }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

STORE_CREDITS_GIVEN = """
query StoreCreditsGiven($ids: [ID!]!, $accounts: Int!, $credits: Int!) {
  nodes(ids: $ids) {
    __typename
    ... on Customer {
      id
      storeCreditAccounts(first: $accounts) {
        nodes {
          transactions(first: $credits, query: "type:credit", sortKey: CREATED_AT, reverse: true) {
            nodes {
              __typename
              ... on StoreCreditAccountCreditTransaction {
                id amount { amount currencyCode } createdAt expiresAt
              }
            }
          }
        }
      }
    }
  }
}
"""

# --- webhooks ---------------------------------------------------------------------------------------------------------

APP_FILE = """
query AppFile {
  currentAppInstallation {
    app {
      embedded
      requestedAccessScopes { handle }
      optionalAccessScopes { handle }
      webhookApiVersion
    }
  }
}
"""

RIGHTS = "query Rights { currentAppInstallation { accessScopes { handle } } }"

SUBSCRIPTIONS = """
query Subscriptions($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) {
    nodes { id topic uri filter includeFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""

SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri, format: JSON }) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

UNSUBSCRIBE = """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}
"""

# What the sandbox and the tests walk through: each document by the name of its operation.
EVERY = {
    "Shop": SHOP,
    "Counts": COUNTS,
    "Orders": ORDERS,
    "Customers": CUSTOMERS,
    "OrdersById": ORDERS_BY_ID,
    "CustomersById": CUSTOMERS_BY_ID,
    "MoreLines": MORE_LINES,
    "BulkStart": BULK_START,
    "BulkState": BULK_STATE,
    "BulkNewest": BULK_NEWEST,
    "ShopAge": SHOP_AGE,
    "Mark": MARK,
    "Cards": CARDS,
    "CardsSet": CARDS_SET,
    "CardsDefine": CARDS_DEFINE,
    "CouponBasic": COUPON_BASIC,
    "CouponFreeShipping": COUPON_FREE_SHIPPING,
    "CouponBxgy": COUPON_BXGY,
    "CouponByCode": COUPON_BY_CODE,
    "Coupons": COUPONS,
    "CouponEnd": COUPON_END,
    "CouponDelete": COUPON_DELETE,
    "CodesAdd": CODES_ADD,
    "CodesAdding": CODES_ADDING,
    "CodesAdded": CODES_ADDED,
    "GiftCardMake": GIFT_CARD,
    "GiftCards": GIFT_CARDS,
    "StoreCreditGive": STORE_CREDIT,
    "StoreCredits": STORE_CREDITS,
    "StoreCreditsGiven": STORE_CREDITS_GIVEN,
    "Rights": RIGHTS,
    "AppFile": APP_FILE,
    "Subscriptions": SUBSCRIPTIONS,
    "Subscribe": SUBSCRIBE,
    "Unsubscribe": UNSUBSCRIBE,
}
BULK = (bulk_customers(), bulk_orders())
