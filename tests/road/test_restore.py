"""A backup, a lost database, a restore: what happened in between comes back by itself, and nothing comes twice."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from judge import differences, shown

from connector import backup, rounds
from connector.flow import redeeming
from connector.loyalty.terms import CurrencyTerms, NthOrder, Redeemable, Reward, Terms, Tier
from connector.secrets import KeyRing
from connector.store.dump import CannotDump

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"), CurrencyTerms("USD", rate=800_000)),
    hold_days=3,
    tiers=(Tier("Silver", 50_00, "restore-silver"),),
    nth_orders=(NthOrder("second", "Free shipping on the second order", 1, Reward("free_shipping")),),
    redeemables=(
        Redeemable("five-off", "5.00 off", 100, Reward("amount", 5_00)),
        Redeemable("ten-off", "10.00 off", 180, Reward("amount", 10_00)),
    ),
)


class Story:
    """What people do in both shops; every order is of 250.00 and thirty days old."""

    def __init__(self, street: Any) -> None:
        self._street, self._said = street, 0

    def customer(self, shop: str, name: str) -> str:
        at = (self._street.house.now() - timedelta(days=60)).isoformat()
        words = {"email": f"{name}@restore.example", "first_name": "Noor", "last_name": "Canary"}
        return str(self._street.keepers[shop].does("customers", verified=True, at=at, **words)["id"])

    def buys(self, shop: str, customer: str, days: int = 30, **words: Any) -> str:
        at = (self._street.house.now() - timedelta(days=days)).isoformat()
        lines = [{"title": "Soap", "quantity": 1, "price": "250.00"}]
        keeper = self._street.keepers[shop]
        made = keeper.does("orders", customer_id=customer, at=at, lines=lines, paid=True, **words)
        self.tells(shop, made["id"])
        return str(made["id"])

    def tells(self, shop: str, order: str) -> None:
        """Bring to the door what the shop has to say about it."""
        self._said += 1
        for letter in self._street.letters():
            assert self._street.brings(letter) == 200
        if shop == "magento":
            assert self._street.hints(f"hint-{self._said}", order_id=int(order)) == 200

    def exchanges(self, shop: str, customer: str, key: str, act: str) -> str:
        self._street.works()
        house, shop_id = self._street.house, self._street.shop_ids[shop]
        with house.database.merchant(self._street.merchant_id) as tx:
            from connector.store import people

            [member] = people.members_of(tx, shop_id, [customer])
            code = redeeming.redeem(tx, member, shop_id, customer, key, act, "staff", house.now()).code
        self._street.works()
        return code


def sums(street: Any) -> dict[int, int]:
    """Points by member, nobody's zero."""
    with street.house.database.merchant(street.merchant_id) as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT member_id, sum(points)::int FROM entries GROUP BY member_id HAVING sum(points) <> 0"
        ).all()
    return {row[0]: row[1] for row in rows}


def by_email_points(street: Any, shop: str, customer: str) -> int:
    with street.house.database.merchant(street.merchant_id) as tx:
        return int(
            tx.connection.exec_driver_sql(
                "SELECT m.balance FROM members m JOIN customers c ON c.member_id = m.id"
                " WHERE c.shop_id = %(s)s AND c.id = %(c)s",
                {"s": street.shop_ids[shop], "c": customer},
            ).scalar_one()
        )


def live(street: Any, shop: str) -> set[str]:
    return {one["code"] for one in street.keepers[shop].coupons() if one["live"] and not one["used"]}


def forgets(street: Any, customer: str, orders: list[str]) -> None:
    """Let the gift shop ask to forget somebody, by the law's own message."""
    from street import Letter

    body = msgspec.json.encode(
        {
            "shop_id": 1,
            "shop_domain": street.gifts.domain,
            "customer": {"id": int(customer), "email": "bea@restore.example", "phone": None},
            "orders_to_redact": [int(order) for order in orders],
        }
    )
    now = street.house.now().isoformat()
    assert street.brings(Letter("customers/redact", body, now), id=f"redact-{customer}") == 200


def reads_again(street: Any) -> list[int]:
    """What the sweep does after a restore: a window, then all of it until the codes are accounted for."""
    found = []
    for kind in ("window", "full", "full"):
        for shop_id in street.shop_ids.values():
            run = rounds.reconcile(street.house, street.merchant_id, shop_id, kind)
            assert run is not None
            found.append(run.differences)
        street.works()
        street.works()
    return found


