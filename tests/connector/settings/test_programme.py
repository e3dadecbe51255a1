"""The programme's form: what is typed, what is refused beside its field, the preview, and putting it in force."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from sqlalchemy import func, insert, select

from connector.flow import programme, settling
from connector.loyalty.facts import WantedMarks
from connector.loyalty.terms import Reward
from connector.port import Gift, ShopFacts
from connector.records import Scope
from connector.store import marks, shops
from connector.store.tables import entries, members, runs

PAGE = "/settings/programme"


@pytest.fixture
def send(browser: Any) -> Callable[..., Any]:
    """Send the form as it stands, with some fields typed over; None takes a field away."""

    def sent(step: str, **typed: Any) -> Any:
        changes = {name.replace("__", "."): text for name, text in typed.items()}
        fields = browser.form(PAGE, "terms") | changes
        fields = {name: text for name, text in fields.items() if text is not None}
        return browser.client.post(f"{PAGE}/{step}", data=fields)

    return sent


def draft(town: Any) -> Any:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return programme.draft(tx, town.now)


def test_the_form_sent_back_untouched_means_the_same(town: Any, send: Any) -> None:
    before = draft(town)
    assert send("draft").status_code == 303
    assert draft(town) == before


def test_every_field_is_read(town: Any, send: Any) -> None:
    answer = send(
        "draft",
        earn_points="2",
        currencies__0__earn_step="2,50",
        base="excluding_tax",
        hold_days="7",
        expiry_months="0",
        returned_days="10",
        count_zero_orders="yes",
        tiers__0__threshold="1.000,00",
        tiers__1__threshold="2000",
        tiers__1__name="Goud",
        redeemables__0__reward__kind="percentage",
        redeemables__0__reward__value="7,5",
        redeemables__0__reward__minimum="25",
        redeemables__0__points="150",
        nth_orders__0__after="5",
        nth_orders__1__reward__value="3.00",
        returning_tag="",
    )
    assert answer.status_code == 303
    terms = draft(town)
    assert (terms.earn_points, terms.currencies[0].earn_step, terms.base) == (2, 2_50, "excluding_tax")
    assert (terms.hold_days, terms.expiry_months, terms.returned_days) == (7, 0, 10)
    assert terms.count_zero_orders
    assert [tier.threshold for tier in terms.tiers] == [1000_00, 2000_00]
    assert terms.tiers[1].name == "Goud"
    (offer,) = terms.redeemables
    assert (offer.reward.kind, offer.reward.value, offer.reward.minimum, offer.points) == (
        "percentage",
        750,
        25_00,
        150,
    )
    assert offer.key == "five-off"
    assert terms.nth_orders[0].after == 5
    assert terms.nth_orders[1].reward.value == 3_00
    assert terms.returning_tag == ""


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("currencies.0.earn_step", "one euro", "Write an amount in EUR"),
        ("currencies.0.earn_step", "1.250", "Write an amount in EUR"),
        ("currencies.0.earn_step", "-1", ""),
        ("earn_points", "0", ""),
        ("earn_points", "1.5", "Write a whole number"),
        ("hold_days", "", "Write a whole number"),
        ("hold_days", "400", ""),
        ("tiers.0.threshold", "600", ""),
        ("tiers.0.name", "", ""),
        ("tiers.0.tag", "one,two", ""),
        ("tiers.1.name", "Silver", ""),
        ("redeemables.0.points", "0", ""),
        ("redeemables.0.reward.value", "", "Write an amount in EUR"),
        ("nth_orders.1.reward.valid_days", "0", ""),
        ("returning_tag", "x" * 40, ""),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_kept_as_typed(
    town: Any, send: Any, field: str, typed: str, said: str
) -> None:
    before = draft(town)
    answer = send("draft", **{field.replace(".", "__"): typed})
    assert answer.status_code == 422
    page = answer.text
    # A threshold that is too high makes the next one too low: that is where it is said.
    at = "tiers.1.threshold" if typed == "600" else field
    assert f'<a href="#{at}">' in page
    assert re.search(rf'<p class="error" id="{re.escape(at)}.error">[^<]*{said}', page)
    assert f'value="{html.escape(typed)}"' in page
    assert draft(town) == before


@pytest.mark.parametrize(
    "field",
    ["redeemables.0.reward.kind", "redeemables.0.reward.combines", "redeemables.0.reward.scope_of", "base"],
)
def test_a_word_that_no_list_offers_is_refused_and_means_no_other(
    town: Any, send: Any, generous: None, field: str
) -> None:
    before = draft(town)
    answer = send("draft", **{field.replace(".", "__"): "a_pony"})
    assert answer.status_code == 422
    at = field.removesuffix("_of")
    told = rf'<p class="error" id="{re.escape(at)}.error">Choose one of those that are offered.</p>'
    assert (f'<a href="#{at}">' in answer.text, bool(re.search(told, answer.text))) == (True, True)
    assert draft(town) == before
    assert send("draft").status_code == 303


def test_the_list_of_mistakes_says_which_field_is_meant(town: Any, send: Any) -> None:
    page = send("draft", hold_days="-3", tiers__0__threshold="much").text
    assert '<a href="#hold_days">Points wait for: ' in page
    assert '<a href="#tiers.0.threshold">From a spend of: ' in page


def test_a_percentage_above_100_is_refused(send: Any) -> None:
    typed = {"redeemables__0__reward__kind": "percentage", "redeemables__0__reward__value": "101"}
    assert send("draft", **typed).status_code == 422


def test_rows_are_added_and_removed_without_losing_what_was_typed(browser: Any, send: Any) -> None:
    page = send("rows", change="add:tiers", hold_days="9 or so").text
    assert 'name="tiers.2.threshold"' in page
    assert 'value="9 or so"' in page
    page = send("rows", change="remove:tiers.0").text
    assert 'value="Gold"' in page
    assert 'value="Silver"' not in page
    assert send("rows", change="add:elsewhere").status_code == 200


def test_a_new_reward_gets_a_key_of_its_own(town: Any, send: Any) -> None:
    new = {"key": "", "name": "Ten off", "points": "200"}
    new |= {
        "reward__kind": "amount",
        "reward__value": "10",
        "reward__minimum": "",
        "reward__valid_days": "30",
    }
    answer = send("draft", **{f"redeemables__1__{name}": text for name, text in new.items()})
    assert answer.status_code == 303
    offer = draft(town).redeemables[1]
    assert re.fullmatch("ten-off-[0-9a-f]{6}", offer.key)
    assert (offer.points, offer.reward.value, offer.reward.valid_days) == (200, 10_00, 30)


def test_the_example_follows_what_is_typed(send: Any) -> None:
    told = send("example", example_amount="60", earn_points="3").text
    assert "<strong>180 points</strong>" in told
    assert "Every full EUR 1.00 of an order earns 3 points." in told
    assert "1 field cannot be kept yet" in send("example", example_amount="60", earn_points="x").text
    assert "Write an amount" in send("example", example_amount="sixty").text


def test_the_preview_says_what_publishing_then_does(town: Any, browser: Any, send: Any) -> None:
    ids = town.customers(30)
    town.orders(ids, 100, 120_00)
    town.orders(ids[:10], 5, 300_00)
    page = send("preview").text
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    # 30 orders of 120 points are through their hold, 10 of 300 are not; 10 members spent 420.00, so Silver.
    assert "Points given at once +3,600" in told
    assert "Points after their hold 3,000" in told
    assert "Members with points 30 of 30" in told
    assert "Customers with a tag 30" in told
    assert "Silver 10 Gold 0" in told
    # Ten gaps say nothing of the shop: who bought once, 100 days ago, is past 60 days and not past 120.
    assert "Second order 10 Lapsing 20" in told
    assert "10 % off to come back 20" in told
    assert "0: measured when you publish, now 60" in told
    # 6,600 points at 5.00 per hundred and ten gifts of 2.50.
    assert "Costs at most €355.00" in told
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert tx.value(select(func.count()).select_from(entries)) == 0
        assert programme.versions(tx) == ()
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    day = re.search(r'name="counts_from" value="([^"]+)"', page)
    assert mark
    assert day
    answer = browser.post("/settings/programme/publish", PAGE, mark=mark[1], counts_from=day[1])
    assert answer.status_code == 303
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        while settling.settle_due(tx, town.now):
            pass
        assert tx.value(select(func.sum(entries.c.points))) == 3600
        assert tx.value(select(func.sum(members.c.pending))) == 3000
    page = browser.get(PAGE)
    assert "Version 1, in force since" in page
    assert "In force" in page
    version = browser.get(f"{PAGE}/versions/1")
    assert "100 points can be exchanged" in version
    browser.get(f"{PAGE}/versions/2", status=404)


def test_only_what_was_previewed_can_be_published(town: Any, browser: Any, send: Any) -> None:
    page = send("preview").text
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark
    send("draft", earn_points="5")
    answer = browser.post("/settings/programme/publish", PAGE, mark=mark[1], counts_from="2025-11-20")
    assert answer.status_code == 303
    assert "The draft has changed since you looked" in browser.get(PAGE)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert programme.versions(tx) == ()


def being_read(town: Any) -> None:
    here = {"merchant_id": town.shop.merchant_id, "shop_id": town.shop.id, "kind": "import"}
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(runs).values(**here, state="running", done=9, total=26, started_at=town.now))


def test_nothing_is_started_on_half_a_history(town: Any, browser: Any, send: Any) -> None:
    being_read(town)
    page = send("preview").text
    assert f"counted here in part only: {town.shop.name}." in page
    assert "start when all of the history is in" in page
    assert "Start the programme" not in page
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark
    answer = browser.post("/settings/programme/publish", PAGE, mark=mark[1], counts_from="2025-11-20")
    assert answer.status_code == 303
    assert "Not started: the history of a shop is still being read." in browser.get(PAGE)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert programme.versions(tx) == ()


def test_a_programme_in_force_is_changed_while_a_further_shop_is_read(town: Any, send: Any) -> None:
    town.start()
    being_read(town)
    page = send("preview").text
    assert "Who bought there is given nothing before all of the history is in." in page
    assert "Publish as version 2" in page


@pytest.mark.parametrize("day", ["", "soon", "2031-01-01", "1066-10-14"])
def test_the_day_from_which_orders_earn_must_be_a_day_of_the_past(send: Any, day: str) -> None:
    answer = send("preview", counts_from=day)
    assert answer.status_code == 422
    assert '<a href="#counts_from">' in answer.text


def test_a_generous_reward_is_warned_of_and_may_stay(browser: Any, send: Any) -> None:
    assert send("draft", redeemables__0__points="10").status_code == 303
    page = browser.get(PAGE)
    assert re.search(r'<p class="warning" id="redeemables.0.points.error">[^<]*50', page)
    assert 'aria-invalid="true"' not in page


def test_a_shop_with_another_currency_brings_its_own_step_and_rate(
    town: Any, browser: Any, send: Any
) -> None:
    send("draft", hold_days="3")
    town.second_shop("paper.uk", "GBP")
    assert "1 GBP counts as" in browser.get(PAGE)
    assert send("draft", currencies__1__earn_step="0,85", currencies__1__rate="1,17").status_code == 303
    pounds = draft(town).currencies[1]
    assert (pounds.currency, pounds.earn_step, pounds.rate) == ("GBP", 85, 1_170_000)
    assert send("draft", currencies__1__rate="0").status_code == 422
    assert send("draft", currencies__1__rate="1.1234567").status_code == 422


def test_a_part_of_a_shop_with_other_books_brings_its_step_and_rate_too(
    town: Any, browser: Any, send: Any
) -> None:
    facts = ShopFacts("paper.nl", "Paper", "EUR", "Europe/Amsterdam", currencies=("CHF", "USD"))
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        shops.says_of_itself(tx, town.shop.id, facts, ())
    page = browser.get(PAGE)
    assert [word in page for word in ("1 CHF counts as", "1 USD counts as")] == [True, True]
    assert send("draft", currencies__2__earn_step="1,10", currencies__2__rate="0,80").status_code == 303
    assert [one.currency for one in draft(town).currencies] == ["EUR", "CHF", "USD"]
    assert (draft(town).currencies[2].earn_step, draft(town).currencies[2].rate) == (110, 800_000)


def test_a_visit_that_is_over_refreshes_the_whole_page(app: Any) -> None:
    answer = app.test_client().get("/settings/shops/state", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_a_form_without_its_token_is_refused(browser: Any) -> None:
    assert browser.client.post(f"{PAGE}/draft", data={"earn_points": "1"}).status_code == 400


GIFT = {
    "redeemables__0__reward__kind": "buy_x_get_y",
    "redeemables__0__reward__value": "100",
    "redeemables__0__reward__minimum_quantity": "2",
    "redeemables__0__reward__scope_of": "products",
    "redeemables__0__reward__scope": "11",
    "redeemables__0__reward__buys_of": "collections",
    "redeemables__0__reward__buys": "https://admin.example/store/x/collections/21?view=1, 22",
    "redeemables__0__reward__gets": "1",
    "redeemables__0__reward__combines": "shipping",
}


def test_conditions_are_read_and_shown_again(town: Any, send: Any, browser: Any, generous: None) -> None:
    assert send("draft", **GIFT).status_code == 303
    (offer,) = draft(town).redeemables
    bought = Scope(collections=("21", "22"))
    assert offer.reward == Reward("buy_x_get_y", 100_00, 0, 60, 2, Scope(("11",)), bought, 1, "shipping")
    before = draft(town)
    assert send("draft").status_code == 303
    assert draft(town) == before
    assert "21, 22" in browser.get(PAGE)


def test_a_gift_is_chosen_where_every_shop_gives_it_and_counts_in_what_it_costs_at_most(
    town: Any, send: Any, browser: Any, generous: None
) -> None:
    ids = town.customers(3)
    town.orders(ids, 100, 120_00)
    card = {
        "nth_orders__0__after": "1",
        "nth_orders__0__reward__kind": "gift_card",
        "nth_orders__0__reward__value": "10",
        "nth_orders__0__reward__valid_days": "365",
        "nth_orders__0__reward__minimum": "25",
        "nth_orders__0__reward__combines": "shipping",
    }
    credit = {"redeemables__0__reward__kind": "store_credit", "redeemables__0__reward__value": "7"}
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", send("preview", **card, **credit).text))
    # Three cards of 10.00, and 360 points of which a hundred buy 7.00.
    assert "Costs at most €55.20" in told
    assert draft(town).nth_orders[0].reward == Reward("gift_card", 10_00, valid_days=365), (
        "money knows no conditions"
    )
    assert draft(town).redeemables[0].reward == Reward("store_credit", 7_00)


def test_a_gift_that_a_shop_does_not_allow_yet_is_kept_and_says_beside_its_field_where_it_is_allowed(
    town: Any, send: Any, browser: Any, generous: None
) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        facts = ShopFacts(town.shop.address, town.shop.name, "EUR", town.shop.timezone)
        shops.says_of_itself(tx, town.shop.id, facts, (), ("gift_card",))
    assert "does not allow this yet" not in browser.get(PAGE)
    card = {"redeemables__0__reward__kind": "gift_card"}
    assert send("draft", **card).status_code == 303
    page, at = browser.get(PAGE), "redeemables.0.reward.kind"
    link = f'<a href="/paper/allow?shop={town.shop.address}">'
    told = rf'id="{re.escape(at)}.error">{town.shop.name} does not allow this yet: open {re.escape(link)}'
    assert re.search(rf'<p class="warning" {told}', page)
    assert re.search(rf'<select id="{re.escape(at)}"[^>]* aria-describedby="{re.escape(at)}.error">', page)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        shops.says_of_itself(tx, town.shop.id, facts, (), ("store_credit",))
    assert "does not allow this yet" not in browser.get(PAGE)


def test_what_a_shop_cannot_give_is_not_offered_and_refused(town: Any, send: Any, browser: Any) -> None:
    assert 'value="buy_x_get_y"' not in browser.get(PAGE)
    assert "redeemables.0.reward.scope" not in browser.form(PAGE, "terms")
    card = {"redeemables__0__reward__kind": "gift_card"}
    for wish in (GIFT, card):
        answer = send("draft", **wish)
        assert answer.status_code == 422
        assert "Your shops cannot all give this." in html.unescape(answer.text)


def test_products_of_one_shop_are_not_promised_in_two(town: Any, send: Any, generous: None) -> None:
    assert send("draft", **GIFT).status_code == 303
    town.second_shop()
    answer = send("draft", **GIFT)
    assert answer.status_code == 422
    assert "each shop has its own" in answer.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [("the blue pot", "Write numbers, or the addresses"), ("", "Name at least one, or choose everything.")],
)
def test_a_product_is_named_by_its_number(
    town: Any, send: Any, generous: None, typed: str, said: str
) -> None:
    answer = send("draft", **(GIFT | {"redeemables__0__reward__scope": typed}))
    assert answer.status_code == 422
    assert said in answer.text


@pytest.fixture
def generous(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The town's platform gives everything there is."""
    platform = town.house.platforms[town.shop.platform]
    monkeypatch.setattr(type(platform), "gives", frozenset(get_args(Gift)))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(page)))


