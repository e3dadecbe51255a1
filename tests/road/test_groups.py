"""A Magento merchant's choice on the whole road: a tier's group comes and goes, and gives back what it stood in place of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.magento.sandbox import attributes, people
from connector import rounds
from connector.flow import choosing, outcomes
from connector.loyalty.terms import CurrencyTerms, Terms, Tier
from connector.port import Marked
from connector.store import shops, tables

TERMS = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"),),
    hold_days=0,
    tiers=(Tier("Silver", 100_00, "Silver"), Tier("Gold", 500_00, "Gold")),
    returning_tag="Returning",
)
TAGS = attributes.Attribute("comeback_tags", "Tags", "text", "textarea")
PLACES = [
    TAGS,
    attributes.Attribute("comeback_balance", "Points", "int"),
    attributes.Attribute("comeback_tier", "Tier"),
]


class Killed(BaseException):
    """The worker dies."""


class Town:
    """One Magento shop on the street, with its people."""

    def __init__(self, street: Any) -> None:
        self.street, self.shop = street, street.keepers["magento"]
        self.days, real = 0.0, street.house.now
        street.house = msgspec.structs.replace(street.house, now=lambda: real() + timedelta(days=self.days))
        street.opens(TERMS, "magento")

    def passes(self, days: float) -> None:
        self.days += days
        self.street.web_is_ahead += timedelta(days=days)

    def joins(self, name: str, group: int = 1, tags: str = "") -> int:
        at = (self.street.house.now() - timedelta(days=30)).isoformat()
        key = int(self.shop.does("customers", email=f"{name}@example.com", verified=True, at=at)["id"])
        values = [{"attribute_code": "comeback_tags", "value": tags}]
        people.change(self.street.music, key, {"group_id": group, "custom_attributes": values})
        return key

    def buys(self, customer: int, price: str) -> int:
        at = (self.street.house.now() - timedelta(hours=1)).isoformat()
        lines = [{"title": "Soap", "quantity": 1, "price": price}]
        made = int(self.shop.does("orders", customer_id=customer, at=at, lines=lines, paid=True)["id"])
        assert self.street.hints(f"{customer} buys {made}", order_id=made) == 200
        return made

    def undoes(self, order: int) -> None:
        self.shop.does(
            f"orders/{order}/refund",
            at=self.street.house.now().isoformat(),
            lines=[{"line": 0, "quantity": 1}],
        )
        assert self.street.hints(f"{order} goes back", order_id=order) == 200

    def chooses(self, key: str, *values: str) -> None:
        house, shop_id = self.street.house, self.street.shop_ids["magento"]
        with house.database.merchant(self.street.merchant_id) as tx:
            shop = shops.get(tx, shop_id)
        house.line(shop).choose(key, values)
        facts = house.line(shop).facts()
        with house.database.merchant(self.street.merchant_id) as tx:
            choosing.heed(tx, shop_id, house.platforms["magento"], facts, house.now())
            choosing.chosen(tx, shop_id, house.now())
        self.works()

    def works(self) -> None:
        self.street.works()
        self.street.works()

    def differences(self) -> int:
        """Read the shop once more in full; return what differed."""
        shop_id = self.street.shop_ids["magento"]
        run = rounds.reconcile(self.street.house, self.street.merchant_id, shop_id, "full")
        self.works()
        assert run is not None
        return int(run.differences)

    def group(self, customer: int) -> str:
        music = self.street.music
        return str(music.groups.rows[music.customers.rows[customer].group_id].code)

    def said(self, customer: int) -> dict[str, str]:
        return dict(self.street.music.customers.rows[customer].attributes)

    def kept(self, customer: int) -> tuple[tuple[str, ...], str]:
        """What is known of ours on the customer, and what of the shop's own it stands in place of."""
        marks = tables.metadata.tables["marks"]
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            (row,) = tx.all(marks.select().where(marks.c.customer_id == str(customer)))
        return tuple(row.known), row.before


@pytest.fixture
def town(street: Any) -> Town:
    return Town(street)


