"""What the doctor finds: one thing each, well or not, with what to do."""

from datetime import timedelta

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `what_to_do` is empty when it is well.

    `check` is the stable word for programs (docs/operations.md lists them); `about` names the thing itself.
    """

    check: str
    about: str
    well: bool
    says: str
    what_to_do: str = ""


def skew(check: str, whose: str, ahead: timedelta) -> Finding:
    """Say how far two clocks are apart; `ahead`: that one before ours."""
    seconds = round(ahead.total_seconds())
    if abs(ahead) <= MOST_SKEW:
        return Finding(check, whose, True, "its clock agrees with ours, to the minute")
    which = "ahead of" if seconds > 0 else "behind"
    return Finding(
        check,
        whose,
        False,
        f"its clock is {abs(seconds)} seconds {which} that of this machine",
        "Have this machine's clock kept by a time server (timedatectl shows whether it is); "
        "signatures and holds follow the clock.",
    )


MOST_SKEW = timedelta(seconds=60)
