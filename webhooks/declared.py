"""Messages that a platform sends because a file told it to.

What stands in such files no platform lists. So each file names an address of its own, and a message that comes there shows
that this very file holds.
"""

from datetime import datetime, timedelta

import structlog

from connector.house import House
from connector.port import Delivery
from connector.store import heard, inbox, queue

# A shop that is connected again has shown nothing yet: what was noted of it must not hide its first message for long.
_EVERY = timedelta(minutes=1)
_log = structlog.get_logger()


class Declared:
    """What this process has noted of the files of shops: a storm of webhooks must not queue at one row."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._noted: dict[int, tuple[str, datetime]] = {}

    def hear(self, sender: inbox.Sender, delivery: Delivery, now: datetime) -> None:
        """Note by which file the message came, if by any; where that is news, have its shop's subscriptions looked over."""
        word, noted_at = self._noted.get(sender.shop_id, ("", now))
        if not delivery.declared or (word == delivery.declared and now - noted_at < _EVERY):
            return
        sent_at = min(delivery.triggered_at or now, now)
        with self._house.database.merchant(sender.merchant_id) as tx:
            news = heard.declared(tx, sender.shop_id, delivery.declared, sent_at)
            if news:
                queue.subscribe(tx.connection, sender.merchant_id, sender.shop_id)
        self._noted[sender.shop_id] = (delivery.declared, now)
        if news:
            _log.info("declared webhooks", shop_id=sender.shop_id, topic=delivery.topic)
