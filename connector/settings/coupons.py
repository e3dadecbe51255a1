"""The codes that customers can still use, on the page and as a file."""

from flask import Blueprint, Response, render_template, request

from connector.money import plain
from connector.records import MONEY
from connector.settings import asked, table
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.words import code_state
from connector.store.reading import coupons, reused
from connector.store.reading.coupons import OPEN_STATES, CodeLine, Place, Wanted

_HEAD = (
    "code",
    "reward",
    "kind",
    "value",
    "minimum",
    "currency",
    "shop",
    "customer",
    "state",
    "starts",
    "ends",
)


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the list of open codes and its export."""

    @pages.get("/settings/coupons", endpoint="coupons")
    def listed() -> str:
        with visit(house) as seen:
            rewards = coupons.rewards(seen.tx)
            wanted = _wanted(seen, rewards)
            return render_template(
                "coupons.html",
                section="coupons",
                zone=seen.zone,
                page=coupons.opened(seen.tx, wanted, seen.now, _after()),
                wanted=wanted,
                rewards=rewards,
                states=OPEN_STATES,
                shops={shop.id: shop for shop in seen.shops},
                reused=reused.found(seen.tx, seen.now),
            )

    @pages.get("/settings/coupons.csv")
    def coupons_file() -> Response:
        with visit(house) as seen:
            wanted = _wanted(seen, coupons.rewards(seen.tx))
            names = {shop.id: shop.name for shop in seen.shops}
            lines = [_cells(line, names) for line in coupons.every(seen.tx, wanted, seen.now)]
        answer = Response(table.written([_HEAD, *lines]), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="open-codes.csv"'
        return answer


def _wanted(seen: Visit, rewards: tuple[tuple[str, str], ...]) -> Wanted:
    return Wanted(
        shop_id=asked.shop(seen),
        state=asked.choice("state", OPEN_STATES),
        reward_key=asked.choice("reward", [key for key, _title in rewards]),
    )


def _after() -> Place | None:
    """Read the place of the last line seen."""
    text = request.args.get("after")
    try:
        return coupons.read_place(text) if text else None
    except ValueError:
        not_there()


def _cells(line: CodeLine, shops: dict[int, str]) -> tuple[str, ...]:
    value = plain(line.value, line.currency if line.kind in MONEY else "EUR")
    return (
        "" if line.kind == "store_credit" else line.code,
        line.title,
        line.kind,
        "" if line.kind == "free_shipping" else value,
        plain(line.minimum, line.currency) if line.minimum else "",
        line.currency,
        shops.get(line.shop_id, ""),
        line.customer_id,
        code_state(line),
        line.starts_at.isoformat(),
        line.ends_at.isoformat(),
    )
