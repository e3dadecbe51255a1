"""The encryption keys: which of them still seal something, which one is missing, and which does not open what it sealed."""

from __future__ import annotations

from collections.abc import Iterator

from connector import rotation
from connector.doctor.findings import Finding
from connector.house import House
from connector.store.sealed import Shut

_ABOUT = "encryption keys"


def keys(house: House) -> Iterator[Finding]:
    """Yield what is to be said of each key but the newest, and of what none opens."""
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
    for shut in uses.shut:
        yield Finding("keys", _ABOUT, False, rotation.tell(shut), _cure(shut))
    if not uses.old and not uses.missing and not uses.shut:
        yield Finding("keys", _ABOUT, True, f"{uses.newest} seals everything")


def _cure(shut: Shut) -> str:
    if shut.key_id and shut.count == shut.looked_at:
        return f"Set {shut.key_id} in ENCRYPTION_KEYS as it was when it sealed them, and start every process again."
    return "They were changed in the database, or sealed by a process with another key of that id; a backup may hold them."
