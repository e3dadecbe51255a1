"""The clocks' drill: each in turn is ten minutes off, then right again; nothing is lost, and what time proves is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from block import Block

from connector import rounds
from connector.flow import redeeming
from connector.hall import sign_in_url

MINUTES = pytest.mark.parametrize("minutes", [-10, 10])


@MINUTES
def test_a_workers_clock_that_is_off_changes_no_figure(block: Block, minutes: int) -> None:
    """The worker's clock is off; shop, door and database keep the right time."""
    block.buys("shopify", 2)
    block.passes(60 * minutes)
    block.buys("shopify", 3)
    block.buys("magento", 3)
    block.street.works()
    block.offset = timedelta(0)
    block.passes(-60 * minutes)
    block.buys("magento", 2)
    # Who was made due by the fast clock is settled when the slow one gets there.
    block.offset = timedelta(minutes=10, seconds=1)
    block.counts(f"the worker's clock {minutes:+d} minutes, then {-minutes:+d}")


@MINUTES
def test_a_webs_clock_that_is_off_changes_no_figure(block: Block, minutes: int) -> None:
    """Its own: when a message came, when staff exchanged points, how long a visit lasts."""
    street = block.street
    block.passes_everywhere(1800)
    block.buys("shopify", 2)
    block.buys("magento", 2)
    street.works()
    street.web_is_ahead += timedelta(minutes=minutes)
    block.buys("shopify", 3)
    block.buys("magento", 3)
    visit = requests.Session()
    came = visit.get(sign_in_url(street.house, street.merchant_id, timedelta(minutes=30)), timeout=60)
    assert (came.status_code, came.url) == (200, f"{street.url}/")
    assert requests.get(f"{street.url}/readyz", timeout=60).status_code == 200
    street.works()
    code = exchanges(street, street.house.now() + timedelta(minutes=minutes))
    street.works()
    street.web_is_ahead -= timedelta(minutes=minutes)
    assert visit.get(f"{street.url}/", timeout=60).url == f"{street.url}/", "the visit goes on"
    block.buys("shopify", 1)
    # A code of the fast clock is sent, and begins to be good, when the others get there.
    block.passes_everywhere(601)
    block.counts(f"the web's clock {minutes:+d} minutes, then right")
    with street.house.database.merchant(street.merchant_id) as tx:
        spent = tx.connection.exec_driver_sql("SELECT points FROM entries WHERE points < 0").scalars().all()
    assert spent == [-40]
    assert code in {one["code"] for one in street.keepers["shopify"].coupons() if one["live"]}


def exchanges(street: Any, now: datetime) -> str:
    """Let staff exchange a member's points on the page, by the web's clock; return the code."""
    with street.house.database.merchant(street.merchant_id) as tx:
        row = tx.connection.exec_driver_sql(
            "SELECT m.id, c.id AS customer FROM members m JOIN customers c ON c.member_id = m.id"
            " WHERE m.balance = 50 AND c.shop_id = %(s)s ORDER BY m.id LIMIT 1",
            {"s": street.shop_ids["shopify"]},
        ).one()
        shop_id = street.shop_ids["shopify"]
        return redeeming.redeem(tx, row.id, shop_id, row.customer, "five-off", "skew", "staff", now).code


def test_a_shop_half_an_hour_behind_that_sends_nothing_is_seen_at_the_next_look(block: Block) -> None:
    """No message, and every moment that it writes lies before the window by our clock."""
    street, behind = block.street, timedelta(minutes=30)
    street.works()
    street.music.clock = lambda: datetime.now(UTC) - behind
    block.buys("magento", 2, ago=behind, told=False)
    block.passes(60)
    run = rounds.reconcile(street.house, street.merchant_id, street.shop_ids["magento"], "window")
    assert run is not None
    assert run.differences == 4  # two orders and their customers


@MINUTES
def test_shops_clocks_that_are_off_change_no_figure(block: Block, minutes: int) -> None:
    """Theirs: when an order was placed and changed, when a message was sent, and until when a session token is good."""
    street = block.street
    gifts, music = street.gifts, street.music
    street.works()
    right = gifts.clock, music.clock
    gifts.clock = music.clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes)
    block.buys("shopify", 3)
    block.buys("magento", 3)
    for name in ("shopify", "magento"):
        block.buys(name, 2, ago=-timedelta(minutes=minutes))  # now, as the shop sees it
    street.works()
    block.buys("magento", 1, ago=-timedelta(minutes=minutes), told=False)
    with pytest.raises(AssertionError, match="/shopify/: the page answers 401"):
        street.keepers["shopify"].does("install", public_url=street.url, managed=True)
    gifts.clock, music.clock = right
    ended = street.keepers["shopify"].does("install", public_url=street.url, managed=True)
    assert ended["status"] == 200
    # The window that looks back finds what no message told of, once our clock has got to where theirs was.
    block.passes(11 * 60)
    found = [
        rounds.reconcile(street.house, street.merchant_id, one, "window") for one in street.shop_ids.values()
    ]
    assert [run.differences for run in found if run] == [0, 2]  # an order and its customer
    block.passes(4 * 24 * 3600)  # what was bought just now leaves its hold
    block.counts(f"the shops' clocks {minutes:+d} minutes, then right")
