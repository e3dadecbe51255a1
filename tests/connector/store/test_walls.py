"""The walls between merchants: every table there is, and every one to come, bound, unbound and across."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import ForeignKeyConstraint, Table, create_engine, insert, text
from sqlalchemy.exc import DBAPIError

from connector.secrets import KeyRing
from connector.store import health, migrate, purchases, walls
from connector.store.database import Database, Tx
from connector.store.postgres import OWNER, Server
from connector.store.tables import metadata

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RING = KeyRing({"k1": b"k" * 32}, b"p" * 40)
OURS, THEIRS = 1, 2
CLOSED = {table.name: (table, column) for table, column in walls.closed()}

# Unique keys that may not lead with the merchant: what they hold is looked up before the merchant is known.
KEYS_OF_ALL = {
    ("merchants", "merchants_pkey"): "the merchant's own number",
    ("passes", "passes_pkey"): "a one-time word says whose it is",
    ("logins", "logins_name_hash_key"): "who signs in says a name before anybody knows whose it is",
    ("shops", "shops_id_key"): "jobs and webhook addresses name a shop by its number",
    ("shops", "shops_platform_address_key"): "a shop belongs to one merchant",
    ("shops", "shops_key_key"): "the word in a webhook's address says whose it is",
    ("strays", "strays_pkey"): "counts messages for nobody we know",
    ("spent", "spent_pkey"): "random words, hashed, that no merchant chooses",
    ("rates", "rates_pkey"): "words with the shop's number in them, hashed",
    ("pending", "pending_pkey"): "words of a platform about a shop that nobody here has yet, hashed",
    ("tallies", "tallies_pkey"): "counts for a monitor, over all merchants",
    ("processes", "processes_pkey"): "signs of life of our own processes",
    ("backups", "backups_pkey"): "when backups of the whole house were made",
}
OPEN_TABLES = {
    "strays": "counts messages for nobody we know; nothing of a merchant in it",
    "tallies": "counts for a monitor; their labels are closed sets",
    "processes": "signs of life of our own processes",
    "spent": "random words, hashed, that were good once; nothing of a merchant in it",
    "rates": "how often somebody came within a minute, by a hash; nothing of a merchant in it",
    "pending": "what a shop's connecting needs for minutes, sealed; nothing of a merchant in it",
    "backups": "when backups of the whole house were made; nothing of a merchant in it",
}


def row(table: Table, merchant_id: int) -> dict[str, Any]:
    """A row for one merchant; references lead to that merchant's row 1 (or "1") of the other table."""
    found: dict[str, Any] = {}
    parents = {
        one.parent.name
        for key in table.constraints
        if isinstance(key, ForeignKeyConstraint)
        for one in key.elements
    }
    for column in table.columns:
        kind = column.type.python_type
        if column.name == "merchant_id" or (table.name == "merchants" and column.name == "id"):
            found[column.name] = merchant_id
        elif column.name == "id" or column.name in parents:
            found[column.name] = merchant_id if kind is int else str(merchant_id)
        elif column.nullable:
            continue
        else:
            words = {int: 1, str: f"w{merchant_id}", bytes: b"%d" % merchant_id, bool: False}
            words |= {datetime: NOW, timedelta: timedelta(0)}
            other = [] if column.name in ("lines", "about") else ["CODE"] if kind is list else {}
            found[column.name] = words.get(kind, other)
    return found


