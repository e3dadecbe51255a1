"""Every entry explains itself in both languages, and no condition of a programme goes unsaid."""

import re
from datetime import date

import msgspec
import pytest

from connector.loyalty import promise, sentences
from connector.loyalty.facts import AdjustmentInputs, EarnInputs, ExpiryInputs, RedemptionInputs
from connector.loyalty.phrases import Phrases
from connector.loyalty.promise import Means
from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, StageTags, suggested
from connector.loyalty.texts import TEXTS
from connector.records import Scope

CHANGE = msgspec.structs.replace
EARNED = EarnInputs("#1042", "EUR", 55_00, 1_00, 1, 55, 200)


@pytest.mark.parametrize(
    ("inputs", "english", "dutch"),
    [
        (
            EARNED,
            "Order #1042: EUR 55.00 of goods kept, 1 point per full EUR 1.00, makes 55 points; "
            "200 were booked before, so 145 are taken back.",
            "Bestelling #1042: voor EUR 55,00 aan artikelen behouden, 1 punt per volle EUR 1,00, geeft 55 punten; "
            "er waren er al 200 geboekt, dus er gaan er 145 af.",
        ),
        (
            EarnInputs("#7", "JPY", 1500, 100, 2, 30, 0),
            "Order #7: JPY 1500 of goods kept, 2 points per full JPY 100, makes 30 points.",
            "Bestelling #7: voor JPY 1500 aan artikelen behouden, 2 punten per volle JPY 100, geeft 30 punten.",
        ),
        (
            EarnInputs("#8", "EUR", 100_00, 1_00, 1, 100, 1, excluding_tax=True),
            "Order #8: EUR 100.00 of goods kept without VAT, 1 point per full EUR 1.00, makes 100 points; "
            "1 was booked before, so 99 are added.",
            "Bestelling #8: voor EUR 100,00 aan artikelen behouden zonder btw, 1 punt per volle EUR 1,00, "
            "geeft 100 punten; er was al 1 geboekt, dus er komen er 99 bij.",
        ),
        (
            EarnInputs("#9", "EUR", 0, 1_00, 1, 0, 80, "undone"),
            "Order #9 was cancelled or refunded in full and earns nothing; "
            "80 were booked before, so 80 are taken back.",
            "Bestelling #9 is geannuleerd of geheel terugbetaald en levert niets op; "
            "er waren er al 80 geboekt, dus er gaan er 80 af.",
        ),
        (
            ExpiryInputs("order:1:5", "#5", date(2027, 11, 1), -12, 0),
            "Of order #5, 12 points could be spent until the end of 1 November 2027 and expired.",
            "Van bestelling #5 konden 12 punten worden besteed tot en met 1 november 2027 en zijn nu vervallen.",
        ),
        (
            ExpiryInputs("adjustment:3", "", date(2027, 3, 31), -5, -20),
            "Of points given by hand, 5 points could be spent until the end of 31 March 2027 and expired; "
            "20 were booked as expired before, so 15 are added.",
            "Van met de hand gegeven punten konden 5 punten worden besteed tot en met 31 maart 2027 en zijn nu "
            "vervallen; er waren er al 20 als vervallen geboekt, dus er komen er 15 bij.",
        ),
        (
            RedemptionInputs("five-off", 100, 0, "", -100, 0),
            "100 points exchanged for the reward five-off.",
            "100 punten ingewisseld voor de beloning five-off.",
        ),
        (
            RedemptionInputs("five-off", 100, 100, "unused", 0, -100),
            "100 points exchanged for the reward five-off; 100 points back because the coupon was not used in time.",
            "100 punten ingewisseld voor de beloning five-off; "
            "100 punten terug omdat de coupon niet op tijd is gebruikt.",
        ),
        (
            RedemptionInputs("five-off", 100, 60, "order_part_refunded", -40, -67),
            "100 points exchanged for the reward five-off; 60 points back because part of the order that used the "
            "coupon was refunded; 33 had come back before.",
            "100 punten ingewisseld voor de beloning five-off; 60 punten terug omdat een deel van de bestelling met "
            "de coupon is terugbetaald; 33 waren al terug.",
        ),
        (
            AdjustmentInputs("parcel lost", "staff:1", 50, 0),
            "50 points given by hand: parcel lost.",
            "50 punten met de hand gegeven: parcel lost.",
        ),
        (
            AdjustmentInputs("typing error", "staff:1", -1, 0),
            "1 point taken by hand: typing error.",
            "1 punt met de hand afgenomen: typing error.",
        ),
    ],
)
def test_an_entry_says_why_in_its_real_figures(inputs, english, dutch):
    assert sentences.explain(inputs, "en") == english
    assert sentences.explain(inputs, "nl") == dutch
    assert sentences.explain(inputs, "xx") == english


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    "inputs",
    [CHANGE(EARNED, why=why, target=0) for why in ("unpaid", "test", "held", "early", "unlisted", "gone")]
    + [RedemptionInputs("r", 9, 9, why, 0, 0) for why in ("refused", "order_undone")]
    + [
        RedemptionInputs("", 0, 0, "", 0, -9),
        AdjustmentInputs("", "", 0, 9),
        ExpiryInputs("order:1:5", "", date(2027, 1, 1), 0, -9),
        ExpiryInputs("redemption:5", "", date(2027, 1, 1), -9, 0),
    ],
)
def test_every_other_reason_has_a_sentence_of_its_own(inputs, language):
    sentence = sentences.explain(inputs, language)
    assert re.fullmatch(r"[A-Z0-9][^{}|]+\.", sentence)


