"""Balance and tier on customers, as metafields: written over what was seen, twelve at a time, defined once."""

from typing import Any

from connector.port import LeftAlone, ShopAdapter, Shown
from connector.records import Card


def asked(street: Any, name: str) -> int:
    return int(street.control("log", method="GET")["requests"].get(f"graphql {name}", 0))


def standing(street: Any) -> dict[str, dict[str, str]]:
    return {it["id"]: it["metafields"] for it in street.truth("customers")}


def test_twelve_customers_get_their_cards_in_one_call(street: Any, line: ShopAdapter) -> None:
    ids = [street.customer(f"anna{n}") for n in range(12)]
    cards = tuple(Card(one, 10 * n, "Gold" if n % 2 else None) for n, one in enumerate(ids))
    for _ in range(2):
        assert line.show(cards) == (Shown(),) * 12
    assert standing(street)[ids[3]] == {"points_balance": "30", "tier": "Gold"}
    assert standing(street)[ids[4]] == {"points_balance": "40", "tier": "-"}
    # The second time nothing differs: it is looked at, and nothing is written.
    assert (asked(street, "Cards"), asked(street, "CardsSet"), asked(street, "CardsDefine")) == (2, 1, 1)
    assert sorted(it.key for it in street.shop.catalogue.definitions.values()) == ["points_balance", "tier"]


def test_only_what_changed_is_written(street: Any, line: ShopAdapter) -> None:
    anna = street.customer()
    line.show((Card(anna, 100, "Silver"),))
    line.show((Card(anna, -20, "Silver"),))
    assert standing(street)[anna] == {"points_balance": "-20", "tier": "Silver"}
    assert asked(street, "CardsDefine") == 1


def test_a_definition_that_is_there_already_is_fine(street: Any, line: ShopAdapter) -> None:
    line.show((Card(street.customer("anna"), 1, None),))
    again = street.open_again()
    assert again.show((Card(street.customer("bert"), 2, None),)) == (Shown(),)
    assert len(street.shop.catalogue.definitions) == 2


def test_what_somebody_wrote_meanwhile_is_read_first_and_ours_wins(
    street: Any, line: ShopAdapter, monkeypatch: Any
) -> None:
    anna = street.customer()
    line.show((Card(anna, 100, "Silver"),))
    change, meddled = line._client.change, []  # type: ignore[attr-defined]

    def meddle(*args: Any, **more: Any) -> Any:
        if not meddled:
            with street.shop.lock:
                for one in street.shop.customer(int(anna)).metafields.values():
                    one.value = "7"
            meddled.append(True)
        return change(*args, **more)

    monkeypatch.setattr(line._client, "change", meddle)  # type: ignore[attr-defined]
    assert line.show((Card(anna, 150, "Gold"),)) == (Shown(),)
    assert standing(street)[anna] == {"points_balance": "150", "tier": "Gold"}
    # Written in vain over the old value, read again, written over the new one.
    assert asked(street, "CardsSet") == 3


def test_a_customer_who_is_gone_keeps_nobody_else_from_their_card(
    street: Any, line: ShopAdapter, monkeypatch: Any
) -> None:
    anna, bert = street.customer("anna"), street.customer("bert")
    cards = (Card(anna, 5, None), Card(bert, 6, None), Card("123456789", 7, None))
    change, gone = line._client.change, []  # type: ignore[attr-defined]

    def leave(*args: Any, **more: Any) -> Any:
        if not gone:
            street.control(f"customers/{anna}", method="DELETE")
            gone.append(True)
        return change(*args, **more)

    monkeypatch.setattr(line._client, "change", leave)  # type: ignore[attr-defined]
    first, second, third = line.show(cards)
    assert isinstance(first, LeftAlone)
    assert second == Shown()
    assert isinstance(third, LeftAlone)
    assert standing(street) == {bert: {"points_balance": "6", "tier": "-"}}


SET = """mutation($it: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $it) {
  userErrors { code field elementIndex } } }"""


def test_the_sandbox_writes_all_or_nothing_and_only_over_what_was_seen(
    street: Any, line: ShopAdapter
) -> None:
    anna = street.customer()
    field = {
        "ownerId": f"gid://shopify/Customer/{anna}",
        "key": "note",
        "type": "number_integer",
        "value": "1",
    }

    def refused(*fields: dict[str, Any]) -> list[tuple[str, str]]:
        errors = street.graphql(SET, it=list(fields))["metafieldsSet"]["userErrors"]
        return [(it["code"], it["field"][-1]) for it in errors]

    assert refused(*[field | {"key": f"k{n}"} for n in range(26)]) == [
        ("LESS_THAN_OR_EQUAL_TO", "metafields")
    ]
    assert refused(field, field | {"key": "two", "value": "x"}) == [("INVALID_VALUE", "value")]
    assert refused(field | {"value": " "}) == [("BLANK", "value")]
    assert refused(field | {"compareDigest": "short"}) == [("INVALID_COMPARE_DIGEST", "compareDigest")]
    assert refused(field | {"compareDigest": "0" * 64}) == [("STALE_OBJECT", "compareDigest")]
    assert refused(field | {"type": None}) == [("INVALID_TYPE", "type")]
    assert standing(street)[anna] == {}
    assert refused(field | {"compareDigest": None}) == []
    assert refused(field | {"compareDigest": None, "value": "2"}) == [("STALE_OBJECT", "compareDigest")]
    assert standing(street)[anna] == {"note": "1"}
