"""States, kinds and reasons in the merchant's words."""

from collections.abc import Callable, Iterable, Mapping

from connector.flow import in_person
from connector.records import GIFTS
from connector.settings import sentences
from connector.settings.tongue import _
from connector.store.reading.activity import Arrival, Sending
from connector.store.reading.coupons import CodeLine
from connector.store.reading.members import Placed
from connector.store.reading.privacy import ERASING
from connector.store.runs import Run
from connector.store.shops import Shop


def arrival_state(state: str) -> str:
    """Say how far a delivery is."""
    return {
        "waiting": _("Waiting"),
        "applied": _("Applied"),
        "ignored": _("Nothing to do"),
        "parked": _("Needs a look"),
    }.get(state, state)


def sending_state(state: str) -> str:
    """Say how far a push is."""
    return {
        "waiting": _("Waiting"),
        "done": _("Sent"),
        "parked": _("Needs a look"),
        "dropped": _("No longer needed"),
    }.get(state, state)


def tone(state: str) -> str:
    """Return the colour that goes with a state; the word beside it says the same."""
    return {
        "applied": "good",
        "done": "good",
        "live": "good",
        "given": "good",
        "waiting": "calm",
        "running": "calm",
        "wanted": "calm",
        "parked": "bad",
        "failed": "bad",
        "refused": "bad",
        "used": "plain",
    }.get(state, "")


def sending(line: Sending) -> str:
    """Say what a push is about; nothing personal."""
    return {
        "marks": _("Tags of customer %(id)s", id=line.subject),
        "coupon": _("Give a reward"),
        "revoke": _("Take back a reward, or look for it"),
        "delete": _("Take an old code out of the list"),
        "card": _("Balance and tier of customer %(id)s", id=line.subject),
    }.get(line.kind, line.kind)


def arrival_way(line: Arrival) -> str:
    """Say how we came to know."""
    if line.topic in in_person.TOPICS.values():
        return _("asked for here")
    return _("found by checking") if line.way == "found" else _("sent by the shop")


def topic(word: str) -> str:
    """Say what a message is about: the shop's own word for it, or ours where nobody sent one."""
    return {
        "order found": _("An order"),
        "customer found": _("A customer"),
        ERASING: _("A shop is being erased"),
        in_person.TOPICS["file"]: _("A file of what is known of somebody"),
        in_person.TOPICS["forget"]: _("Somebody is to be forgotten"),
    }.get(word, word)


def length_class(hidden: int) -> str:
    """Say about how much a mask hides."""
    if hidden == 0:
        return _("hidden")
    if hidden <= 8:
        return _("hidden, up to 8 signs")
    if hidden <= 32:
        return _("hidden, 9 to 32 signs")
    return _("hidden, more than 32 signs")


def push_kind(kind: str) -> str:
    """Say what kind of change a push is."""
    return {
        "marks": _("Tags"),
        "coupon": _("Give a reward"),
        "revoke": _("Take back a reward, or look for it"),
        "delete": _("Take an old code out of the list"),
        "card": _("Balance and tier"),
    }.get(kind, kind)


def subject(text: str) -> str:
    """Say whom or what a message was about, by the shop's own number."""
    kind, _blank, number = text.partition(" ")
    return {
        "order": _("order %(id)s", id=number),
        "customer": _("customer %(id)s", id=number),
        "privacy": _("privacy"),
        "shop": _("the shop itself"),
    }.get(kind, text)


def code_state(line: CodeLine) -> str:
    """Return the state of a code as people see it: used is told apart from live. Gifts have states of their own."""
    if line.kind in GIFTS:
        return {"live": "given", "revoking": "sought", "revoked": "not_given"}.get(line.state, line.state)
    return "used" if line.used else line.state


def code_text(line: CodeLine) -> str:
    """Return the code that a customer types; a store credit has none, so what it is."""
    return _("Store credit") if line.kind == "store_credit" else line.code


def code_reason(line: CodeLine) -> str:
    """Say what a code was given for."""
    kind = line.source.partition(":")[0]
    if kind == "redemption":
        return _("for points")
    if kind == "lapse":
        return _("win-back after order %(number)s", number=line.after)
    return _("for order %(number)s", number=line.after)


def code_state_text(state: str) -> str:
    """Say how a code is."""
    return {
        "wanted": _("Being made"),
        "live": _("Live"),
        "used": _("Used"),
        "ended": _("Ended"),
        "revoking": _("Being taken back"),
        "revoked": _("Taken back"),
        "given": _("Given"),
        "sought": _("Being looked for"),
        "not_given": _("Not given"),
        "refused": _("Refused by the shop"),
        "parked": _("Needs a look"),
    }.get(state, state)


