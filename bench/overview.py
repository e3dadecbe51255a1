"""The overview page of a large merchant, and what a million orders weigh."""

from __future__ import annotations

import time
from datetime import timedelta

import psycopg
import requests

from bench import meter
from bench.accept import served
from bench.figures import Figure, Ratio, Size, shown
from bench.ground import Ground, house, start_programme, welcome
from bench.meter import Spread
from connector.demo.ground import free_port
from connector.hall import sign_in_url
from connector.insight import glance
from connector.store.shops import Shop

_HOW = (
    "One merchant with {orders:,} orders of {members:,} members, filled in by SQL and analysed; the page"
    " is asked for by HTTP, signed in,"
    " from the server of the `Procfile`. Every figure is counted at every request; nothing is kept from one to the next."
    " The page of so large a merchant comes at once and its figures come into it, so both stand apart; the"
    " ratio is the whole page, asked for in one, against one plain"
    " count over the same orders. So are the first request and the later ones, so that nothing that"
    " is remembered can hide."
)
_FILL = (
    """
INSERT INTO members (merchant_id, balance, pending, order_count, tier, settled_at, due_at, created_at)
SELECT %(m)s, n %% 700, n %% 40, 5, (ARRAY[NULL, NULL, 'Silver', 'Gold'])[1 + n %% 4], now(), now() + interval '90 days',
  now() - interval '900 days' FROM generate_series(1, %(members)s) n""",
    """
INSERT INTO customers (merchant_id, shop_id, id, member_id, email_sealed, email_hash, email_verified, name_sealed,
  created_at, changed_at)
SELECT %(m)s, %(s)s, (7100000000000 + n)::text, id,
  sha256(n::text::bytea) || sha256(n::text::bytea), sha256(n::text::bytea), true,
  sha256(n::text::bytea), now() - interval '900 days', now() - interval '100 days'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM members WHERE merchant_id = %(m)s) one""",
    """
INSERT INTO orders (merchant_id, shop_id, id, number, customer_id, guest_hash, currency, placed_at, paid_at, fulfilled_at,
  changed_at, test, total, refunded, refunded_shipping, kept_goods, lines, digest)
SELECT %(m)s, %(s)s, (5700000000000 + n)::text, '#' || n,
  CASE WHEN n %% 20 > 0 THEN (7100000000000 + 1 + (n::bigint * 7919) %% %(members)s)::text END,
  CASE WHEN n %% 20 = 0 THEN sha256((n / 40)::text::bytea) END, 'GBP', at, at,
    at + interval '2 days', at + interval '2 days', false,
  1500 + n %% 9000, 0, 0, 1500 + n %% 9000,
  jsonb_build_array(
    jsonb_build_object('id', (14700000000000 + 2 * n)::text, 'title', 'A thing of the catalogue', 'quantity', 2, 'kept', 2,
      'amount', 1000, 'sku', 'SKU-' || n %% 900, 'product_id', (8000000000 + n %% 900)::text),
    jsonb_build_object('id', (14700000000001 + 2 * n)::text, 'title', 'Another one', 'quantity', 1, 'kept', 1,
      'amount', 500 + n %% 9000, 'sku', 'SKU-' || n %% 700, 'product_id', (8000000000 + n %% 700)::text)),
  substring(sha256(n::text::bytea) FOR 16)
FROM (SELECT n, now() - interval '1 hour' * ((n::bigint * 104729) %% 21000) AS at
  FROM generate_series(1, %(orders)s) n) one""",
    """
INSERT INTO entries (merchant_id, member_id, source, rule, version, points, moment, inputs, booked_at)
SELECT merchant_id, id, 'order:' || %(s)s || ':' || (5700000000000 + id), 'order', 1, 25, now(),
  '{"amount": 2500, "currency": "GBP", "points": 1, "step": 100}', now()
FROM members WHERE merchant_id = %(m)s""",
    """
INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, subject, received_at, state, result, applied_at)
SELECT %(m)s, %(s)s, gen_random_uuid()::text, 'webhook', 'orders/create',
  'order ' || (5700000000000 + n), now() - interval '1 day',
  'applied', 'Order #' || n || ' brought up to date.', now() FROM generate_series(1, %(events)s) n""",
    """
INSERT INTO marks (merchant_id, shop_id, customer_id, wanted, known)
SELECT merchant_id, shop_id, id, '{returning-customer}', '{returning-customer}' FROM customers WHERE merchant_id = %(m)s""",
    "UPDATE runs SET state = 'done', finished_at = now()",
    "VACUUM ANALYZE",
)
_COUNT = (
    "SELECT count(*), sum(total), min(paid_at) FROM orders WHERE merchant_id = %s AND paid_at IS NOT NULL"
)
_WEIGHED = {"orders": "an order", "customers": "a customer", "members": "a member", "entries": "an entry",
            "marks": "a mark", "inbox": "an applied message without its body"}  # fmt: skip


