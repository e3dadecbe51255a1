"""Every recorded request, sent to a sandbox that holds like data, gets the recorded status, keys, types and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import likeness
import pytest

# Values that a shop makes up for itself, by file; their types are compared all the same.
_PLACE = "street city postcode region region_code region_id telephone"
_GOODS = "product_id weight row_weight"
OWN = {
    "orders_search": set(f"protect_code {_PLACE} {_GOODS}".split()),
    "orders_full": set(f"protect_code {_PLACE} {_GOODS}".split()),
    "documents": {"product_id", "weight"},
    "async": {"bulk_uuid", "bulk_id", "data_hash"},
}
# What stays different, and why: case, path, reason.
EXCUSES = (
    ("modules", "[]", "the sandbox names twenty modules of 327; nothing asks for them"),
    ("admin_token_ok", "", "a token is the shop's own, and the recorded one is masked"),
    ("coupons_generate", "[]", "codes are made at random"),
    (
        "orders_status_in",
        ".items[].grand_total",
        "a cent in pounds: what order 24 was over is not recorded",
    ),
)


@pytest.mark.parametrize("file", likeness.FILES)
def test_a_recorded_request_gets_the_recorded_answer(
    file: str, recordings: list[dict[str, Any]], replayed: dict[str, Any]
) -> None:
    wrong = {}
    for case in recordings:
        if case["file"] == file:
            told, said = case["response"], replayed[case["name"]]
            found = [("status", told["status"], said.status)] if told["status"] != said.status else []
            found += _differences(case, told["body"], said.body)
            if found:
                wrong[case["name"]] = found[:8]
    assert not wrong, "\n".join(f"{name}: {one}" for name, found in wrong.items() for one in found)


def test_little_is_excused_and_nothing_in_vain(
    recordings: list[dict[str, Any]], replayed: dict[str, Any]
) -> None:
    told = {case["name"]: case for case in recordings}
    differing = {
        (name, one[0])
        for name, case in told.items()
        for one in _compared(case["response"]["body"], replayed[name].body, "", OWN.get(case["file"], set()))
    }
    excused = {(name, at) for names, at, _ in EXCUSES for name in names.split()}
    assert excused == differing
    assert len(EXCUSES) <= 10


def test_no_word_is_called_the_shops_own_that_is_the_recorded_one(
    recordings: list[dict[str, Any]], replayed: dict[str, Any]
) -> None:
    differing: dict[str, set[str]] = {file: set() for file in OWN}
    for case in recordings:
        found = _compared(case["response"]["body"], replayed[case["name"]].body, "", set())
        differing.get(case["file"], set()).update(_word(one[0]) for one in found)
    in_vain = {file: own - differing[file] for file, own in OWN.items() if own - differing[file]}
    assert in_vain == {}


def test_codes_made_at_random_have_the_recorded_form(
    recordings: list[dict[str, Any]], replayed: dict[str, Any]
) -> None:
    (asked,) = (case for case in recordings if case["name"] == "coupons_generate")
    told, said = asked["response"]["body"], replayed["coupons_generate"].body
    spec = asked["request"]["body"]["couponSpec"]
    assert (spec["format"], spec["prefix"], spec["length"], spec["quantity"]) == ("alphanum", "WB-", 10, 5)
    assert len(told) == len(said) == len(set(said)) == 5
    assert all(re.fullmatch(r"WB-[A-Z0-9]{10}", code) for code in (*told, *said))


def test_all_recorded_requests_were_sent(recordings: list[dict[str, Any]], replayed: dict[str, Any]) -> None:
    assert len(recordings) == len(replayed) == 93


def _differences(case: dict[str, Any], told: Any, said: Any) -> list[tuple[str, Any, Any]]:
    found = _compared(told, said, "", OWN.get(case["file"], set()))
    excused = {at for names, at, _ in EXCUSES if case["name"] in names.split()}
    return [one for one in found if one[0] not in excused]


def _compared(told: Any, said: Any, at: str, own: set[str]) -> Iterator[tuple[str, Any, Any]]:
    if _kind(told) != _kind(said):
        yield at, told, said
    elif isinstance(told, dict):
        for key in sorted({*told, *said}):
            if key not in told or key not in said:
                yield f"{at}.{key}", told.get(key, "absent"), said.get(key, "absent")
            else:
                yield from _compared(told[key], said[key], f"{at}.{key}", own)
    elif isinstance(told, list):
        if len(told) != len(said):
            yield f"{at}[]", len(told), len(said)
        for one, other in zip(told, said, strict=False):
            yield from _compared(one, other, f"{at}[]", own)
    elif _plain(told) != _plain(said) and _word(at) not in own:
        yield at, told, said


def _word(at: str) -> str:
    return at.removesuffix("[]").rpartition(".")[2]


def _plain(value: Any) -> Any:
    """A failure's report has a number of its own, and what happens while it is recorded a time of its own."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"webapi-[0-9a-f]{13}$", "webapi-", value)
    return re.sub(rf"^({likeness.RECORDED_AT:%Y-%m-%d}) [0-9:]{{8}}$", r"\1", value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__
