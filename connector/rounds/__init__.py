"""One round of each road, as workers and commands run it: transactions here, talk with the shop between them.

The only place that catches what goes wrong on a shop's line: there it becomes a later try, never a lost message.
"""

from connector.rounds.access import keep_alive, learn
from connector.rounds.history import import_history
from connector.rounds.members import look_again, settle
from connector.rounds.messages import apply
from connector.rounds.post import push
from connector.rounds.reconciliation import reconcile
from connector.rounds.subscriptions import subscribe

__all__ = [
    "apply",
    "finish",
    "import_history",
    "keep_alive",
    "learn",
    "look_again",
    "push",
    "reconcile",
    "settle",
    "subscribe",
]

from connector.house import House


def finish(house: House, merchant_id: int, shop_id: int) -> None:
    """Do what a reconciliation asked for, here and now: apply, settle, look again, push."""
    apply(house, merchant_id, shop_id)
    settle(house, merchant_id)
    look_again(house, merchant_id, shop_id)
    push(house, merchant_id, shop_id)