def test_a_real_entry_explains_itself(member, p0, local):
    m = member(p0)
    m.buys("1042", 55_90, local("2026-03-01"))
    entry = m.settle(local("2026-04-01")).entries[0]
    assert sentences.explain(entry, "en") == (
        "Order #1042: EUR 55.90 of goods kept, 1 point per full EUR 1.00, makes 55 points."
    )


def test_both_languages_have_the_same_texts_with_the_same_figures_and_forms():
    assert TEXTS["en"].keys() == TEXTS["nl"].keys()
    for key, english in TEXTS["en"].items():
        dutch = TEXTS["nl"][key]
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", dutch)), key
        assert english.count("|") == dutch.count("|"), key


POT = Reward("buy_x_get_y", 100_00, 0, 60, 2, Scope(("7",)), Scope(collections=("8", "9")), 1, "everything")
RICH = CHANGE(
    suggested("EUR", ("USD",)),
    currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD", earn_step=110, rate=923_456)),
    nth_orders=(
        NthOrder("a", "Free shipping", 2, Reward("free_shipping", minimum=10_00)),
        NthOrder("b", "Gift", 3, Reward("amount", 2_50)),
        NthOrder("c", "Ten", 4, Reward("percentage", 12_50, scope=Scope(("11", "12")), combines="shipping")),
        NthOrder("d", "A pot", 5, POT),
    ),
)

# Not conditions: keys tie coupons to their rule, free shipping has no value, and only who buys something gets items.
UNSAID = {*(f"nth_orders.{n}.key" for n in range(4)), "redeemables.0.key"}
UNSAID |= {"nth_orders.0.reward.value", "win_back.key", "win_back.reward.gets", "redeemables.0.reward.gets"}
UNSAID |= {f"nth_orders.{n}.reward.gets" for n in range(3)}
OTHER = {
    "nothing": "shipping",
    "shipping": "everything",
    "everything": "nothing",
    "buy_x_get_y": "percentage",
    "excluding_tax": "including_tax",
    "including_tax": "excluding_tax",
    "free_shipping": "amount",
    "amount": "percentage",
    "percentage": "amount",
}


def other(value, path=""):
    """Yield every record that differs from this one in one condition, with where it differs."""
    match value:
        case bool():
            yield path, not value
        case int():
            yield path, value + 1
        case str():
            yield path, OTHER.get(value, value + "X")
        case tuple():
            for n, one in enumerate(value):
                yield f"{path}.{n}", value[:n] + value[n + 1 :]
                for where, changed in other(one, f"{path}.{n}"):
                    yield where, (*value[:n], changed, *value[n + 1 :])
        case msgspec.Struct():
            for field in value.__struct_fields__:
                for where, changed in other(getattr(value, field), f"{path}.{field}".lstrip(".")):
                    yield where, CHANGE(value, **{field: changed})


BOTH = frozenset({True, False})
GROUPS = Means(frozenset({False}), frozenset({"group"}))
MIXED = Means(BOTH, frozenset({"tags", "group"}))


