"""Every column that could hold a word about a person: how it is emptied when they are forgotten, or why it need not be.

A column that is not here fails a test; whoever adds one says what becomes of it.
"""

from collections.abc import Mapping

OURS = "a word of ours, from a closed set or made by us"
MERCHANTS = "the merchant's own word"
PSEUDONYM = "the shop's number of an order, which says nothing once the person behind it is erased"
NUMBER = "the shop's number of a customer, replaced by a random one (people.forget, privacy.rename)"

PLACES: Mapping[str, Mapping[str, str]] = {
    "acts": {
        "act_key": OURS,
        "record": "reasons are blanked (privacy.erase_reasons), the customer's number is replaced (ledger.rebind)",
    },
    "backups": {"kind": OURS, "proof": OURS},
    "cards": {"customer_id": "the row goes (cards.drop)", "tier": MERCHANTS},
    "code_uses": {"order_id": PSEUDONYM, "code": OURS},
    "coupons": {
        "source": OURS,
        "reward_key": MERCHANTS,
        "customer_id": NUMBER,
        "code": OURS,
        "kind": OURS,
        "currency": OURS,
        "title": MERCHANTS,
        "state": OURS,
        "remote_id": "the shop's number of a discount",
        "more": "conditions of the merchant, and numbers of goods",
    },
    "customers": {
        "id": NUMBER,
        "email_sealed": "emptied (people.forget)",
        "email_hash": "emptied (people.forget)",
        "name_sealed": "emptied (people.forget)",
        "language": "emptied (people.forget)",
        "currency": "emptied (people.forget)",
    },
    "entries": {
        "source": OURS,
        "rule": OURS,
        "inputs": "reasons are blanked (comeback_forget_reasons); the rest are figures",
        "request_id": OURS,
    },
    "forgotten": {"word_hash": "a keyed hash, kept so that a late message does not bring the person back"},
    "inbox": {
        "delivery_id": "the shop's number of a message; ours, that name a customer, are replaced (bodies.rename)",
        "way": OURS,
        "topic": OURS,
        "subject": "the number of an order; that of a customer is replaced (privacy.rename)",
        "body_sealed": "emptied (bodies.erase, bodies.erase_unread)",
        "state": OURS,
        "result": OURS,
        "request_id": OURS,
    },
    "logins": dict.fromkeys(("name_hash", "name_sealed", "password_sealed"), MERCHANTS),
    "marks": {
        "customer_id": NUMBER,
        "wanted": MERCHANTS,
        "known": MERCHANTS,
        "left_alone": OURS,
        "tier": MERCHANTS,
        "before": OURS,
    },
    "members": {"tier": MERCHANTS},
    "merchants": dict.fromkeys(("name", "currency", "timezone", "language", "code_secret_sealed"), MERCHANTS),
    "notices": {"key": OURS, "kind": OURS},
    "orders": {
        "id": PSEUDONYM,
        "number": PSEUDONYM,
        "customer_id": NUMBER,
        "guest_hash": "emptied (privacy.forget_guest)",
        "currency": OURS,
        "channel": OURS,
        "coupon_codes": "codes that were used; the figures of campaigns hang on them",
        "lines": "goods and amounts; what a buyer wrote on them is never kept",
        "digest": OURS,
    },
    "outbox": {
        "kind": OURS,
        "subject": "the number of an order; that of a customer is replaced (privacy.rename)",
        "state": OURS,
        "result": OURS,
        "lacks": OURS,
        "request_id": OURS,
    },
    "passes": {"word_hash": OURS, "kind": OURS},
    "pending": {
        "word_hash": OURS,
        "kept": "keys of a shop that is being connected, sealed; they go after minutes",
    },
    "privacy": {
        "shop_name": MERCHANTS,
        "topic": OURS,
        "customer_id": "emptied (privacy.erase_exports)",
        "export_sealed": "emptied (privacy.erase_exports)",
        "about": "keyed hashes of whom the export is about, emptied with it (privacy.erase_exports)",
        "request_id": "the shop's number of a request",
        "tables": OURS,
        "version": OURS,
        "proof": OURS,
    },
    "processes": {"id": OURS, "kind": OURS, "version": OURS},
    "programs": {"terms": MERCHANTS},
    "rates": {"word_hash": OURS},
    "runs": {"kind": OURS, "state": OURS, "checkpoint": OURS, "message": OURS},
    "shops": dict.fromkeys(
        (
            "platform",
            "address",
            "addresses",
            "sign_hash",
            "key",
            "name",
            "currency",
            "currencies",
            "timezone",
            "mark_kind",
            "state",
            "tokens_sealed",
            "other_version",
            "declared_word",
            "withholds",
            "not_allowed",
        ),
        MERCHANTS,
    )
    | {"erased_rows": OURS},
    "spent": {"word_hash": OURS},
    "strays": {"platform": OURS, "topic": OURS},
    "tallies": {"name": OURS, "labels": OURS},
    "visits": {"sitting_hash": OURS, "record": "the merchant's language and what the next page says"},
}
