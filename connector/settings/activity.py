"""What came from the shops and went to them, what needs a look, the checks, and requests under privacy law."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from connector.flow import again, in_person, reconciling
from connector.loyalty import calendar
from connector.settings import asked, masking, sentences
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.frame import inside
from connector.settings.tongue import _, _n
from connector.store import exports, outbox, unread
from connector.store.reading import activity as reading
from connector.store.reading import notices, privacy, runs, trace
from connector.store.reading.activity import ARRIVAL_STATES, SENDING_STATES, Wanted

_PARKED_SHOWN = 20


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the four lists and their buttons."""

    @pages.get("/settings/activity", endpoint="activity")
    def arrived() -> str:
        with visit(house) as seen:
            wanted = _wanted(seen, ARRIVAL_STATES)
            topics = reading.topics(seen.tx)
            # Whoever asks for nothing in particular would leaf through thousands that cannot be read.
            heaps = () if wanted.state or wanted.topic or wanted.words else unread.heaps(seen.tx)
            page = reading.arrivals(seen.tx, replace(wanted, heaps=heaps))
            return _show(seen, "arrived", ARRIVAL_STATES, wanted, page=page, topics=topics)

    @pages.get(f"/settings/activity/arrived/<{asked.ROW}:row_id>", endpoint="message")
    def one(row_id: int) -> str:
        with visit(house) as seen:
            try:
                found = reading.message(seen.tx, row_id)
            except LookupError:
                not_there()
            number = found.line.request_id
            return render_template(
                "message.html",
                section="activity",
                zone=seen.zone,
                shop=seen.shop(found.line.shop_id),
                message=found,
                body=_shown(found.body),
                road=trace.road(seen.tx, number) if number else None,
            )

    @pages.get("/settings/activity/sent")
    def sent() -> str:
        with visit(house) as seen:
            wanted = _wanted(seen, SENDING_STATES)
            return _show(
                seen,
                "sent",
                SENDING_STATES,
                wanted,
                page=reading.sendings(seen.tx, wanted),
                topics=outbox.KINDS,
            )

    @pages.get("/settings/activity/checks")
    def checks() -> str:
        with visit(house) as seen:
            wanted = Wanted(after=asked.number("after"))
            return _show(seen, "checks", (), wanted, page=runs.checks(seen.tx, wanted.after))

    @pages.get("/settings/activity/privacy")
    def privacy_requests() -> str:
        with visit(house) as seen:
            wanted = Wanted(after=asked.number("after"))
            open_ones = privacy.unfinished(seen.tx, _privacy_topics(house), seen.now)
            page = privacy.requests(seen.tx, wanted.after, seen.now)
            return _show(
                seen, "privacy", (), wanted, page=page, unfinished=open_ones, erasing=privacy.ERASING
            )

    @pages.get(f"/settings/activity/privacy/<{asked.ROW}:request_id>.json")
    def export(request_id: int) -> Response:
        return _download(_exported(house, request_id), "application/json", f"request-{request_id}.json")

    @pages.get(f"/settings/activity/privacy/<{asked.ROW}:request_id>.csv")
    def export_table(request_id: int) -> Response:
        table = exports.as_csv(_exported(house, request_id))
        return _download(table.encode(), "text/csv", f"request-{request_id}.csv")

    _buttons(pages, house)


