"""How a line stands, asked of a shop on this machine: each fault planted, and found by its own name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.magento import rights
from connector.port import Unauthorized

HOME = "https://loyalty.example/webhooks/magento"


def test_a_line_in_order_lacks_nothing_and_tells_the_time(sandbox: Any) -> None:
    found = sandbox.line().examine(HOME)
    assert (found.missing_rights, found.missing_topics, found.other_version) == ((), (), "")
    assert found.ahead is not None
    assert abs(found.ahead) < timedelta(seconds=5)


@pytest.mark.parametrize("right", rights.NEEDED, ids=lambda right: right.resource)
def test_a_right_that_was_taken_back_is_named_with_its_place(sandbox: Any, right: rights.Right) -> None:
    sandbox.shop.rights = sandbox.shop.rights - {right.resource}
    assert sandbox.line().examine(HOME).missing_rights == (f"{right.resource} ({right.where})",)


def test_dead_keys_are_not_taken_for_missing_rights(sandbox: Any) -> None:
    with pytest.raises(Unauthorized):
        sandbox.line(token="nobody-gave-this-out").examine(HOME)


def test_a_shop_whose_clock_is_wrong_is_found_out(sandbox: Any) -> None:
    line = sandbox.line()
    real = line._client._clock
    line._client._clock = lambda: real() - 300
    assert timedelta(seconds=290) < line.examine(HOME).ahead < timedelta(seconds=310)
