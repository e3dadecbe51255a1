"""Every request has a number: the caller's where it is usable, else one of ours."""

from __future__ import annotations

import pytest

from connector import trail
from connector.app import create_app
from connector.house import House


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", True),
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("short", False),
        ("x" * 65, False),
        ("anna@example.com", False),
        ('12345678" or 1=1', False),
        ("-dash-first", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/static/comeback.css", "/nowhere", "/webhooks/paper"])
def test_a_usable_number_is_taken_over_and_any_other_is_replaced(
    house: House, path: str, sent: str, kept: bool
) -> None:
    browser = create_app(house).test_client()
    answer = browser.open(
        path, method="POST" if "webhooks" in path else "GET", headers={"X-Request-Id": sent}
    )
    [told] = answer.headers.getlist("X-Request-Id")
    assert (told == sent) == kept
    assert trail.sane(told)
    answer.close()
    assert trail.current() == "", "the next request of this thread must not inherit it"


def test_work_that_no_request_asked_for_gets_a_number_of_its_own() -> None:
    seen: list[str] = []
    work = trail.numbered(lambda: seen.append(trail.current()))
    work()
    work()
    assert len(set(seen)) == 2
    assert all(map(trail.sane, seen))
    assert trail.current() == ""


def test_an_empty_number_leaves_the_one_that_is() -> None:
    with trail.on("number-of-a-job"), trail.on(""):
        assert trail.current() == "number-of-a-job"