def run_kind(run: Run) -> str:
    """Say what a run does."""
    return {
        "import": _("Import of the history"),
        "window": _("Check of recent changes"),
        "full": _("Check of everything"),
        "ids": _("Check for what was deleted"),
    }.get(run.kind, run.kind)


def run_state(state: str) -> str:
    """Say how far a run is."""
    return {
        "waiting": _("Waiting"),
        "running": _("Running"),
        "done": _("Done"),
        "failed": _("Stopped"),
    }.get(state, state)


def privacy_topic(topic: str) -> str:
    """Say what was asked for under privacy law."""
    return {
        "data_asked": _("A customer asked for their data"),
        "customer_forgotten": _("A customer asked to be forgotten"),
        "shop_forgotten": _("A shop was erased"),
    }.get(topic, topic)


def order_state(order: Placed) -> str:
    """Say how an order stands."""
    if order.removed_at is not None:
        return _("Deleted in the shop")
    if order.test:
        return _("Test order")
    if order.cancelled_at is not None:
        return _("Cancelled")
    if order.paid_at is None:
        return _("Not paid")
    if order.refunded >= order.total > 0:
        return _("Refunded")
    return _("Partly refunded") if order.refunded else _("Paid")


def channel(word: str) -> str:
    """Say where an order was placed, where that is not the web shop."""
    return {
        "till": _("At the till"),
        "staff": _("Entered by staff"),
        "other": _("Another channel"),
    }.get(word, "")


def field_title(name: str) -> str:
    """Return what is written above a field, so that a list of mistakes says which field is meant."""
    whole = {
        "points": _("Points"),
        "reason": _("Reason"),
        "reward": _("Reward"),
        "place": _("In the shop"),
        "name": _("Name"),
        "old": _("Present password"),
        "password": _("New password"),
        "again": _("New password once more"),
    }
    return whole.get(name, "") or {
        "earn_points": _("Points"),
        "base": _("Counted on goods"),
        "earn_step": _("for every full"),
        "hold_days": _("Points wait for"),
        "expiry_months": _("Points last for"),
        "returned_days": _("Returned points last"),
        "kind": _("Gives"),
        "combines": _("Goes together with"),
        "value": _("Amount"),
        "minimum": _("Smallest order"),
        "valid_days": _("Valid for"),
        "name": _("Name"),
        "points": _("Costs"),
        "after": _("After order"),
        "threshold": _("From a spend of"),
        "tag": _("Tag"),
        "tier_window_months": _("Spend counted over"),
        "tier_term_months": _("A tier is kept for"),
        "tier_grace_days": _("and then for another"),
        "returning_tag": _("Tag for returning customers"),
        "lapse_min_days": _("Lapsing after at least"),
        "usual_gap": _("Usual time between orders"),
        "loyal_from": _("Loyal from order"),
        "notice_days": _("Days before points end"),
        **{name: stage(name) for name in ("new", "second_order", "regular", "loyal", "lapsing", "lost")},
        "counts_from": _("Orders earn points if paid since"),
    }.get(name.rpartition(".")[2], "")


def stage(name: str) -> str:
    """Say where a customer is in their life."""
    return {
        "none": _("No order yet"),
        "new": _("New"),
        "second_order": _("Second order"),
        "regular": _("Regular"),
        "loyal": _("Loyal"),
        "lapsing": _("Lapsing"),
        "lost": _("Lost"),
    }.get(name, name)


def sequence(name: str) -> str:
    """Say in what order the members stand."""
    return {"balance": _("Most points"), "orders": _("Most orders"), "newest": _("Newest")}.get(name, name)


def pairs(values: Iterable[str], told: str = "") -> list[tuple[str, str]]:
    """Return each value with the words for it: what a list to choose from is made of."""
    return [(value, FILTERS[told](value) if told else value) for value in values]


def names(shops: Mapping[int, Shop]) -> list[tuple[int, str]]:
    """Return each shop's number with its name."""
    return [(shop.id, shop.name) for shop in shops.values()]


FILTERS: dict[str, Callable[..., str]] = {
    "arrival_state": arrival_state,
    "sending_state": sending_state,
    "tone": tone,
    "sending": sending,
    "arrival_way": arrival_way,
    "topic": topic,
    "subject": subject,
    "length_class": length_class,
    "push_kind": push_kind,
    "said": sentences.said,
    "code_reason": code_reason,
    "code_state": code_state,
    "code_text": code_text,
    "code_state_text": code_state_text,
    "run_kind": run_kind,
    "run_state": run_state,
    "privacy_topic": privacy_topic,
    "order_state": order_state,
    "channel": channel,
    "field_title": field_title,
    "sequence": sequence,
    "stage": stage,
}
LISTS: dict[str, Callable[..., object]] = {"pairs": pairs, "names": names}