def carries(town: Any, kind: str) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        shops.marks_by(tx, town.shop.id, kind)  # type: ignore[arg-type]


def test_who_would_be_moved_into_other_groups_is_said_before_the_start_with_where_that_is_chosen(
    town: Any, browser: Any, send: Any
) -> None:
    carries(town, "group")
    ids = town.customers(30)
    town.orders(ids[:12], 5, 300_00)
    town.orders(ids[:2], 4, 300_00)
    town.second_shop("paper.fr", "EUR")
    page = send("preview").text
    assert "Customers in a tier's group 12" in plain(page)
    assert (
        f"In {town.shop.name} at most 12 customers go into other groups: loyalty-silver (10), loyalty-gold (2). "
        "Prices, taxes and price rules may hang on a customer's group."
    ) in plain(page)
    assert (
        f'<a href="/settings/shops/{town.shop.id}">Look first at where a tier is written in {town.shop.name}</a>'
        in page
    )
    assert "Paper UK" not in plain(page[page.index('id="preview"') : page.index('id="terms"')])
    # Whom the shop has in that group already, nobody moves.
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        marks.want(tx, [WantedMarks(town.shop.id, ids[0], (), "")])
        marks.now_stands(tx, town.shop.id, ids[0], ["loyalty-gold"])
    assert "at most 11 customers go into other groups: loyalty-silver (10), loyalty-gold (1)" in plain(
        send("preview").text
    )
    carries(town, "tags")
    assert "into other groups" not in plain(send("preview").text)


def test_the_form_speaks_of_groups_where_a_tier_is_one_and_of_tags_where_it_is_that(
    town: Any, browser: Any, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = plain(browser.get(PAGE))
    assert "The tag is written on the customer in the shop." in page
    assert "While a customer is lapsing they carry the mark customer-lapsing." in page
    assert "free shipping, once, for this customer only, within 60 days" in page
    carries(town, "group")
    monkeypatch.setattr(town.house.platforms["paper"], "binds_coupons", False)
    page = plain(browser.get(PAGE))
    assert "The tag is written" not in page
    assert "In the shop the customer goes into the group of this name" in page
    assert "Not written in the shop: returning-customer, customer-new" in page
    assert "for this customer only" not in page
    assert "free shipping, once, for whoever holds the code, within 60 days" in page
    assert '<a href="#tiers.0.tag">Group: ' in send("draft", tiers__0__tag="one,two").text
    town.start()
    assert "Not written in the shop: returning-customer" in browser.get(f"{PAGE}/versions/1")
    town.second_shop()
    carries(town, "tags")
    assert "Tag or group" in plain(browser.get(PAGE))
