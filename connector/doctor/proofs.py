"""The proofs of what was done under privacy law: whether each still says what it said when it was written."""

from __future__ import annotations

from collections.abc import Iterator

from connector.doctor.findings import Finding
from connector.house import House
from connector.store import proofs as kept

_ABOUT = "privacy requests"


def proofs(house: House) -> Iterator[Finding]:
    """Yield what is wrong with the chain of any merchant, or that all is as it was written."""
    sound = True
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            broken = kept.broken(tx)
        if broken:
            sound = False
            yield Finding(
                "privacy.proofs",
                _ABOUT,
                False,
                f"the proofs {', '.join(map(str, broken[:5]))} of merchant {merchant_id} do not fit what they say",
                "Rows of the table privacy, or SECRET_KEY, were changed; compare with a backup.",
            )
    if sound:
        yield Finding("privacy.proofs", _ABOUT, True, "every proof is as it was written")
