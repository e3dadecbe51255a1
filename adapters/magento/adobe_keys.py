"""The public keys of Adobe I/O Events: fetched from the one host that has them, by the paths that events name."""

from datetime import datetime, timedelta

import msgspec
import requests
from urllib3.exceptions import HTTPError

from connector.port import Refused, TryLater, cut_off_after

from . import network
from .hints import io_events, rsa
from .keys import Keys, Learned

HOST = "https://static.adobeioevents.com"
LASTS = timedelta(days=1)
MOST = 4  # keys kept of one shop: two sign at a time, and change one by one
MOST_BYTES = 8 * 1024  # a key of 16,384 bits has less than 3 KB
TIMEOUTS = (3.0, 10.0)
WHOLE_CALL = 15.0


def fetched(path: str, allowed: frozenset[str]) -> str:
    """Return the key at this path, in PEM; raise TryLater where it does not come, Refused where it is none."""
    if not io_events.PATH.fullmatch(path):
        raise Refused("Adobe keeps no key at this path.")
    try:
        with (
            cut_off_after(WHOLE_CALL),
            network.session(allowed).get(
                HOST + path, timeout=TIMEOUTS, allow_redirects=False, stream=True
            ) as answer,
        ):
            found = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, HTTPError, TimeoutError) as error:
        raise TryLater("Adobe's key cannot be fetched.") from error
    if answer.status_code != 200:
        raise TryLater("Adobe's key cannot be fetched.")
    pem = found.decode("ascii", "replace")
    try:
        rsa.key(pem if len(found) <= MOST_BYTES else "")
    except rsa.NoKey as error:
        raise Refused("Adobe keeps no key at this path.") from error
    return pem


def learned(keys: Keys, path: str, pem: str, now: datetime) -> Keys:
    """Return the keys with this one, for a day; the oldest goes where there are too many."""
    new = Learned(path, pem, int((now + LASTS).timestamp()))
    kept = [each for each in keys.adobe.learned if each.path != path][-(MOST - 1) :]
    return msgspec.structs.replace(keys, adobe=msgspec.structs.replace(keys.adobe, learned=(*kept, new)))


def is_known(keys: Keys, path: str, now: datetime) -> bool:
    """Tell whether the key is there and holds."""
    return any(each.path == path and now.timestamp() < each.until for each in keys.adobe.learned)