@pytest.fixture(scope="module")
def urls(postgres: Server, template: str) -> Iterator[tuple[str, str]]:
    """A database in which two merchants have a row in every table: addresses of the application and of the owner."""
    name = "walls"
    _admin(postgres, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
    owner_url = postgres.url_of(OWNER, name)
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for merchant_id in (OURS, THEIRS):
                if table.name in CLOSED and table.name != "code_uses":  # triggers have filled that one
                    connection.execute(insert(table).values(row(table, merchant_id)))
    engine.dispose()
    yield postgres.url_of("comeback_app", name), owner_url
    _admin(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _admin(server: Server, statement: str) -> None:
    url = server.url_of("postgres", "postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def app(urls: tuple[str, str]) -> Iterator[Database]:
    """The database as the application sees it, on one connection that transactions share."""
    made = Database(urls[0], RING, pool_size=1)
    yield made
    made.close()


@pytest.fixture
def owner(urls: tuple[str, str]) -> Iterator[Database]:
    made = Database(urls[1], RING, pool_size=1)
    yield made
    made.close()


def seen(tx: Tx, name: str) -> list[int]:
    table, column = CLOSED[name]
    return sorted(set(tx.run(text(f"SELECT {column} FROM {table.name}")).scalars()))


@pytest.mark.parametrize("name", CLOSED)
def test_bound_to_one_merchant_nothing_of_the_other_is_read(
    app: Database, owner: Database, name: str
) -> None:
    with owner.engine.begin() as connection:
        assert seen(Tx(connection, 0, RING), name) == [OURS, THEIRS], "both have rows, or this shows nothing"
    for merchant_id in (OURS, THEIRS):
        with app.merchant(merchant_id) as tx:
            assert seen(tx, name) == [merchant_id]
        with owner.merchant(merchant_id) as tx:
            assert seen(tx, name) == [merchant_id], "even the owner, when bound"


@pytest.mark.parametrize("name", CLOSED)
def test_bound_to_one_merchant_nothing_of_the_other_is_changed_deleted_or_written(
    app: Database, owner: Database, name: str
) -> None:
    table, column = CLOSED[name]
    for merchant_id, other in ((OURS, THEIRS), (THEIRS, OURS)):
        for database in (app, owner):
            for statement in (
                f"UPDATE {name} SET {column} = {column} WHERE {column} = {other}",
                f"DELETE FROM {name} WHERE {column} = {other}",
            ):
                assert _touched(database, merchant_id, statement) in (0, "permission denied")
            taken = f"UPDATE {name} SET {column} = {other} WHERE {column} = {merchant_id}"
            assert _touched(database, merchant_id, taken) in ("wall", "permission denied", "ledger")
            with pytest.raises(DBAPIError, match="row-level security"), database.merchant(merchant_id) as tx:
                tx.run(insert(table).values(row(table, other) | _fresh(table)))


def _fresh(table: Table) -> dict[str, Any]:
    return {} if "id" not in table.c or table.name == "merchants" else {"id": 99}


def _touched(database: Database, merchant_id: int, statement: str) -> int | str:
    """How many rows a statement reached, or what kept it from reaching any."""
    try:
        with database.merchant(merchant_id) as tx:
            found = tx.run(text(statement)).rowcount
            tx.connection.rollback()
            return found
    except DBAPIError as error:
        said = str(error.orig)
        words = {
            "row-level security": "wall",
            "permission denied": "permission denied",
            "never changed": "ledger",
        }
        return next((word for part, word in words.items() if part in said), said)


@pytest.mark.parametrize("name", CLOSED)
def test_without_a_merchant_nothing_is_seen_before_and_after_a_transaction_that_had_one(
    urls: tuple[str, str], name: str
) -> None:
    fresh = Database(urls[0], RING, pool_size=1)
    with fresh.engine.begin() as connection:
        assert seen(Tx(connection, 0, RING), name) == []
    with fresh.merchant(OURS) as tx:
        assert seen(tx, name) == [OURS]
    with fresh.engine.begin() as connection:
        # On the same connection the setting is an empty text now, no longer nothing.
        assert connection.execute(text("SELECT current_setting('comeback.merchant', true)")).scalar() == ""
        assert seen(Tx(connection, 0, RING), name) == []
    with fresh.everyone() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE merchants SET name = name"))
    fresh.close()


@pytest.mark.parametrize("name", CLOSED)
def test_across_merchants_only_what_finding_takes_is_seen_and_nothing_sealed(
    app: Database, name: str
) -> None:
    table, column = CLOSED[name]
    may = walls.ACROSS.get(name, ())
    assert (_asked(app, f"SELECT {column} FROM {name}") == [OURS, THEIRS]) is ("SELECT" in may)
    for one in table.columns:
        if one.name.endswith(("_sealed", "_hash")) and (name, one.name) not in (
            ("passes", "word_hash"),
            ("logins", "name_hash"),
            ("shops", "sign_hash"),
        ):
            assert _asked(app, f"SELECT {one.name} FROM {name}") == "permission denied"
    for word, statement in (
        ("UPDATE", f"UPDATE {name} SET {column} = {column}"),
        ("DELETE", f"DELETE FROM {name}"),
        ("INSERT", f"INSERT INTO {name} SELECT * FROM {name}"),
    ):
        if word not in may:
            assert _asked(app, statement) == "permission denied", word


def _asked(database: Database, statement: str) -> list[int] | str:
    try:
        with database.everyone() as connection:
            return sorted(set(connection.execute(text(statement)).scalars()))
    except DBAPIError as error:
        return "permission denied" if "permission denied" in str(error.orig) else str(error.orig)


def test_what_is_found_across_merchants_becomes_a_transaction_of_one(app: Database) -> None:
    from connector.store.database import bind

    with app.everyone() as connection:
        bind(connection, OURS)
        tx = Tx(connection, OURS, RING)
        assert seen(tx, "orders") == [OURS]
        assert tx.value(text("SELECT current_user")) == "comeback_app"
        bind(connection, THEIRS)
        assert seen(tx, "orders") == [THEIRS]


def test_a_booked_entry_is_neither_changed_nor_deleted_even_by_its_own_merchant(
    app: Database, owner: Database
) -> None:
    for statement in ("UPDATE entries SET points = 7", "DELETE FROM entries"):
        assert _touched(app, OURS, statement) == "permission denied"
    assert _touched(owner, OURS, "UPDATE entries SET points = 7") == "ledger"


def test_every_table_with_a_merchant_is_closed_and_no_other_table_is_unexplained(owner: Database) -> None:
    assert set(metadata.tables) - set(CLOSED) == set(OPEN_TABLES)
    with owner.engine.connect() as connection:
        assert walls.gaps(connection) == []
        there = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        ours = {one for one in there if not one.startswith("procrastinate_")} - {"alembic_version"}
    assert ours == set(metadata.tables), "a table that the metadata does not know has no wall either"


def test_the_merchant_leads_every_key_and_every_reference(owner: Database) -> None:
    for table, column in walls.closed():
        assert not table.c[column].nullable, table.name
    with owner.engine.connect() as connection:
        keys = connection.execute(text(_KEYS)).all()
        references = connection.execute(text(_REFERENCES)).all()
    odd = {(one.table, one.key) for one in keys if one.first != "merchant_id"}
    odd = {one for one in odd if not one[0].startswith("procrastinate_") and one[0] != "alembic_version"}
    assert odd == set(KEYS_OF_ALL)
    for one in references:
        first = "id" if one.other == "merchants" else "merchant_id"
        assert (one.first, one.other_first) == ("merchant_id", first), one


_KEYS = """
SELECT t.relname AS table, i.relname AS key, a.attname AS first
  FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
 WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace
"""
_REFERENCES = """
SELECT t.relname AS table, o.relname AS other, a.attname AS first, b.attname AS other_first
  FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class o ON o.oid = c.confrelid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
  JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = c.confkey[1]
 WHERE c.contype = 'f' AND t.relname NOT LIKE 'procrastinate%'
"""


def test_the_wall_is_asked_once_a_statement_and_a_code_is_found_by_its_index(app: Database) -> None:
    with app.merchant(OURS) as tx:
        assert [one.order.id for one in purchases.with_codes(tx, ["CODE"])] == [str(OURS)]
        tx.run(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            tx.run(
                text("EXPLAIN SELECT order_id FROM code_uses WHERE merchant_id = 1 AND code IN ('A', 'B')")
            ).scalars()
        )
    assert "One-Time Filter: (((InitPlan 1).col1)::bigint = 1)" in plan, plan
    assert "Index Cond" in plan
    assert "code = ANY" in plan.partition("Index Cond")[2], plan


def test_the_codes_of_an_order_are_found_as_it_stands_now(app: Database) -> None:
    with app.merchant(OURS) as tx:
        tx.run(text("UPDATE orders SET coupon_codes = '{A,B,B}'"))
        assert sorted(tx.run(text("SELECT code FROM code_uses")).scalars()) == ["A", "B"]
        tx.run(text("UPDATE orders SET coupon_codes = '{}'"))
        assert tx.run(text("SELECT code FROM code_uses")).scalars().all() == []
        tx.connection.rollback()


def test_a_filled_database_of_the_first_versions_is_migrated_whole(postgres: Server) -> None:
    _admin(postgres, f"CREATE DATABASE old OWNER {OWNER}")
    owner_url = postgres.url_of(OWNER, "old")
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        there = set(
            connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        )
        for table in metadata.sorted_tables:
            for merchant_id in (OURS, THEIRS):
                if table.name in CLOSED and table.name in there:
                    known = set(
                        connection.execute(
                            text(
                                "SELECT column_name FROM information_schema.columns WHERE table_name = :name"
                            ),
                            {"name": table.name},
                        ).scalars()
                    )
                    words = {name: word for name, word in row(table, merchant_id).items() if name in known}
                    connection.execute(insert(table).values(words))
    engine.dispose()
    migrate.upgrade(owner_url)
    migrate.upgrade(owner_url)  # twice is harmless
    new = Database(postgres.url_of("comeback_app", "old"), RING)
    assert health.problem(new.engine) is None
    with new.merchant(THEIRS) as tx:
        assert tx.run(text("SELECT merchant_id, order_id, code FROM code_uses")).all() == [(2, "2", "CODE")]
        assert seen(tx, "orders") == [THEIRS]
    new.close()
    _admin(postgres, "DROP DATABASE old WITH (FORCE)")


def test_a_role_that_walls_do_not_hold_is_refused_with_what_to_do(
    postgres: Server, urls: tuple[str, str]
) -> None:
    assert _problem(urls[0]) is None
    assert "comeback_owner, who owns the tables" in (_problem(urls[1]) or "")
    said = _problem(postgres.url_of("postgres", "walls")) or ""
    assert "postgres, whom row-level security does not hold" in said
    assert "DATABASE_OWNER_URL" in said
    _admin(
        postgres, "CREATE ROLE heir LOGIN; GRANT comeback_everyone TO heir; GRANT pg_read_all_data TO heir"
    )
    assert "GRANT comeback_everyone TO heir WITH INHERIT FALSE" in (
        _problem(postgres.url_of("heir", "walls")) or ""
    )
    _admin(postgres, "DROP ROLE heir")
    _admin(postgres, "CREATE ROLE lonely LOGIN; GRANT pg_read_all_data TO lonely")
    assert "lonely may not become comeback_everyone" in (_problem(postgres.url_of("lonely", "walls")) or "")
    _admin(postgres, "DROP ROLE lonely")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY merchant ON members",
        "ALTER POLICY merchant ON orders USING (true)",
        "ALTER POLICY owner ON orders TO PUBLIC",
        'CREATE POLICY "More, please" ON customers USING (true)',
        "CREATE POLICY everyone_select ON customers FOR SELECT TO comeback_everyone USING (true)",
    ],
)
def test_a_wall_that_is_not_as_we_put_it_up_is_named_and_put_up_again_by_migrating(
    urls: tuple[str, str], statement: str
) -> None:
    _as_owner(urls, statement)
    table = "orders" if "orders" in statement else "members" if "members" in statement else "customers"
    assert _problem(urls[0]) == (
        f"Tables without row-level security as it should be: {table}; run `comeback migrate`."
    )
    migrate.upgrade(urls[1])
    assert _problem(urls[0]) is None


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "GRANT UPDATE, DELETE ON entries TO comeback_app",
            "comeback_app may DELETE entries, comeback_app may UPDATE",
        ),
        ("GRANT UPDATE (points) ON entries TO comeback_app", "comeback_app may UPDATE entries"),
        (
            "GRANT UPDATE ON notices TO PUBLIC",
            "comeback_app may UPDATE notices, comeback_everyone may UPDATE notices",
        ),
        ("GRANT TRUNCATE ON orders TO comeback_app", "comeback_app may TRUNCATE orders"),
        ("GRANT UPDATE ON alembic_version TO comeback_app", "comeback_app may UPDATE alembic_version"),
        ("GRANT DELETE ON backups TO comeback_app", "comeback_app may DELETE backups"),
        ("GRANT SELECT ON customers TO comeback_everyone", "comeback_everyone may SELECT customers"),
        (
            "GRANT SELECT (email_sealed) ON customers TO comeback_everyone",
            "comeback_everyone may SELECT customers",
        ),
        ("GRANT SELECT ON shops TO comeback_everyone", "comeback_everyone may SELECT shops.tokens_sealed"),
        ("GRANT UPDATE ON backups TO comeback_everyone", "comeback_everyone may UPDATE backups"),
    ],
)
def test_a_right_too_many_is_named_and_taken_back_by_migrating(
    urls: tuple[str, str], statement: str, says: str
) -> None:
    _as_owner(urls, statement)
    assert (_problem(urls[0]) or "").startswith(f"More is allowed than should be: {says}")
    migrate.upgrade(urls[1])
    assert _problem(urls[0]) is None


def _as_owner(urls: tuple[str, str], statement: str) -> None:
    with psycopg.connect(urls[1].replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_migrating_leaves_walls_that_stand_alone(urls: tuple[str, str], owner: Database) -> None:
    def policies() -> list[int]:
        with owner.engine.connect() as connection:
            return list(connection.execute(text("SELECT oid FROM pg_policy ORDER BY oid")).scalars())

    before = policies()
    migrate.upgrade(urls[1])
    assert policies() == before


def _problem(url: str) -> str | None:
    database = Database(url, RING)
    try:
        return health.problem(database.engine)
    finally:
        database.close()
