"""What is heard of shops at the door: when, in which version, signed with which secret, sent by which file; and strays."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store.database import Tx
from connector.store.shops import DECLARED_HOLDS
from connector.store.tables import shops, strays

_HEARD_EVERY = timedelta(seconds=5)
_ODD_EVERY = timedelta(minutes=1)
_DECLARED_EVERY = timedelta(hours=1)


def before(now: datetime) -> datetime:
    """Return before when a shop's last delivery must lie to be noted anew.

    To the nearest few seconds: a shop's storm of webhooks must not queue at its one row.
    """
    return now - _HEARD_EVERY


def oddly(tx: Tx, shop_id: int, other_version: str, old_secret: bool, now: datetime) -> None:
    """Note that a webhook came in another version than ours, or was signed with the secret before the last rotation."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
    if other_version:
        seen = shops.c.other_version_at.is_(None) | (shops.c.other_version_at < now - _ODD_EVERY)
        new = {"other_version": other_version, "other_version_at": now}
        tx.run(update(shops).where(*mine, seen | (shops.c.other_version != other_version)).values(**new))
    if old_secret:
        # A pause of a day ends a rotation; what comes after it belongs to the next one.
        anew = shops.c.old_secret_at.is_(None) | (shops.c.old_secret_at < now - timedelta(days=1))
        since = case((anew, now), else_=shops.c.old_secret_since)
        seen = shops.c.old_secret_at.is_(None) | (shops.c.old_secret_at < now - _ODD_EVERY)
        tx.run(update(shops).where(*mine, seen).values(old_secret_since=since, old_secret_at=now))


def declared(tx: Tx, shop_id: int, word: str, sent_at: datetime) -> bool:
    """Note that a message came which a file told the platform to send; return whether that is news.

    A message that set out before the last one noted was long on its way, and says nothing of the file that holds now.
    """
    row = tx.first(
        select(shops.c.declared_word, shops.c.declared_at)
        .where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id)
        .with_for_update()
    )
    if row is None or (row.declared_at is not None and sent_at <= row.declared_at):
        return False
    anew = row.declared_word != word or sent_at - row.declared_at >= DECLARED_HOLDS
    if anew or sent_at - row.declared_at >= _DECLARED_EVERY:
        mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
        tx.run(update(shops).where(*mine).values(declared_word=word, declared_at=sent_at))
    return bool(anew)


def stray(connection: Connection, platform: str, topic: str, now: datetime) -> None:
    """Count a good message for a shop we do not know."""
    row = upsert(strays).values(platform=platform, topic=topic[:80], count=1, last_at=now)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["platform", "topic"], set_={"count": strays.c.count + 1, "last_at": now}
        )
    )