def measure(ground: Ground, size: Size) -> Figure:
    """Ask for the page of a merchant with a million orders."""
    count, database, port = size.pick(1_000_000, 2_000), ground.database(), free_port()
    env = ground.env(database, port)
    with house(env) as opened:
        shop = welcome(opened)
        start_programme(opened, shop.merchant_id)
        link = sign_in_url(opened, shop.merchant_id, timedelta(hours=1))
    with ground.owner(database) as owner, served("connector.app:create_app", port, env):
        fill(owner, shop, count)
        visit = requests.Session()
        visit.trust_env = False
        first = _seconds(visit, link, counted=count <= glance.LONG)
        begun = _seconds(visit, env["PUBLIC_URL"] + "/settings/figures")
        samples = meter.alternate(
            size.pick(10, 2),
            lambda: _seconds(visit, env["PUBLIC_URL"] + "/?counted=1"),
            lambda: _counting(owner, shop.merchant_id),
            lambda: _seconds(visit, env["PUBLIC_URL"] + "/", counted=count <= glance.LONG),
        )
        weights = tuple(_weights(owner))
    ground.drop(database)
    whole, plain, page = (Spread.of(one * 1000 for one in side) for side in samples)
    rows = (
        ("the first request, with signing in, ms", f"{first * 1000:.0f}"),
        ("the first counting of its figures, ms", f"{begun * 1000:.0f}"),
        ("p50 of ten pages that come before their figures, ms", shown(page, 0)),
        ("p50 of ten whole pages, every figure counted, ms", shown(whole, 0)),
        ("the plain count, ms", shown(plain, 0)),
        *weights,
    )
    ratio = Ratio(
        "the overview of a large merchant: time against one plain count", meter.ratios(*samples[:2])
    )
    return Figure(
        "The overview of a large merchant", _HOW.format(orders=count, members=count // 5), (ratio,), rows
    )


def fill(owner: psycopg.Connection[tuple[object, ...]], shop: Shop, count: int) -> None:
    """Give a shop so many orders, a fifth as many members, and what goes with them."""
    fifth = count // 5
    words = {"m": shop.merchant_id, "s": shop.id, "orders": count, "members": fifth, "events": fifth}
    for command in _FILL:
        owner.execute(command.encode(), words if "%(" in command else None)


def _seconds(visit: requests.Session, url: str, *, counted: bool = True) -> float:
    begun = time.perf_counter()
    answer = visit.get(url, timeout=300)
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:300]}"
    assert ("held-line" in answer.text) == counted, "a very large merchant's charts come after the page"
    return time.perf_counter() - begun


def _counting(owner: psycopg.Connection[tuple[object, ...]], merchant_id: int) -> float:
    begun = time.perf_counter()
    owner.execute(_COUNT, (merchant_id,)).fetchall()
    return time.perf_counter() - begun


def _weights(owner: psycopg.Connection[tuple[object, ...]]):  # type: ignore[no-untyped-def]
    for table, what in _WEIGHED.items():
        row = owner.execute(
            f"SELECT pg_total_relation_size('{table}') / greatest(count(*), 1), pg_indexes_size('{table}') /"
            f" greatest(count(*), 1)"
            f" FROM {table}".encode()
        ).fetchone()
        assert row is not None
        yield f"{what}: bytes on disk with indexes (indexes alone)", f"{row[0]:,} ({row[1]:,})"
