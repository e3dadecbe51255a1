"""The list of members, and the search that leads to one."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from connector.settings import asked
from connector.settings.door import House, current_merchant, visit
from connector.store.reading import members
from connector.store.reading.members import SEQUENCES, MemberLine, Sequence
from connector.store.reading.pages import Page

_LONGEST = 200


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the list and the search."""

    @pages.get("/settings/members", endpoint="members")
    def listed() -> str:
        with visit(house) as seen:
            words, named = request.args.get("q", "").strip()[:_LONGEST], request.args.get("found")
            tiers = members.tiers(seen.tx)
            tier = asked.choice("tier", tiers)
            sequence = _sequence()
            if words or named is not None:
                ids = members.find(seen.tx, words) if words else _numbers(named or "")
                page: Page[MemberLine] = Page(members.found(seen.tx, ids), None)
            else:
                page = members.page(seen.tx, sequence, tier, _after())
            return render_template(
                "members.html",
                section="members",
                shops={shop.id: shop for shop in seen.shops},
                page=page,
                tiers=tiers,
                tier=tier,
                sequence=sequence,
                sequences=SEQUENCES,
                words=words,
                searched=bool(words) or named is not None,
            )

    @pages.post("/settings/members/search")
    def search() -> Response:
        """Look for a member. What was typed may be an address: it is never put into a URL, only what was found."""
        current_merchant()
        words = request.form.get("q", "").strip()[:_LONGEST]
        if "@" not in words:
            return redirect(url_for("settings.members", q=words or None), 303)
        with visit(house) as seen:
            ids = members.find(seen.tx, words)
        if len(ids) == 1:
            return redirect(url_for("settings.member", member_id=ids[0]), 303)
        return redirect(url_for("settings.members", found=".".join(map(str, ids)) or "0"), 303)


def _sequence() -> Sequence:
    wanted = asked.choice("by", SEQUENCES)
    return next((one for one in SEQUENCES if one == wanted), "balance")


def _after() -> tuple[int, int] | None:
    """Read the place of the last line seen: its figure and its id."""
    text = request.args.get("after", "")
    if not text:
        return None
    figure, _dot, member_id = text.partition(".")
    sign = -1 if figure.startswith("-") else 1
    return sign * asked.whole(figure.removeprefix("-")), asked.whole(member_id)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:50] if part.isdecimal() and len(part) <= 18)
