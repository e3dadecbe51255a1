"""The shops: whether each answers, with which rights, whom it sends its webhooks, and what its clock says. Side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from queue import Empty, Queue

from connector.doctor.findings import Finding, skew
from connector.house import House
from connector.port import Condition, Platform, Refused, ShopError, Unauthorized
from connector.secrets import CannotOpen
from connector.store import health, runs
from connector.store import shops as kept
from connector.store.shops import Shop
from webhooks import subscriptions

PATIENCE = 15.0  # seconds for all shops together
AT_ONCE = 16
_LONG_WAIT = timedelta(minutes=5)  # shorter ones are how shops keep us to their limits
_QUIET = timedelta(days=2)
_UNREAD = timedelta(hours=1)  # a shop that is polled is read every few minutes
_ENDING = timedelta(days=60)  # renewed once a week, an access of 90 days never has so little left
_TICK = "The merchant ticks what is named there and saves; all goes on by itself within the hour, not connected again."
_ROTATED = timedelta(hours=2)  # so long after a rotation nobody signs with the old secret any more
# What may go wrong with one shop without keeping the others from being looked at.
_TROUBLE = (ShopError, CannotOpen, ValueError, LookupError, TypeError, NotImplementedError, *health.GONE)

_Answer = Condition | Exception


def shops(house: House, patience: float) -> Iterator[Finding]:
    """Yield what is found of every shop, in the order in which they were installed."""
    with house.database.everyone() as connection:
        found = kept.everywhere(connection)
    if not found:
        names = " or ".join(f"{house.settings.public_url}/{name}" for name in house.platforms)
        yield Finding("shops", "shops", True, f"none yet; install one at {names}" if names else "none yet")
    asked = [shop for shop in found if _told(house, shop) is None]
    answers = _ask_all(house, asked, patience)
    for shop in found:
        told = _told(house, shop)
        if told is not None:
            yield told
        else:
            yield from _findings(house, shop, answers.get(shop.id))


def _told(house: House, shop: Shop) -> Finding | None:
    """Return what is known of the shop without asking it; None when it is to be asked."""
    about = f"shop {shop.address}"
    if shop.platform not in house.platforms:
        what = f"Set the variables of {shop.platform}."
        return Finding("shop.platform", about, False, "its platform is not set up", what)
    return None


def _ask_all(house: House, asked: list[Shop], patience: float) -> dict[int, _Answer]:
    """Ask the shops side by side; those that have not answered in time are not in what is returned."""
    todo: Queue[Shop] = Queue()
    done: Queue[tuple[int, _Answer]] = Queue()
    for shop in asked:
        todo.put(shop)

    def work() -> None:
        while True:
            try:
                shop = todo.get_nowait()
            except Empty:
                return
            done.put((shop.id, _ask(house, shop)))

    for _ in range(min(AT_ONCE, len(asked))):
        # A call to a shop that hangs cannot be broken off; as a daemon its thread does not keep the command from ending.
        threading.Thread(target=work, daemon=True).start()
    answers: dict[int, _Answer] = {}
    until = time.monotonic() + patience
    while len(answers) < len(asked):
        try:
            shop_id, answer = done.get(timeout=max(until - time.monotonic(), 0.0))
        except Empty:
            break
        answers[shop_id] = answer
    return answers


def _ask(house: House, shop: Shop) -> _Answer:
    try:
        house.vault(shop).read()
        return house.line(shop).examine(subscriptions.address(house.settings.public_url, shop.platform))
    except _TROUBLE as error:
        return error


def _findings(house: House, shop: Shop, answer: _Answer | None) -> Iterator[Finding]:
    about, platform = f"shop {shop.address}", house.platforms[shop.platform]
    if shop.state == "reconnect":
        yield Finding("shop.line", about, False, *_turned_away(house, shop, platform, answer))
    match answer:
        case Unauthorized() if shop.state == "reconnect":
            pass  # just said
        case None:
            yield Finding(
                "shop.line",
                about,
                False,
                "did not answer in time",
                "Look whether the shop is up; what is meant for it waits and goes out by itself.",
            )
        case Condition():
            yield from _examined(house, shop, platform, answer)
        case CannotOpen():
            yield Finding(
                "shop.keys",
                about,
                False,
                "its tokens cannot be opened with the keys that are set",
                "Add the key that sealed them to ENCRYPTION_KEYS again, behind the newest.",
            )
        case ShopError():
            yield Finding("shop.line", about, False, str(answer), _cure(house, shop, answer))
        case _:
            yield Finding(
                "shop.line",
                about,
                False,
                f"could not be asked ({type(answer).__name__})",
                "This is a fault of Comeback's own; the log says where.",
            )
    yield from _known(house, shop, platform)


def _turned_away(house: House, shop: Shop, platform: Platform, answer: _Answer | None) -> tuple[str, str]:
    """Return what stands between us and a shop that waits to be connected again, and what to do."""
    match answer:
        case Condition(missing_rights=()) if platform.polled:
            return (
                "turned us away, and lets us in again",
                "Nothing: it is tried once an hour, and goes on by itself.",
            )
        case Condition() if platform.polled:
            return "turned us away for want of a right", _TICK
        case _:
            return "no longer accepts our token", _reconnect(house, shop)


def _examined(house: House, shop: Shop, platform: Platform, found: Condition) -> Iterator[Finding]:
    about = f"shop {shop.address}"
    if shop.state == "connected":
        yield Finding("shop.line", about, True, "answers")
    if found.missing_rights:
        names = ", ".join(found.missing_rights)
        cure = _TICK if platform.polled else _reconnect(house, shop)
        yield Finding("shop.rights", about, False, f"lacks the rights {names}", cure)
    else:
        yield Finding("shop.rights", about, True, "has all the rights that Comeback needs")
    if found.withheld:
        names = " and ".join({"name": "names", "email": "e-mail addresses"}[word] for word in found.withheld)
        yield Finding(
            "shop.withheld",
            about,
            False,
            f"shows no {names} of its customers",
            "Ask the platform to let Comeback see them (it may call that protected customer data, level 2); "
            "what is known already is kept.",
        )
    for fault in found.faults:
        yield Finding("shop.settings", about, False, "is set up so that it stands in our way", fault["en"])
    for note in found.notes:
        yield Finding("shop.notes", about, True, note["en"])
    if found.missing_topics:
        names = ", ".join(found.missing_topics)
        yield Finding(
            "shop.webhooks",
            about,
            False,
            f"does not send us {names}",
            f"`comeback sync {shop.address}` asks for them again; meanwhile changes are found by reading the shop.",
        )
    elif not platform.polled:
        yield Finding("shop.webhooks", about, True, "sends us all the webhooks that Comeback wants")
    faults, heard = found.declared_faults, shop.last_delivery_at
    # Where nothing came by any road, nothing may have happened: that says nothing about the file.
    if found.file_silent and heard is not None and house.now() - heard <= _QUIET:
        faults = (*faults, "has brought no webhook of late, though others came")
    if faults:
        yield Finding(
            "shop.declared",
            about,
            False,
            f"what its platform was told of Comeback {'; '.join(faults)}",
            f"`comeback app-file {shop.platform}` writes the file as it should be; send it to the platform again.",
        )
    if found.stray_topics:
        names = ", ".join(sorted(set(found.stray_topics)))
        yield Finding(
            "shop.strays",
            about,
            False,
            f"also sends {names} twice, elsewhere or cut down",
            f"`comeback sync {shop.address}` ends these; if they come back, another installation of this app runs.",
        )
    if found.other_version:
        yield Finding(
            "shop.version",
            about,
            False,
            f"answers as version {found.other_version}, which is not the one that is set",
            "The version that is set is no longer served; bring Comeback up to date.",
        )
    if found.access_until is not None and found.access_until - house.now() < _ENDING:
        yield Finding(
            "shop.access",
            about,
            False,
            f"our access ends on {found.access_until:%Y-%m-%d} UTC and has not been renewed for weeks",
            "Look whether a worker runs: it renews the access to every shop once a week.",
        )
    if found.ahead is not None:
        yield skew("shop.clock", about, found.ahead)


def _known(house: House, shop: Shop, platform: Platform) -> Iterator[Finding]:
    """What our own rows say of the shop."""
    about, now = f"shop {shop.address}", house.now()
    if shop.breaker != "closed":
        yield Finding(
            "shop.breaker",
            about,
            False,
            f"has not answered since {shop.failing_since:%Y-%m-%d %H:%M} UTC, after {shop.failures} tries in a row",
            f"Look whether the shop is up; it is tried again at {shop.probe_at:%H:%M} UTC, and all goes on by itself.",
        )
    if shop.busy_until is not None and shop.busy_until - now > _LONG_WAIT:
        yield Finding(
            "shop.waits",
            about,
            False,
            f"asked to be left alone until {shop.busy_until:%Y-%m-%d %H:%M} UTC, and is",
            "A limit, a firewall or a maintenance page there says so (Retry-After). All goes on by itself then, and at once "
            "when the shop is connected again.",
        )
    if shop.other_version_at is not None and now - shop.other_version_at < _QUIET:
        yield Finding(
            "shop.webhook_version",
            about,
            False,
            f"sends webhooks of version {shop.other_version}, which is not the one that is set",
            "Give the app's configuration at the platform and Comeback's settings the same version.",
        )
    since, last = shop.old_secret_since, shop.old_secret_at
    if since is not None and last is not None and last - since > _ROTATED and now - last < _QUIET:
        yield Finding(
            "shop.old_secret",
            about,
            False,
            f"still signs with the secret before the last rotation, since {since:%Y-%m-%d %H:%M} UTC",
            "Set the app's present secret as the current one; the old one stays believed for an hour or so, no longer.",
        )
    if platform.polled and shop.state == "connected" and shop.seen_until and now - shop.seen_until > _UNREAD:
        yield Finding(
            "shop.unread",
            about,
            False,
            f"has not been read to its end since {shop.seen_until:%Y-%m-%d %H:%M} UTC, though it is asked every few minutes",
            "Look whether a worker runs; the log says at which answer of the shop it stops.",
        )
    with house.database.everyone() as connection:
        read = runs.newest(connection, shop.merchant_id, shop.id, "import")
    if read is not None and read.state == "failed" and shop.state == "connected":
        yield Finding(
            "shop.import",
            about,
            False,
            f"its history could not be read to the end: {read.message or 'no reason was given'}",
            f"It is tried again once an hour; `comeback sync {shop.address}` tries at once. Until it is through, nobody who "
            "bought there is given points, tags or codes.",
        )
    heard = shop.last_delivery_at
    if not platform.polled and (heard is None or now - heard > _QUIET) and now - shop.installed_at > _QUIET:
        yield Finding(
            "shop.quiet",
            about,
            False,
            "connected, but no webhook came for two days",
            f"Check that {house.settings.public_url} is reached from outside; `comeback sync {shop.address}` catches up.",
        )


def _cure(house: House, shop: Shop, error: ShopError) -> str:
    match error:
        case Unauthorized():
            return _reconnect(house, shop)
        case Refused():
            return "The shop will say so again until it is put right there, or in the settings."
        case _:
            return "Look whether the shop is up and this machine reaches it; what waits for it goes out by itself."


def _reconnect(house: House, shop: Shop) -> str:
    return f"The merchant opens {house.settings.public_url}/{shop.platform} and connects the shop again."
