"""The encryption keys: which of them still seal something, and which one is missing."""

from __future__ import annotations

from collections.abc import Iterator

from connector import rotation
from connector.doctor.findings import Finding
from connector.house import House

_ABOUT = "encryption keys"


def keys(house: House) -> Iterator[Finding]:
    """Yield what is to be said of each key but the newest."""
    uses = rotation.uses(house)
    for key_id, count in uses.missing.items():
        yield Finding(
            "keys",
            _ABOUT,
            False,
            f"{count} words are sealed with the key {key_id}, which ENCRYPTION_KEYS does not list",
            f"Add {key_id} with its key at the end of ENCRYPTION_KEYS; without it these words cannot be opened.",
        )
    for key_id, count in uses.old.items():
        if count:
            says = f"{key_id} still seals {count} words, {uses.newest} the others"
            yield Finding("keys", _ABOUT, True, says, "`comeback rotate-keys` seals them again.")
        else:
            drop = f"Drop {key_id} from ENCRYPTION_KEYS once every process has been started with {uses.newest} in front."
            yield Finding("keys", _ABOUT, True, f"{key_id} seals nothing any more", drop)
    if not uses.old and not uses.missing:
        yield Finding("keys", _ABOUT, True, f"{uses.newest} seals everything")
