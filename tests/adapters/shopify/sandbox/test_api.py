"""The Admin API: who may ask, what it costs, how pages are cut, how it says no."""

from datetime import timedelta

from adapters.shopify import documents
from adapters.shopify.sandbox.cost import Bucket

PAGE = """query Page($first: Int, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    edges { cursor node { id name updatedAt } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""


def test_a_missing_or_unknown_token_is_answered_401_with_a_text_for_errors(stand) -> None:
    for token in ("", "shpua_unknown"):
        answer = stand.post("{ shop { name } }", token=token)
        assert answer.status_code == 401
        assert isinstance(answer.json()["errors"], str)


def test_a_token_of_another_shop_is_unknown_here(stand) -> None:
    headers = {"X-Shopify-Access-Token": stand.token, "X-Sandbox-Shop": "other.myshopify.com"}
    url = f"{stand.url}/admin/api/2026-10/graphql.json"
    assert stand.http.post(url, json={"query": "{ shop { name } }"}, headers=headers).status_code == 401


def test_the_shop_says_where_and_in_what_it_sells(stand) -> None:
    shop = stand.data(documents.SHOP)["shop"]
    assert shop["currencyCode"] == "GBP"
    assert shop["ianaTimezone"] == "Europe/London"
    assert shop["myshopifyDomain"] == "demo-gifts.myshopify.com"


def test_the_rest_api_says_no_more_than_whose_shop_it_is_and_to_nobody_without_a_token(stand) -> None:
    url = f"{stand.url}/admin/api/2025-07/shop.json"
    headers = {"X-Shopify-Access-Token": stand.token}
    shop = stand.http.get(url, headers=headers, timeout=60).json()["shop"]
    assert (shop["id"], shop["myshopify_domain"]) == (stand.shop.id, stand.shop.domain)
    assert stand.http.get(url, timeout=60).status_code == 401
    assert stand.http.get(url.replace("2025-07", "last"), headers=headers, timeout=60).status_code == 404


def test_a_line_names_the_variant_that_was_sold_to_whoever_may_read_products(stand) -> None:
    order = stand.order()
    wanted = "nodes { variant { id sku title } product { id } }"
    query = f"query Q($id: ID!) {{ order(id: $id) {{ lineItems(first: 1) {{ {wanted} }} }} }}"
    ask = {"id": f"gid://shopify/Order/{order}"}
    line = stand.data(query, ask)["order"]["lineItems"]["nodes"][0]
    assert line["variant"]["id"].rpartition("/")[2] == line["product"]["id"].rpartition("/")[2]
    refused = stand.post(query, ask, stand.grant("read_orders,read_all_orders")).json()
    assert refused["data"]["order"]["lineItems"]["nodes"][0]["variant"] is None
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"ACCESS_DENIED"}


def test_a_page_of_5_orders_costs_5_points_and_what_is_not_found_is_not_paid(stand) -> None:
    cost = stand.ask(PAGE, {"first": 5})["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 5
    assert cost["actualQueryCost"] == 2
    assert cost["throttleStatus"]["maximumAvailable"] == 2000.0
    assert cost["throttleStatus"]["restoreRate"] == 100.0


def test_weights_agree_with_published_answers(stand) -> None:
    def cost(query: str) -> int:
        return int(stand.ask(query)["extensions"]["cost"]["requestedQueryCost"])

    assert cost("{ ordersCount { count } }") == 10
    assert cost("{ ordersCount { count } customersCount { count } }") == 20
    assert cost("{ bulkOperations(first: 1) { nodes { id } } }") == 3
    assert (
        cost('{ order(id: "gid://shopify/Order/1") { id totalRefundedSet { shopMoney { amount } } } }') == 1
    )
    nested = "{ orders(first: 10) { nodes { id lineItems(first: 10) { nodes { id } } } } }"
    assert cost(nested) == 2 + 4 * (1 + (2 + 4))


def test_an_empty_bucket_throttles_with_200_and_fills_again(stand) -> None:
    now = stand.shop.clock()
    stand.shop.clock = lambda: now
    stand.shop.bucket = Bucket(50, 1000, 0.0, now)
    answer = stand.post(documents.COUNTS)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    status = answer.json()["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (50.0, 1000.0)
    stand.shop.clock = lambda: now + timedelta(seconds=0.02)
    assert "errors" not in stand.ask(documents.COUNTS)


def test_a_single_query_above_1000_points_is_refused(stand) -> None:
    lines = "lineItems(first: 250) { nodes { id } }"
    orders = "orders(first: 250) { nodes { id " + lines + " } }"
    answer = stand.ask("{ customers(first: 250) { nodes { id " + orders + " } } }")
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_a_page_needs_one_of_first_and_last_and_holds_at_most_250(stand) -> None:
    for arguments in ("", "(first: 1, last: 1)", "(first: 251)"):
        answer = stand.ask(f"{{ orders{arguments} {{ nodes {{ id }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST", arguments
        assert answer["data"] is None


def test_pages_name_every_order_once_even_when_one_moves_meanwhile(stand) -> None:
    ids = [stand.order() for _ in range(7)]
    seen, after = [], None
    while True:
        page = stand.data(PAGE, {"first": 2, "after": after})["orders"]
        seen += [edge["node"]["id"].rpartition("/")[2] for edge in page["edges"]]
        if len(seen) == 2:
            # It has been read already; changed, it comes again at the end and nothing is left out.
            stand.control(f"orders/{ids[0]}/fulfil", {"at": "2030-01-01T00:00:00Z"})
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [*ids, ids[0]]


def test_orders_are_found_by_the_time_of_their_last_change(stand) -> None:
    now = stand.shop.clock()
    stand.shop.clock = lambda: now
    first = stand.order(at="2026-11-02T10:00:00Z")
    stand.control(f"orders/{first}/fulfil", {"at": "2031-01-01T12:00:00Z"})
    second = stand.order(at="2026-11-02T10:00:00Z")

    def found(query: str) -> list[str]:
        page = stand.data(PAGE, {"first": 10, "query": query})["orders"]
        return [edge["node"]["id"].rpartition("/")[2] for edge in page["edges"]]

    assert found("updated_at:>='2031-01-01T12:00:00Z'") == [first]
    assert found("updated_at:>'2031-01-01T12:00:00Z'") == []
    assert found("updated_at:<'2031-01-01T12:00:00Z'") == [second]
    assert found(f"id:{second}") == [second]
    assert found("name:#1001 OR name:#1002") == [second, first]


def test_a_customers_filter_matches_whole_days(stand) -> None:
    noon = stand.shop.clock().replace(hour=12)
    stand.shop.clock = lambda: noon
    stand.token = stand.grant("read_customers")  # a token is good for an hour of the shop's clock
    ada = stand.customer()
    today = stand.shop.now().strftime("%Y-%m-%d")
    query = "query C($query: String) { customers(first: 5, query: $query) { nodes { id } } }"

    def found(text: str) -> list[str]:
        return [
            it["id"].rpartition("/")[2] for it in stand.data(query, {"query": text})["customers"]["nodes"]
        ]

    assert found(f"updated_at:>='{today}T23:59:59Z'") == [ada]
    assert found(f"updated_at:<'{today}T23:59:59Z'") == []


def test_a_search_on_an_unknown_field_is_passed_over_with_a_warning(stand) -> None:
    stand.order()
    answer = stand.ask(PAGE, {"first": 5, "query": "colour:red"})
    assert len(answer["data"]["orders"]["edges"]) == 1
    assert answer["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


def test_without_the_scope_a_field_is_refused_and_the_rest_of_the_answer_stays(stand) -> None:
    ada = stand.customer()
    order = stand.order(customer_id=ada)
    token = stand.grant("read_orders,read_all_orders")
    answer = stand.ask(
        "query O($id: ID!) { order(id: $id) { name customer { id } } }",
        {"id": f"gid://shopify/Order/{order}"},
        token,
    )
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["data"]["order"] == {"name": "#1001", "customer": None}


def test_lists_of_more_than_250_are_refused(stand) -> None:
    ids = [f"gid://shopify/Order/{number}" for number in range(251)]
    answer = stand.ask("query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})
    assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_an_unknown_id_is_null_an_id_of_another_kind_is_an_error(stand) -> None:
    query = "query O($id: ID!) { order(id: $id) { id } }"
    assert stand.ask(query, {"id": "gid://shopify/Order/1"})["data"] == {"order": None}
    answer = stand.ask(query, {"id": "gid://shopify/Product/1"})
    assert answer["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"


def test_a_field_that_does_not_exist_and_a_variable_that_does_not_fit_are_named(stand) -> None:
    assert stand.ask("{ shop { colour } }")["errors"][0]["extensions"]["code"] == "undefinedField"
    answer = stand.ask("query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", {})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_count_stops_at_its_limit_unless_there_is_none(stand) -> None:
    for _ in range(3):
        stand.order()
    assert stand.data("{ ordersCount(limit: 2) { count precision } }")["ordersCount"] == {
        "count": 2,
        "precision": "AT_LEAST",
    }
    assert stand.data("{ ordersCount(limit: null) { count precision } }")["ordersCount"] == {
        "count": 3,
        "precision": "EXACT",
    }


def test_older_orders_are_shown_only_with_the_right_to_all_of_them(stand) -> None:
    stand.order(at="2020-01-01T00:00:00Z")
    young = stand.order(at=stand.shop.now().isoformat())
    token = stand.grant("read_orders")
    seen = stand.ask(PAGE, {"first": 5}, token)["data"]["orders"]["edges"]
    assert [edge["node"]["id"].rpartition("/")[2] for edge in seen] == [young]
    assert len(stand.data(PAGE, {"first": 5})["orders"]["edges"]) == 2


def test_tags_are_added_without_regard_to_capitals_and_an_unknown_customer_is_a_user_error(stand) -> None:
    ada = f"gid://shopify/Customer/{stand.customer()}"
    add = """mutation T($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) {
      node { ... on Customer { tags } } userErrors { field message } } }"""
    stand.data(add, {"id": ada, "tags": ["VIP", "gold"]})
    answer = stand.data(add, {"id": ada, "tags": ["vip"]})["tagsAdd"]
    assert answer["node"]["tags"] == ["gold", "VIP"]
    answer = stand.data(add, {"id": "gid://shopify/Customer/9", "tags": ["vip"]})["tagsAdd"]
    assert answer["node"] is None
    assert answer["userErrors"][0]["field"] == ["id"]


def test_a_webhook_subscription_is_made_once_listed_and_removed(stand) -> None:
    stand.subscribe("ORDERS_CREATE", "https://app.example.com/hooks")
    again = stand.data(
        documents.SUBSCRIBE, {"topic": "ORDERS_CREATE", "uri": "https://app.example.com/hooks"}
    )
    assert again["webhookSubscriptionCreate"]["userErrors"][0]["field"] == [
        "webhookSubscription",
        "callbackUrl",
    ]
    ftp = stand.data(documents.SUBSCRIBE, {"topic": "ORDERS_CREATE", "uri": "ftp://app.example.com/"})
    assert len(ftp["webhookSubscriptionCreate"]["userErrors"]) == 1
    nodes = stand.data(documents.SUBSCRIPTIONS, {"first": 10})["webhookSubscriptions"]["nodes"]
    assert [(it["topic"], it["uri"]) for it in nodes] == [("ORDERS_CREATE", "https://app.example.com/hooks")]
    stand.data(documents.UNSUBSCRIBE, {"id": nodes[0]["id"]})
    assert stand.data(documents.SUBSCRIPTIONS, {"first": 10})["webhookSubscriptions"]["nodes"] == []


def test_a_fault_strikes_before_or_after_the_work(stand) -> None:
    ada = f"gid://shopify/Customer/{stand.customer()}"
    mark = {"id": ada, "add": ["vip"], "remove": [], "adding": True, "removing": False}
    stand.control(
        "faults",
        {"requests": [{"match": "Mark", "times": 1, "status": 503, "retry_after": 2.0, "html": True}]},
    )
    answer = stand.post(documents.MARK, mark)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2.0")
    assert stand.control("customers", method="GET")["customers"][0]["tags"] == []
    stand.control("faults", {"requests": [{"match": "Mark", "status": 500, "after_effect": True}]})
    assert stand.post(documents.MARK, mark).status_code == 500
    assert stand.control("customers", method="GET")["customers"][0]["tags"] == ["vip"]
    assert stand.post(documents.MARK, mark).status_code == 200
