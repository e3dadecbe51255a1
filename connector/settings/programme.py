"""The programme: its draft as a form, what it would do, starting it, and the versions there were."""

from datetime import date

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from connector.flow import programme as flow
from connector.flow.programme import Preview
from connector.loyalty import promise
from connector.loyalty.calendar import add_months, local, start
from connector.loyalty.check import MOST
from connector.loyalty.example import Example, example
from connector.loyalty.promise import Means
from connector.loyalty.terms import CurrencyTerms, Terms
from connector.secrets import fingerprint
from connector.settings import asked, carried, conditions, forms, show, terms_form
from connector.settings.conditions import Able
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.forms import Form, Refused, Wrong
from connector.settings.tongue import _, language
from connector.store import runs
from connector.store.shops import Shop

_EXAMPLE_AMOUNT = "60"
_MONTHS_BACK = 12


class Tried(msgspec.Struct, frozen=True):
    """A preview, and what it was of: publishing takes these very terms or nothing."""

    preview: Preview
    counts_from: date
    mark: str


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the form, its live parts and the versions."""

    @pages.get("/settings/programme", endpoint="programme")
    def draft() -> str:
        with visit(house) as seen:
            return _page(seen, house, terms_form.fill(_draft(seen)))

    @pages.post("/settings/programme/draft")
    def save() -> Response | tuple[str, int]:
        with visit(house) as seen:
            terms, form = _read(seen, house)
            if form.errors:
                return _page(seen, house, form), 422
            flow.save_draft(seen.tx, terms, seen.now)
            flash(_("The draft is saved. Nothing changes for customers until you publish it."), "good")
        return redirect(url_for("settings.programme"), 303)

    @pages.post("/settings/programme/rows")
    def rows() -> str:
        with visit(house) as seen:
            return _page(seen, house, terms_form.change(_typed(), request.form.get("change", "")))

    @pages.post("/settings/programme/example")
    def tell() -> str:
        with visit(house) as seen:
            terms, form = _read(seen, house)
            return render_template("_example.html", zone=seen.zone, **_told(seen, house, terms, form))

    @pages.post("/settings/programme/preview")
    def preview() -> str | tuple[str, int]:
        with visit(house) as seen:
            terms, form = _read(seen, house)
            day, wrong = _counts_from(seen)
            if form.errors or wrong:
                return _page(seen, house, msgspec.structs.replace(form, wrongs=(*form.wrongs, *wrong))), 422
            flow.save_draft(seen.tx, terms, seen.now)
            tried = flow.preview(seen.tx, terms, start(day, seen.zone), seen.now)
            return _page(seen, house, form, Tried(tried, day, _mark(terms, day)))

    @pages.post("/settings/programme/publish")
    def publish() -> Response | tuple[str, int]:
        with visit(house) as seen:
            if _unread(seen) and not flow.versions(seen.tx):
                # Nobody could have seen what it would cost.
                flash(_("Not started: the history of a shop is still being read. The draft is kept."), "warn")
                return redirect(url_for("settings.programme"), 303)
            terms = _draft(seen)
            form = terms_form.fill(terms)
            day, wrong = _counts_from(seen)
            wrongs = (*terms_form.read(form.values, terms, _able(seen, house))[1].errors, *wrong)
            if not wrong and request.form.get("mark") != _mark(terms, day):
                flash(
                    _(
                        "The draft has changed since you looked at what it would do. Look again, then publish."
                    ),
                    "warn",
                )
                return redirect(url_for("settings.programme"), 303)
            if wrongs:
                return _page(seen, house, Form(form.values, wrongs)), 422
            version = flow.publish(seen.tx, terms, start(day, seen.zone), seen.now)
            flash(
                _(
                    "Version %(number)s is in force. Points, tiers and codes follow now.",
                    number=version.number,
                ),
                "good",
            )
        return redirect(url_for("settings.programme"), 303)

    @pages.get(f"/settings/programme/versions/<{asked.ROW}:number>")
    def version(number: int) -> str:
        with visit(house) as seen:
            found = next((one for one in flow.versions(seen.tx) if one.number == number), None) or not_there()
            return render_template(
                "version.html",
                section="programme",
                zone=seen.zone,
                version=found,
                sentences=promise.describe(found.terms, language(), _means(seen, house)),
            )


def _page(seen: Visit, house: House, form: Form, tried: Tried | None = None) -> str:
    before = _draft(seen)
    able = _able(seen, house)
    terms, checked = terms_form.read(form.values, before, able)
    versions = flow.versions(seen.tx)
    return render_template(
        "programme.html",
        section="programme",
        zone=seen.zone,
        form=msgspec.structs.replace(form, wrongs=form.wrongs or checked.warnings),
        terms=before,
        versions=versions,
        in_force=versions[-1] if versions else None,
        same=bool(versions) and _same(before, versions[-1].terms),
        measured=flow.usual_gap(seen.tx),
        tried=tried,
        unread=_unread(seen),
        carried=carried.words(_means(seen, house)),
        shops={shop.id: shop for shop in seen.shops if shop.state != "removed"},
        kinds=conditions.kinds(able, form),
        conditions=conditions,
        conditions_shown=conditions.shown(able),
        counts_from=request.form.get("counts_from") or _suggested_start(seen).isoformat(),
        **_told(seen, house, terms, checked),
    )


def _unread(seen: Visit) -> tuple[Shop, ...]:
    """Return the shops of whose history only a part is here, so that neither a preview nor a stage means much yet."""
    reading = runs.unread(seen.tx)
    return tuple(shop for shop in seen.shops if shop.id in reading)


def _same(draft: Terms, published: Terms) -> bool:
    """Is the draft what was published, with the usual gap that was measured then where none is typed?"""
    gap = draft.usual_gap or published.usual_gap
    return msgspec.structs.replace(draft, usual_gap=gap) == published


def _told(seen: Visit, house: House, terms: Terms, form: Form) -> dict[str, object]:
    """Return the live example and the programme in sentences, for the page and for the part that refreshes."""
    typed = request.form.get("example_amount", _EXAMPLE_AMOUNT)
    told: Example | None = None
    wrong = ""
    try:
        amount = forms.amount(typed, terms.currency)
        if not 0 < amount <= MOST:
            least, most = (show.money(minor, terms.currency) for minor in (1, MOST))
            raise Refused(_("Write an amount between %(least)s and %(most)s.", least=least, most=most))
        if not form.errors:
            told = example(terms, amount, seen.now, timezone=seen.zone)
    except Refused as refusal:
        wrong = str(refusal)
    return {
        "example": told,
        "example_amount": typed,
        "example_wrong": wrong,
        "errors": form.errors,
        "sentences": () if form.errors else promise.describe(terms, language(), _means(seen, house)),
    }


def _means(seen: Visit, house: House) -> Means:
    return carried.means(seen.shops, house.platforms)


def _read(seen: Visit, house: House) -> tuple[Terms, Form]:
    return terms_form.read(_typed(), _draft(seen), _able(seen, house))


def _able(seen: Visit, house: House) -> Able:
    there = [shop for shop in seen.shops if shop.state != "removed"]
    return conditions.able((house.platforms.get(shop.platform) for shop in there), there)


def _draft(seen: Visit) -> Terms:
    """Return the draft, with a line for every currency that a shop has brought since it was saved."""
    terms = flow.draft(seen.tx, seen.now)
    there = {one.currency for one in terms.currencies}
    new = dict.fromkeys(one for shop in seen.shops for one in shop.books if one not in there)
    more = tuple(CurrencyTerms(code) for code in new)
    return msgspec.structs.replace(terms, currencies=(*terms.currencies, *more))


def _typed() -> dict[str, str]:
    return request.form.to_dict()


def _suggested_start(seen: Visit) -> date:
    return add_months(local(seen.now, seen.zone), -_MONTHS_BACK)


def _counts_from(seen: Visit) -> tuple[date, tuple[Wrong, ...]]:
    """Read since when orders earn; later versions keep the first one's day."""
    versions = flow.versions(seen.tx)
    if versions:
        return local(versions[0].counts_from, seen.zone), ()
    text = request.form.get("counts_from", "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return date.min, (
            Wrong("counts_from", _("Write a date, such as %(date)s.", date=_suggested_start(seen))),
        )
    if not date(1990, 1, 1) <= day <= local(seen.now, seen.zone):
        return day, (Wrong("counts_from", _("Choose a day that is not in the future.")),)
    return day, ()


def _mark(terms: Terms, day: date) -> str:
    """Return a mark of the very terms that were tried."""
    return fingerprint(msgspec.json.encode(terms), day.isoformat().encode()).hex()
