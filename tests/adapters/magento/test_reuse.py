"""A shop that does not count uses lets a once-only code pass again, for guests and for customers; the orders tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.magento.rules import end_of, last_day
from adapters.magento.sandbox import promotions
from connector.records import Coupon


@pytest.mark.parametrize("guest", [True, False], ids=["guest", "customer"])
def test_only_the_orders_tell_that_a_code_was_used_twice(sandbox: Any, guest: bool) -> None:
    ends = end_of(last_day(sandbox.now + timedelta(days=30), "America/New_York"), "America/New_York")  # type: ignore[arg-type]
    coupon = Coupon("CB7K2M9QX4TZ", "amount", 500, "USD", "5.00 off", sandbox.now, ends, "1")
    sandbox.line().make_coupon(coupon)
    who = None if guest else sandbox.customer("ann")
    sandbox.shop.extras["uncounted"] = True
    keys = [str(sandbox.order(who, codes=(coupon.code,))) for _ in range(2)]
    found = sandbox.line().orders(tuple(keys))
    assert [(found[key].coupon_codes, found[key].total) for key in keys] == [((coupon.code,), 3500)] * 2
    assert [each.used for each in sandbox.line().coupons()] == [False]
    sandbox.shop.extras["uncounted"] = False
    sandbox.order(who, codes=(coupon.code,))
    with pytest.raises(promotions.CodeRefused):
        sandbox.order(who, codes=(coupon.code,))