def _buttons(pages: Blueprint, house: House) -> None:
    @pages.post(f"/settings/activity/arrived/<{asked.ROW}:row_id>/again")
    def apply_again(row_id: int) -> Answer:
        with visit(house) as seen:
            _tried(again.apply_again(seen.tx, row_id, seen.now))
        return _back("settings.activity")

    @pages.post(f"/settings/activity/arrived/<{asked.ROW}:row_id>/replay")
    def replay(row_id: int) -> Answer:
        with visit(house) as seen:
            if again.replay(seen.tx, row_id):
                flash(_("It is applied once more."), "good")
            else:
                flash(_("It waits already, or what it said is no longer kept."), "warn")
        return _back("settings.activity")

    @pages.post(f"/settings/activity/sent/<{asked.ROW}:row_id>/again")
    def push_again(row_id: int) -> Answer:
        with visit(house) as seen:
            try:
                _tried(again.push_again(seen.tx, row_id, seen.now))
            except again.StillImpossible as error:
                flash(sentences.said(str(error)), "bad")
        return _back("settings.sent")

    @pages.post(f"/settings/activity/arrived/<{asked.ROW}:row_id>/discard")
    def discard_message(row_id: int) -> Answer:
        with visit(house) as seen:
            _put_away(again.discard_message(seen.tx, row_id, seen.now))
        return _back("settings.activity")

    @pages.post(f"/settings/activity/sent/<{asked.ROW}:row_id>/discard")
    def discard_push(row_id: int) -> Answer:
        with visit(house) as seen:
            try:
                _put_away(again.discard_push(seen.tx, row_id, seen.now))
            except again.StillImpossible as error:
                flash(sentences.said(str(error)), "bad")
        return _back("settings.sent")

    @pages.post("/settings/activity/again")
    def all_again() -> Answer:
        with visit(house) as seen:
            parked = reading.waiting(seen.tx).parked
            stayed = again.all_again(seen.tx, seen.now)
            if parked > stayed:
                flash(_("Everything is tried again."), "good")
            elif not parked:
                flash(_("There is nothing to try again."), "warn")
            if stayed:
                said = _n(
                    "%(num)s code stays as it is for now; try it by itself to see why.",
                    "%(num)s codes stay as they are for now; try them one by one to see why.",
                    stayed,
                )
                flash(said, "warn")
        return _back("settings.activity")

    @pages.post("/settings/activity/check")
    def check() -> Answer:
        with visit(house) as seen:
            shop = seen.shop(asked.whole(request.form.get("shop", "")))
            reconciling.ask(
                seen.tx, shop.id, "full" if request.form.get("kind") == "full" else "window", seen.now
            )
            flash(_("%(shop)s is being checked; the result appears here.", shop=shop.name), "good")
        return _back("settings.checks")


def _privacy_topics(house: House) -> tuple[str, ...]:
    theirs = (topic for platform in house.platforms.values() for topic in platform.privacy_topics)
    return (*in_person.TOPICS.values(), *theirs)


def _exported(house: House, request_id: int) -> bytes:
    with visit(house) as seen:
        try:
            return privacy.export(seen.tx, request_id, seen.now)
        except LookupError:
            not_there()


def _download(body: bytes, kind: str, name: str) -> Response:
    answer = Response(body, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _wanted(seen: Visit, states: tuple[str, ...]) -> Wanted:
    """What the address asks for. Days are those of the merchant's clock, the last one included."""
    first, last = asked.day("since"), asked.day("until")
    return Wanted(
        asked.shop(seen),
        asked.choice("state", states),
        asked.number("after"),
        asked.words("topic"),
        asked.words("q"),
        calendar.start(first, seen.zone) if first else None,
        calendar.later(last, 1, seen.zone) if last else None,
    )


def _shown(body: bytes | None) -> tuple[masking.Line, ...] | None:
    try:
        return None if body is None else masking.lines(body)
    except masking.Unreadable:
        return ()


def _tried(found: bool) -> None:
    if found:
        flash(_("It is tried again."), "good")
    else:
        flash(_("It no longer waits for a try."), "warn")


def _put_away(found: bool) -> None:
    if found:
        flash(_("It is put away; nothing was done."), "good")
    else:
        flash(_("It no longer waits for a try."), "warn")


def _show(seen: Visit, tab: str, states: tuple[str, ...], wanted: Wanted, **found: object) -> str:
    heaps = unread.heaps(seen.tx)
    return render_template(
        f"activity_{tab}.html",
        section="activity",
        tab=tab,
        zone=seen.zone,
        shops={shop.id: shop for shop in seen.shops},
        states=states,
        wanted=wanted,
        waiting=reading.waiting(seen.tx),
        notices=notices.count(seen.tx, seen.now),
        heaps=heaps,
        parked_arrivals=reading.arrivals(seen.tx, Wanted(state="parked", heaps=heaps), _PARKED_SHOWN),
        parked_sendings=reading.sendings(seen.tx, Wanted(state="parked"), _PARKED_SHOWN),
        **found,
    )


def _back(endpoint: str) -> Answer:
    return redirect(inside(request.form.get("next") or url_for(endpoint)), 303)
