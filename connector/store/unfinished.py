"""A restore that is under way, or that an older version left half done: nobody works with the house meanwhile."""

from sqlalchemy import Connection, text

# Where the house that is replaced stands until the new one does. Nobody sees it: both moves are in one transaction,
# but in older versions they were not, and a restore that was killed left it behind.
ASIDE = "before_restore"
# The first number is that of migrate's lock; it ends with the transaction, however that ends.
_BEGIN = text("SELECT pg_try_advisory_xact_lock(7203, 2)")
_FOUND = text("""
SELECT to_regnamespace(:aside) IS NOT NULL AS broken_off,
       EXISTS (SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
                WHERE locktype = 'advisory' AND classid = 7203 AND objid = 2 AND mode = 'ExclusiveLock' AND granted
                  AND pid <> pg_backend_pid()) AS under_way
""")


def begin(connection: Connection) -> bool:
    """Take the house for a restore until the transaction ends; False when another restore has it."""
    return bool(connection.execute(_BEGIN).scalar())


def found(connection: Connection) -> str | None:
    """Return why nobody may work with this house just now, with what to do; None when they may."""
    row = connection.execute(_FOUND, {"aside": ASIDE}).one()
    if row.broken_off:
        return "A restore was broken off; run `comeback restore FILE --replace` again."
    if row.under_way:
        return "A backup is being put back; wait until `comeback restore` has ended."
    return None