@pytest.mark.parametrize("means", [promise.USUAL, GROUPS, MIXED], ids=["tags", "groups", "mixed"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_changing_or_removing_any_one_condition_changes_what_is_said(language, means):
    said = promise.describe(RICH, language, means)
    changes = list(other(RICH))
    assert len(changes) > 50
    assert [
        where
        for where, terms in changes
        if where not in UNSAID and promise.describe(terms, language, means) == said
    ] == []


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    "change",
    [
        {"hold_days": 0},
        {"expiry_months": 0},
        {"returning_tag": ""},
        {"tiers": ()},
        {"redeemables": ()},
        {"stage_tags": StageTags()},
        {"win_back": None},
        {"notice_days": ()},
        {"usual_gap": 45},
    ],
)
def test_what_is_switched_off_is_said_too(change, language):
    said = promise.describe(CHANGE(RICH, **change), language)
    assert said != promise.describe(RICH, language)
    assert all(sentence.endswith(".") and "{" not in sentence for sentence in said)


def test_the_suggested_programme_reads_as_plain_sentences():
    assert promise.describe(suggested("EUR"), "en") == (
        "The programme is kept in EUR.",
        "Every full EUR 1.00 of an order earns 1 point.",
        "What counts are the goods kept, after discounts and including VAT; shipping and gift cards do not count.",
        "Points can be spent 14 days after the order is fulfilled or, if that comes later, paid; "
        "an order not fulfilled within 14 days of payment counts from its payment.",
        "Points can be spent until the end of the day 12 months after payment.",
        "Points that come back from a coupon can be spent for another 30 days at least.",
        "Orders over nothing do not count as orders.",
        "Silver: from EUR 250.00 of goods within 12 months, for 12 months and then 30 days of grace; "
        "the customer carries the mark loyalty-silver.",
        "Gold: from EUR 500.00 of goods within 12 months, for 12 months and then 30 days of grace; "
        "the customer carries the mark loyalty-gold.",
        "When order 2 of a customer is paid, they get “Free shipping on the third order”: free shipping, once, "
        "for this customer only, within 60 days.",
        "When order 2 of a customer is paid, they get “A small gift after the second order”: EUR 2.50 off, once, "
        "for this customer only, within 60 days.",
        "100 points can be exchanged for “5.00 off”: EUR 5.00 off, once, for this customer only, within 60 days.",
        "From the second order on the customer carries the mark returning-customer.",
        "A customer is lapsing after a quiet of twice their own usual time between orders, 30 days at least; who ordered "
        "once is measured by the usual time of the shop: measured when this is published, 60 days until then. "
        "After twice that quiet they are lost.",
        "A customer is loyal from order 5 on.",
        "While a customer is new they carry the mark customer-new.",
        "While a customer is at their second order they carry the mark customer-second-order.",
        "While a customer is a regular they carry the mark customer-regular.",
        "While a customer is loyal they carry the mark customer-loyal.",
        "While a customer is lapsing they carry the mark customer-lapsing.",
        "While a customer is lost they carry the mark customer-lost.",
        "Who starts to lapse gets “10 % off to come back”, once for each lapse: 10 % off, once, "
        "for this customer only, within 30 days.",
        "A notice is written 30 days and 7 days before points end.",
    )


def test_what_a_shop_cannot_do_is_not_promised_where_a_tier_is_a_group_and_codes_are_bound_to_nobody():
    said = promise.describe(suggested("EUR"), "en", GROUPS)
    assert [one.partition("; ")[2] for one in said if "grace" in one] == [
        "the customer goes into the group loyalty-silver, out of the groups that it may take the place of.",
        "the customer goes into the group loyalty-gold, out of the groups that it may take the place of.",
    ]
    assert sum("once, for whoever holds the code, within" in one for one in said) == 4
    assert [one for one in said if "the mark" in one or "this customer only" in one] == []
    assert (
        "Not written in the shop: returning-customer, customer-new, customer-second-order, customer-regular, "
        "customer-loyal, customer-lapsing and customer-lost. A customer has one group, and that is for their tier."
    ) in said


def test_where_shops_differ_the_way_of_each_is_said():
    said = promise.describe(suggested("EUR"), "nl", MIXED)
    assert any(
        one.endswith("loyalty-silver, in de ene winkel als tag en in de andere als groep.") for one in said
    )
    assert sum("alleen voor deze klant waar de winkel een code kan binden" in one for one in said) == 4
    assert "Zolang een klant trouw is, draagt die het kenmerk customer-loyal." in said
    assert any(one.startswith("Niet gezet waar een niveau alleen de groep van de klant is: ") for one in said)
    both = promise.describe(suggested("EUR"), "en", Means(frozenset({False}), frozenset({"both"})))
    assert any(one.endswith("take the place of, and carries the tag loyalty-gold.") for one in both)
    assert any("carry the mark customer-lost" in one for one in both)


def test_a_rate_is_told_in_every_digit():
    assert Phrases("en").rate(923_456, "USD", "EUR") == ("USD 1.00", "EUR 0.923456")
    assert Phrases("nl").rate(500_000, "USD", "EUR") == ("USD 1,00", "EUR 0,50")
    assert Phrases("en").rate(620_000, "JPY", "EUR") == ("JPY 1", "EUR 0.0062")
    assert Phrases("en").rate(161_000_000, "EUR", "JPY") == ("EUR 1.00", "JPY 16100")
    assert [Phrases("nl").percentage(n) for n in (1000, 1250, 1255, 5)] == [
        "10 %",
        "12,5 %",
        "12,55 %",
        "0,05 %",
    ]