def test_a_tier_takes_the_place_of_the_groups_the_merchant_offered_and_gives_them_back(town: Town) -> None:
    town.chooses("replaceable", "3")
    new, retailer, wholesale = (town.joins(name, group) for name, group in (("n", 1), ("r", 3), ("w", 2)))
    orders = [town.buys(each, "150.00") for each in (new, retailer, wholesale)]
    town.works()
    assert [town.group(each) for each in (new, retailer, wholesale)] == ["Silver", "Silver", "Wholesale"]
    assert [town.kept(each) for each in (new, retailer, wholesale)] == [
        (("Silver",), "0"),
        (("Silver",), "3"),
        ((), ""),
    ]
    more = town.buys(retailer, "600.00")
    town.works()
    assert (town.group(retailer), town.kept(retailer)) == ("Gold", (("Gold",), "3"))
    for order in (*orders, more):
        town.undoes(order)
    town.works()
    assert [town.group(each) for each in (new, retailer, wholesale)] == ["General", "Retailer", "Wholesale"]
    assert [town.kept(each) for each in (new, retailer)] == [((), ""), ((), "")]


def test_neither_a_lost_answer_nor_a_killed_worker_costs_anybody_their_group(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.chooses("replaceable", "3")
    lost, killed = town.joins("lost", 3), town.joins("killed", 3)
    first = town.buys(lost, "150.00")
    no_answer = {"match": f"customers/{lost}", "method": "PUT", "status": 504, "after_effect": True}
    town.shop.does("faults", requests=[no_answer])
    town.works()
    assert (town.group(lost), town.kept(lost)) == ("Silver", ((), "3"))

    town.passes(days=1)
    second, keep = town.buys(killed, "150.00"), outcomes.keep

    def dies(tx: Any, job: Any, sent: Any, now: Any, **words: Any) -> None:
        if isinstance(sent, Marked) and job.push.subject == str(killed):
            raise Killed
        keep(tx, job, sent, now, **words)

    monkeypatch.setattr(outcomes, "keep", dies)
    with pytest.raises(Killed):
        town.works()
    monkeypatch.setattr(outcomes, "keep", keep)
    assert (town.group(killed), town.kept(killed)) == ("Silver", ((), "3"))
    town.passes(days=1)
    town.works()
    assert [town.kept(each) for each in (lost, killed)] == [(("Silver",), "3")] * 2
    town.undoes(first)
    town.undoes(second)
    town.works()
    assert [town.group(each) for each in (lost, killed)] == ["Retailer", "Retailer"]


def test_tags_stand_beside_other_peoples_words_and_go_where_the_merchant_says(town: Town) -> None:
    attributes.make(town.street.music, PLACES)
    ann = town.joins("ann", 1, "repeat,discount-lover")
    order = town.buys(ann, "150.00")
    town.works()
    assert (town.group(ann), town.said(ann)["comeback_tags"]) == ("Silver", "repeat,discount-lover")
    wholesaler = town.joins("wholesaler", 2)
    town.buys(wholesaler, "150.00")
    town.chooses("marks", "both")
    assert (town.group(wholesaler), town.said(wholesaler)["comeback_tags"]) == ("Wholesale", "Silver")
    assert town.differences() == 0
    assert (town.group(ann), town.said(ann)) == (
        "Silver",
        {
            "comeback_tags": "repeat,discount-lover,Silver",
            "comeback_balance": "150",
            "comeback_tier": "Silver",
        },
    )
    people.change(town.street.music, ann, {"group_id": 1})
    assert town.differences() == 1
    assert town.group(ann) == "Silver"
    town.chooses("marks", "tags")
    assert (town.group(ann), town.said(ann)["comeback_tags"]) == ("General", "repeat,discount-lover,Silver")
    for _ in range(2):
        town.buys(ann, "20.00")
    town.undoes(order)
    town.works()
    assert town.said(ann) == {"comeback_tags": "repeat,discount-lover,Returning", "comeback_balance": "40"}
    town.chooses("marks", "group")
    assert (town.group(ann), town.said(ann)["comeback_tags"]) == ("General", "repeat,discount-lover")