def test_after_a_restore_all_that_happened_since_is_back_and_nothing_is_given_twice(
    street: Any, tmp_path: Path
) -> None:
    street.house = msgspec.structs.replace(
        street.house,
        settings=msgspec.structs.replace(street.house.settings, forgotten_log=tmp_path / "forgotten.log"),
    )
    street.opens(TERMS, "shopify", "magento")
    story = Story(street)
    street.keepers["shopify"].does("faults", hold=True)
    anna, bea, cas = (story.customer("shopify", name) for name in ("anna", "bea", "cas"))
    dirk, els = story.customer("magento", "dirk"), story.customer("magento", "els")
    refunded = story.buys("shopify", anna)
    beas = story.buys("shopify", bea)
    story.buys("shopify", cas)
    for customer in (dirk, els):
        story.buys("magento", customer)
    street.works()
    old_code = story.exchanges("shopify", cas, "five-off", "before")

    file = tmp_path / "house.backup"
    backup.make(street.house, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    street.keepers["shopify"].does(
        f"orders/{refunded}/refund", at=street.house.now().isoformat(), lines=[{"line": 0, "quantity": 1}]
    )
    story.tells("shopify", refunded)
    story.buys("shopify", cas, 10)  # their second order: a free shipping
    used_gift, used_music = (
        story.exchanges("shopify", cas, "ten-off", "used-1"),
        story.exchanges("magento", dirk, "five-off", "used-2"),
    )
    unused = story.exchanges("magento", els, "five-off", "unused")
    story.buys("shopify", cas, 0, codes=[used_gift])
    story.buys("magento", dirk, 0, codes=[used_music])
    street.works()
    forgets(street, bea, [beas])
    street.works()
    assert not differences(street.house, street.merchant_id, street.keepers, street.house.now())
    before = sums(street)
    points = {name: by_email_points(street, *who) for name, who in whereabouts(anna, cas, dirk, els).items()}
    codes = {shop: live(street, shop) for shop in street.keepers}
    assert (points["els"], unused in codes["magento"]) == (150, True)

    street.house.database.close()
    done = backup.restore(street.house, file, replace=True)
    assert (done.shops, done.forgotten > 0) == (2, True)
    assert sums(street) != before, "the restore brought nothing back to an earlier state"
    reads_again(street)

    found = differences(street.house, street.merchant_id, street.keepers, street.house.now())
    assert not found, shown(found)
    after = {name: by_email_points(street, *who) for name, who in whereabouts(anna, cas, dirk, els).items()}
    # Els has the points again, and the code is dead; for the others nothing has changed.
    assert after == points | {"els": points["els"] + 100}
    assert live(street, "magento") == codes["magento"] - {unused}
    assert live(street, "shopify") == codes["shopify"]
    assert old_code in codes["shopify"]
    with street.house.database.merchant(street.merchant_id) as tx:
        row = tx.connection.exec_driver_sql(
            "SELECT email_sealed, name_sealed, email_hash, id FROM customers WHERE forgotten_at IS NOT NULL"
        ).one()
    assert row[:3] == (None, None, None)
    assert row.id != bea
    log = (tmp_path / "forgotten.log").read_text()
    assert "restore.example" not in log
    assert bea not in log
    for shop_id in street.shop_ids.values():
        run = rounds.reconcile(street.house, street.merchant_id, shop_id, "full")
        assert run is not None
        assert run.differences == 0


def whereabouts(anna: str, cas: str, dirk: str, els: str) -> dict[str, tuple[str, str]]:
    return {
        "anna": ("shopify", anna),
        "cas": ("shopify", cas),
        "dirk": ("magento", dirk),
        "els": ("magento", els),
    }


def test_a_restore_refuses_what_it_cannot_put_back_whole(street: Any, tmp_path: Path) -> None:
    street.opens(TERMS, "magento")
    file = tmp_path / "house.backup"
    backup.make(street.house, file)
    house = street.house
    house.database.close()
    with pytest.raises(CannotDump, match="--replace"):
        backup.restore(house, file, replace=False)
    with pytest.raises(CannotDump, match="is there already"):
        backup.make(house, file)
    (tmp_path / "letter").write_text("Dear restore,")
    with pytest.raises(CannotDump, match="pg_restore"):
        backup.restore(house, tmp_path / "letter", replace=True)
    house.database.close()
    other = KeyRing({"k1": b"k" * 32}, house.settings.secret_key)
    stranger = msgspec.structs.replace(house, database=_with(house.database, other))
    with pytest.raises(CannotDump, match="ENCRYPTION_KEYS"):
        backup.restore(stranger, file, replace=True)
    elsewhere = KeyRing(house.settings.encryption_keys, b"s" * 40)
    with pytest.raises(CannotDump, match="SECRET_KEY"):
        backup.restore(
            msgspec.structs.replace(house, database=_with(house.database, elsewhere)), file, replace=True
        )
    with house.database.everyone(), pytest.raises(CannotDump, match="stop web and workers"):
        backup.restore(house, file, replace=True)
    file.write_bytes(file.read_bytes()[:-2000])
    house.database.close()
    with pytest.raises(CannotDump):
        backup.restore(house, file, replace=True)
    assert house.problem() is None, "the house that was there is there still"
    assert list(sums(street)) == []


def _with(database: Any, ring: KeyRing) -> Any:
    from connector.store.database import Database

    made = Database(str(database.engine.url), ring)
    made.engine = database.engine
    return made
