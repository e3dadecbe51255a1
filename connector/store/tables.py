"""Every table, on one page. Keys lead with the merchant, because the merchant is the tenant.

Personal words (name, e-mail) and tokens are stored encrypted (`*_sealed`), e-mail addresses for matching as keyed
hashes (`*_hash`). Amounts are minor units of the row's currency, points whole numbers, times UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)
MOMENT = DateTime(timezone=True)


def _merchant() -> Column[int]:
    return Column("merchant_id", BigInteger, nullable=False)


def _shop() -> Column[int]:
    return Column("shop_id", BigInteger, nullable=False)


def _number() -> Column[int]:
    return Column("id", BigInteger, Identity(), nullable=False)


merchants = Table(
    "merchants",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),  # the one tiers and rewards are stated in
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="en"),
    Column("code_secret_sealed", LargeBinary, nullable=False),  # makes coupon codes; never changes
    Column("created_at", MOMENT, nullable=False),
    # A visit begun under another number is over: changed by signing out everywhere.
    Column("sign_ins", Integer, nullable=False, server_default="0"),
)

# By which name and password a merchant signs in, where they chose one; links always work beside it.
logins = Table(
    "logins",
    metadata,
    _merchant(),
    Column("name_hash", LargeBinary, nullable=False),  # by which it is found
    Column("name_sealed", LargeBinary, nullable=False),
    Column("password_sealed", LargeBinary, nullable=False),  # argon2id of it, never the password itself
    Column("changed_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id"),
    UniqueConstraint("name_hash"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

# One-time words a merchant's browser brings along: to sign in, or to add a further shop.
passes = Table(
    "passes",
    metadata,
    _merchant(),
    Column("word_hash", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),  # sign_in | join
    Column("expires_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("word_hash"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

# What a cookie would hold, for visits inside a platform's admin: browsers send none there.
visits = Table(
    "visits",
    metadata,
    _merchant(),
    Column("sitting_hash", LargeBinary, nullable=False),
    Column("record", JSONB, nullable=False),  # the language chosen, and what the next page says
    Column("until", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id", "sitting_hash"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

shops = Table(
    "shops",
    metadata,
    _merchant(),
    _number(),
    Column("platform", Text, nullable=False),
    Column("address", Text, nullable=False),  # how the platform names it
    Column("addresses", ARRAY(Text), nullable=False, server_default="{}"),  # it calls its own, all of them
    Column("sign_hash", LargeBinary),  # the same wherever the shop is; see store.moves
    Column("key", Text, nullable=False),  # random word in its webhook URLs
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("currencies", ARRAY(Text), nullable=False, server_default="{}"),  # other books in parts of it
    Column("timezone", Text, nullable=False),
    Column("mark_kind", Text, nullable=False),  # tags | group | both
    Column("shows_cards", Boolean, nullable=False, server_default="false"),  # customers' balance and tier
    Column("codes_outlive", Interval, nullable=False, server_default="0"),  # their end, for so long at most
    Column("state", Text, nullable=False),  # connected | reconnect | removed
    Column("tokens_sealed", LargeBinary, nullable=True),
    Column("installed_at", MOMENT, nullable=False),
    Column("removed_at", MOMENT),
    Column("last_delivery_at", MOMENT),
    Column("seen_until", MOMENT),  # reconciliation has looked at every change before this
    Column("busy_until", MOMENT),  # left alone until then: it asked for that, or its erasing is put off
    Column("failures", Integer, nullable=False, server_default="0"),  # of its line, in a row
    Column("failing_since", MOMENT),
    Column("failed_at", MOMENT),
    Column("probe_at", MOMENT),  # the breaker is open, and may be tried again then; None: closed
    Column("probing", Boolean, nullable=False, server_default="false"),  # somebody is trying
    Column("look_again_at", MOMENT),  # all that stood on customers by then is to be pushed once more
    Column("restored_from", MOMENT),  # put back as of then, and its codes not yet looked through
    Column("other_version", Text),  # that a webhook was last written for, where it is not ours
    Column("other_version_at", MOMENT),
    Column("old_secret_since", MOMENT),  # first and last webhook that the previous secret signed
    Column("old_secret_at", MOMENT),
    Column(
        "forgotten_at", MOMENT
    ),  # everything of it was erased; the row stays as the number that entries name
    Column("erasing_since", MOMENT),  # out of use since then; what is left of it goes in portions
    Column("erasing_asked_at", MOMENT),
    Column("erased_rows", JSONB, nullable=False, server_default="{}"),  # how many went so far, by table
    Column(
        "declared_word", Text
    ),  # of the address at which a message last came that a file told the platform to send
    Column("declared_at", MOMENT),  # when it set out
    Column("not_allowed", ARRAY(Text), nullable=False, server_default="{}"),  # gifts that want a right of it
    Column("withholds", ARRAY(Text), nullable=False, server_default="{}"),  # of its customers: name, email
    PrimaryKeyConstraint("merchant_id", "id"),
    UniqueConstraint("id"),
    UniqueConstraint("platform", "address"),
    UniqueConstraint("key"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)


def _of_shop() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["merchant_id", "shop_id"], ["shops.merchant_id", "shops.id"], ondelete="CASCADE"
    )


members = Table(
    "members",
    metadata,
    _merchant(),
    _number(),
    Column("survivor_id", BigInteger),  # set when this member was joined into another one
    Column("closed_at", MOMENT),  # nobody's any more: the only shops that knew them were erased
    Column("tier", Text),
    Column("tier_until", MOMENT),
    Column("balance", BigInteger, nullable=False, server_default="0"),  # cache; proved equal to sum(entries)
    Column("pending", BigInteger, nullable=False, server_default="0"),  # points in hold
    Column("order_count", Integer, nullable=False, server_default="0"),  # paid orders that count
    Column("due_at", MOMENT),  # the moment `decide` wants to be asked again; in the past: due now
    Column("settled_at", MOMENT),
    Column("created_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id", "id"),
    Index(None, "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index(None, "merchant_id", "tier"),
    Index(None, "merchant_id", "survivor_id", postgresql_where=text("survivor_id IS NOT NULL")),
    Index("members_closed", "merchant_id", "id", postgresql_where=text("closed_at IS NOT NULL")),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

customers = Table(
    "customers",
    metadata,
    _merchant(),
    _shop(),
    Column("id", Text, nullable=False),  # the platform's
    Column("member_id", BigInteger, nullable=False),
    Column("email_sealed", LargeBinary),
    Column("email_hash", LargeBinary),
    Column("email_verified", Boolean, nullable=False, server_default="false"),
    Column("name_sealed", LargeBinary),
    Column("language", Text),
    Column("currency", Text),  # of the books of their part of the shop; NULL: the shop's own
    Column("created_at", MOMENT, nullable=False),
    Column("changed_at", MOMENT, nullable=False),
    Column("removed_at", MOMENT),
    Column("forgotten_at", MOMENT),
    PrimaryKeyConstraint("merchant_id", "shop_id", "id"),
    Index(None, "merchant_id", "member_id"),
    Index(None, "merchant_id", "email_hash", postgresql_where=text("email_hash IS NOT NULL")),
    ForeignKeyConstraint(["merchant_id", "member_id"], ["members.merchant_id", "members.id"]),
    _of_shop(),
)

_SALE = ["total", "test", "cancelled_at", "removed_at"]  # what makes an order a sale, beside its paid_at
orders = Table(
    "orders",
    metadata,
    _merchant(),
    _shop(),
    Column("id", Text, nullable=False),  # the platform's
    Column("number", Text, nullable=False),
    Column("customer_id", Text),
    Column("guest_hash", LargeBinary),  # keyed hash of a guest's e-mail, to let them claim the order
    Column("currency", Text, nullable=False),
    Column("placed_at", MOMENT, nullable=False),
    Column("paid_at", MOMENT),
    Column("fulfilled_at", MOMENT),
    Column("cancelled_at", MOMENT),
    Column("removed_at", MOMENT),  # deleted in the shop
    Column("changed_at", MOMENT, nullable=False),
    Column("test", Boolean, nullable=False),
    Column(
        "channel", Text, nullable=False, server_default=""
    ),  # online | till | staff | other; empty: not known
    Column("total", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("refunded_shipping", BigInteger, nullable=False),
    Column("kept_goods", BigInteger, nullable=False),  # Order.kept_goods, for the figures
    Column("coupon_codes", ARRAY(Text), nullable=False, server_default="{}"),
    Column("lines", JSONB, nullable=False),  # LineItem records; nothing personal in them
    Column("digest", LargeBinary, nullable=False),  # of the whole record: equal digest, equal order
    PrimaryKeyConstraint("merchant_id", "shop_id", "id"),
    # These two hold all that the figures ask of who bought when (store.figures), so that no order itself is read.
    Index(
        "orders_of_customer",
        "merchant_id",
        "shop_id",
        "customer_id",
        "paid_at",
        postgresql_include=_SALE,
    ),
    Index(
        "orders_of_guest",
        "merchant_id",
        "guest_hash",
        "shop_id",
        "paid_at",
        postgresql_include=["customer_id", *_SALE],
        postgresql_where=text("guest_hash IS NOT NULL"),
    ),
    Index(None, "merchant_id", "shop_id", "number"),
    Index(None, "merchant_id", "shop_id", "placed_at"),
    _of_shop(),
)

# Which order used which code, kept by triggers from orders.coupon_codes: behind the walls between merchants an index
# is only used for plain comparisons, and finding a code inside a list would read every order.
code_uses = Table(
    "code_uses",
    metadata,
    _merchant(),
    _shop(),
    Column("order_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    PrimaryKeyConstraint("merchant_id", "shop_id", "order_id", "code"),
    Index(None, "merchant_id", "code"),
    ForeignKeyConstraint(
        ["merchant_id", "shop_id", "order_id"],
        ["orders.merchant_id", "orders.shop_id", "orders.id"],
        ondelete="CASCADE",
    ),
)

programs = Table(
    "programs",
    metadata,
    _merchant(),
    Column("number", Integer, nullable=False),  # 0: the draft; 1, 2, ...: published, never edited
    Column("starts_at", MOMENT),
    Column("counts_from", MOMENT),
    Column("terms", JSONB, nullable=False),
    Column("saved_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id", "number"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

entries = Table(
    "entries",
    metadata,
    _merchant(),
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("moment", MOMENT, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("booked_at", MOMENT, nullable=False),
    Column("request_id", Text),  # the request it came of (connector.trail)
    PrimaryKeyConstraint("merchant_id", "id"),
    Index(None, "merchant_id", "member_id", "source"),
    Index("entries_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
    ForeignKeyConstraint(["merchant_id", "member_id"], ["members.merchant_id", "members.id"]),
)

# What is worth telling members, for mail tools to read: only ever added. `key` is its own per member.
notices = Table(
    "notices",
    metadata,
    _merchant(),
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),  # points_expire
    Column("moment", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("days_ahead", Integer, nullable=False),
    Column("good_until", MOMENT, nullable=False),
    Column("noted_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id", "id"),
    UniqueConstraint("merchant_id", "member_id", "key"),
    Index("notices_good", "merchant_id", "good_until"),
    ForeignKeyConstraint(["merchant_id", "member_id"], ["members.merchant_id", "members.id"]),
)

acts = Table(
    "acts",
    metadata,
    _merchant(),
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("act_key", Text, nullable=False),  # the id inside `record`; a form sent twice books once
    Column("at", MOMENT, nullable=False),
    Column("record", JSONB, nullable=False),  # Redemption | Adjustment | Closed
    PrimaryKeyConstraint("merchant_id", "id"),
    UniqueConstraint("merchant_id", "act_key"),
    Index(None, "merchant_id", "member_id"),
    ForeignKeyConstraint(["merchant_id", "member_id"], ["members.merchant_id", "members.id"]),
)

coupons = Table(
    "coupons",
    metadata,
    _merchant(),
    _shop(),
    Column("source", Text, nullable=False),
    Column("reward_key", Text, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("kind", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("minimum", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("starts_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("version", Integer, nullable=False),
    Column("more", JSONB),  # the conditions that few coupons have; empty: none
    Column("state", Text, nullable=False),  # wanted | live | revoking | revoked | refused | parked
    # When a gift was last tried without our knowing what came of it; a look tells.
    Column("unsure_at", MOMENT),
    Column("remote_id", Text),
    Column("deleted_at", MOMENT),  # taken out of the merchant's list, long after its end
    Column("revision", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("merchant_id", "shop_id", "source", "reward_key"),
    UniqueConstraint("merchant_id", "shop_id", "code"),
    Index(None, "merchant_id", "member_id"),
    Index(
        "coupons_unsure",
        "merchant_id",
        "shop_id",
        "unsure_at",
        postgresql_where=text("unsure_at IS NOT NULL"),
    ),
    ForeignKeyConstraint(["merchant_id", "member_id"], ["members.merchant_id", "members.id"]),
    _of_shop(),
)

marks = Table(
    "marks",
    metadata,
    _merchant(),
    _shop(),
    Column("customer_id", Text, nullable=False),
    Column("wanted", ARRAY(Text), nullable=False),
    Column("known", ARRAY(Text), nullable=False),  # what of ours stands on the customer, as far as we know
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("left_alone", Text),  # why the shop's own mark was not touched
    Column("left_at", MOMENT),  # when that was last found so
    Column(
        "tier", Text
    ),  # which of the wanted is the tier's group, empty: none; null in rows older than the column
    Column(
        "before", Text, nullable=False, server_default=""
    ),  # what of the shop's own a mark of ours stands in place of
    PrimaryKeyConstraint("merchant_id", "shop_id", "customer_id"),
    _of_shop(),
)

# What each customer's balance and tier should be in the shop, for its own pages to show; nobody without either has a row.
cards = Table(
    "cards",
    metadata,
    _merchant(),
    _shop(),
    Column("customer_id", Text, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("tier", Text),
    Column("shown_at", MOMENT),  # when the shop last said that it stands there; None: not yet, or in doubt
    Column(
        "as_of", MOMENT
    ),  # the customer's own date when the card was last doubted; None: not since it changed
    PrimaryKeyConstraint("merchant_id", "shop_id", "customer_id"),
    _of_shop(),
)

inbox = Table(
    "inbox",
    metadata,
    _merchant(),
    _shop(),
    _number(),
    Column("delivery_id", Text, nullable=False),
    Column("way", Text, nullable=False),  # webhook | found (by polling or reconciliation)
    Column("topic", Text, nullable=False),
    Column("subject", Text),  # "order 12", "customer 7": known once applied
    Column("body_sealed", LargeBinary),  # None once erased
    Column("triggered_at", MOMENT),
    Column("received_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),  # waiting | applied | ignored | parked
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("faults", Integer, nullable=False, server_default="0"),  # of ours, of one kind, in a row
    Column("next_at", MOMENT),
    Column("result", Text),  # one plain sentence
    Column("applied_at", MOMENT),
    Column("request_id", Text),  # the request that brought it (connector.trail)
    PrimaryKeyConstraint("merchant_id", "shop_id", "id"),
    UniqueConstraint("merchant_id", "shop_id", "delivery_id"),
    Index("inbox_waiting", "shop_id", "id", postgresql_where=text("state = 'waiting'")),
    Index("inbox_latest", "merchant_id", "id"),
    Index("inbox_parked", "merchant_id", "id", postgresql_where=text("state = 'parked'")),
    Index("inbox_subject", "merchant_id", "shop_id", "subject"),
    Index("inbox_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
    _of_shop(),
)

outbox = Table(
    "outbox",
    metadata,
    _merchant(),
    _shop(),
    _number(),
    Column("kind", Text, nullable=False),  # marks | coupon | revoke | delete | card
    Column("subject", Text, nullable=False),  # customer id, or source and reward key joined by a blank
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("state", Text, nullable=False),  # waiting | done | parked | dropped
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("faults", Integer, nullable=False, server_default="0"),  # of ours, of one kind, in a row
    Column("next_at", MOMENT, nullable=False),
    Column("result", Text),
    Column("lacks", Text),  # the right for want of which it is put aside; "": an unnamed one
    Column("made_at", MOMENT, nullable=False),
    Column("done_at", MOMENT),
    Column("request_id", Text),  # the request that made it necessary (connector.trail)
    PrimaryKeyConstraint("merchant_id", "shop_id", "id"),
    Index(
        "outbox_waiting_once",
        "merchant_id",
        "shop_id",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("state IN ('waiting', 'parked')"),
    ),
    Index("outbox_waiting", "shop_id", "next_at", "id", postgresql_where=text("state = 'waiting'")),
    Index(
        "outbox_first",
        "shop_id",
        "next_at",
        "id",
        postgresql_where=text("state = 'waiting' AND kind IN ('coupon', 'revoke')"),
    ),
    Index("outbox_oldest", "shop_id", "made_at", postgresql_where=text("state = 'waiting'")),
    Index("outbox_latest", "merchant_id", "id"),
    Index("outbox_parked", "kind", postgresql_where=text("state = 'parked'")),
    Index("outbox_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
    _of_shop(),
)

# Work that runs over a shop from end to end: the import of its history, and reconciliations.
runs = Table(
    "runs",
    metadata,
    _merchant(),
    _shop(),
    _number(),
    Column("kind", Text, nullable=False),  # import | window | full | ids
    Column("state", Text, nullable=False),  # waiting | running | done | failed
    Column("checkpoint", Text),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("differences", BigInteger, nullable=False, server_default="0"),
    Column("since", MOMENT),
    Column("until", MOMENT),
    Column("started_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT),
    Column("message", Text),
    PrimaryKeyConstraint("merchant_id", "shop_id", "id"),
    Index("runs_latest", "merchant_id", "shop_id", "kind", "id"),
    Index("runs_open", "kind", postgresql_where=text("state IN ('waiting', 'running')")),
    _of_shop(),
)

# Who must not come back: keyed hashes of forgotten customers (id and e-mail).
forgotten = Table(
    "forgotten",
    metadata,
    _merchant(),
    _shop(),
    Column("word_hash", LargeBinary, nullable=False),
    Column("at", MOMENT, nullable=False),
    PrimaryKeyConstraint("merchant_id", "shop_id", "word_hash"),
    _of_shop(),
)

# Requests under privacy law and what was done; no personal word in it. Each is a proof: `proof` is a keyed hash over the
# row and over the proof before it, so that none can be changed, left out or added later.
privacy = Table(
    "privacy",
    metadata,
    _merchant(),
    _number(),
    Column("shop_name", Text, nullable=False),
    Column("topic", Text, nullable=False),  # data_asked | customer_forgotten | shop_forgotten
    Column("customer_id", Text),
    Column("asked_at", MOMENT, nullable=False),
    Column("done_at", MOMENT),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("export_sealed", LargeBinary),
    Column("request_id", Text, nullable=False, server_default=""),  # the shop's own number, if any
    Column("due_at", MOMENT),  # when the law wants it done
    Column("tables", JSONB, nullable=False, server_default="{}"),  # rows by table
    Column("version", Text, nullable=False, server_default=""),  # of Comeback, that did it
    Column("proof", LargeBinary),  # None on rows from before proofs were kept
    # Whose the file is, outside the proof: it is emptied with the file. Not shop_id: the row stays when the shop is erased.
    Column("of_shop", BigInteger),  # None without a file, and on rows from before it was kept
    Column(
        "about", ARRAY(LargeBinary), nullable=False, server_default="{}"
    ),  # keyed hashes, as in `forgotten`
    PrimaryKeyConstraint("merchant_id", "id"),
    ForeignKeyConstraint(["merchant_id"], ["merchants.id"], ondelete="CASCADE"),
)

# When a backup was made, and when one was put back. `proof`: a keyed hash that only the right SECRET_KEY makes.
backups = Table(
    "backups",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),  # backup | restore
    Column("at", MOMENT, nullable=False),
    Column("as_of", MOMENT, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)

# Words that are good once: states of an install, signatures of a shopper's request. Kept until then.
spent = Table(
    "spent",
    metadata,
    Column("word_hash", LargeBinary, nullable=False),
    Column("until", MOMENT, nullable=False),
    PrimaryKeyConstraint("word_hash"),
    Index(None, "until"),
)

# What a platform keeps between two steps of connecting a shop; for minutes, so it is not sealed again with a new key.
pending = Table(
    "pending",
    metadata,
    Column("word_hash", LargeBinary, primary_key=True),
    Column("kept", LargeBinary, nullable=False),
    Column("until", MOMENT, nullable=False),
    Index(None, "until"),
)

# How often somebody has come since the first time of a while; a crash of PostgreSQL may empty it.
rates = Table(
    "rates",
    metadata,
    Column("word_hash", LargeBinary, primary_key=True),
    Column("since", MOMENT, nullable=False),
    Column("count", Integer, nullable=False),
    prefixes=["UNLOGGED"],
)

# Good messages for shops we do not know: answered, counted, not kept.
strays = Table(
    "strays",
    metadata,
    Column("platform", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("count", BigInteger, nullable=False, server_default="0"),
    Column("last_at", MOMENT, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("platform", "topic"),
)

# What all processes count together: each adds what it saw since the last time. Names and labels, never a shop or a person.
tallies = Table(
    "tallies",
    metadata,
    Column("name", Text, nullable=False),
    Column("labels", Text, nullable=False),  # "platform=...,result=..."
    Column("value", Double, nullable=False, server_default="0"),
    PrimaryKeyConstraint("name", "labels"),
)

# The processes that run, or ran lately: each shows a sign of life now and then.
processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # web | worker
    Column("version", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
)
