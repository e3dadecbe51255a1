"""How a line stands, asked of a shop on this machine: each fault planted, and found by its own name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.magento import keys, rights
from adapters.magento.sandbox.oauth import Call, Proxy
from connector.port import Forbidden, Unauthorized

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


@pytest.mark.parametrize("right", rights.NEEDED, ids=lambda right: right.resource)
def test_a_call_without_its_right_stops_the_whole_shop_only_where_nothing_could_be_read(
    sandbox: Any, right: rights.Right
) -> None:
    sandbox.shop.rights = sandbox.shop.rights - {right.resource}
    kind = Unauthorized if right.reads else Forbidden
    body = b"{}" if right.method == "PUT" else None
    with pytest.raises(kind) as raised:
        sandbox.client().call(right.method, right.path, body=body)
    assert right.where in str(raised.value)


def test_without_the_right_to_make_codes_the_shop_is_read_as_ever(sandbox: Any) -> None:
    sandbox.order()
    sandbox.shop.rights = sandbox.shop.rights - {"Magento_SalesRule::quote"}
    line = sandbox.line()
    with pytest.raises(Forbidden, match="Marketing > Promotions > Cart Price Rules"):
        list(line.coupons())
    assert len([order for batch in line.history(None) for order in batch.orders]) == 1


def test_dead_keys_are_not_taken_for_missing_rights(sandbox: Any) -> None:
    with pytest.raises(Unauthorized):
        sandbox.line(token="nobody-gave-this-out").examine(HOME)


def test_the_right_by_which_dead_keys_are_found_out_is_named_when_it_is_gone_itself(sandbox: Any) -> None:
    group, orders = "Magento_Customer::group", "Magento_Sales::actions_view"
    sandbox.shop.rights = sandbox.shop.rights - {group, orders}
    for path, where in (
        (rights.GRANTED, "Customers > Customer Groups"),
        ("orders", "Orders > Actions > View"),
    ):
        with pytest.raises(Unauthorized, match=where):
            sandbox.client().call("GET", path)
    sandbox.shop.rights = frozenset()
    with pytest.raises(Unauthorized, match="no longer accepts our keys"):
        sandbox.client().call("GET", rights.GRANTED)


def test_a_bare_token_without_the_right_to_see_groups_is_a_good_one(sandbox: Any) -> None:
    sandbox.shop.desk.proxy, sandbox.shop.desk.bearer = Proxy(host="backend"), True
    sandbox.shop.rights = sandbox.shop.rights - {"Magento_Customer::group"}
    [missing] = sandbox.line(spelling="bearer").examine(HOME).missing_rights
    assert "Customer Groups" in missing


@pytest.mark.parametrize("way", ["revoked", "off"])
def test_dead_keys_are_found_out_in_a_shop_that_shows_its_settings_to_anybody(sandbox: Any, way: str) -> None:
    sandbox.shop.open_to_anybody = True
    sandbox.shop.desk.active = way != "off"
    line = sandbox.line(**({"token": "nobody-gave-this-out"} if way == "revoked" else {}))
    with pytest.raises(Unauthorized, match="no longer accepts our keys"):
        line.counts()
    with pytest.raises(Unauthorized, match="no longer accepts our keys"):
        line.examine(HOME)


def test_a_proxy_is_followed_in_a_shop_that_shows_its_settings_to_anybody(sandbox: Any) -> None:
    sandbox.shop.open_to_anybody = True
    line = sandbox.line()
    sandbox.shop.desk.proxy = Proxy(scheme="https")
    assert line.counts().orders == 0
    assert keys.unpacked(line._vault.read()).spelling == "other_scheme"


def test_a_shop_whose_clock_is_wrong_is_found_out(sandbox: Any) -> None:
    line = sandbox.line()
    real = line._client._clock
    line._client._clock = lambda: real() - 300
    assert timedelta(seconds=290) < line.examine(HOME).ahead < timedelta(seconds=310)


@pytest.mark.parametrize(
    ("way", "kept"), [({"scheme": "https"}, "other_scheme"), ({"drops_port": True}, "no_port")]
)
def test_a_proxy_that_comes_and_goes_is_followed_and_what_is_found_is_kept(
    sandbox: Any, way: dict[str, Any], kept: str
) -> None:
    line = sandbox.line()
    assert line.counts().orders == 0
    for proxy, spelling in ((Proxy(**way), kept), (Proxy(), "as_is")):
        sandbox.shop.desk.proxy = proxy
        assert line.counts().orders == 0
        assert keys.unpacked(line._vault.read()).spelling == spelling
        assert len(line.examine(HOME).faults) == (spelling != "as_is")


def test_what_no_signature_passes_is_not_tried_with_the_token_alone_by_a_line_that_runs(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.shop.desk.proxy, sandbox.shop.desk.bearer = Proxy(host="backend"), True
    admits, ways = sandbox.shop.desk.admits, set()

    def noted(call: Call, now: datetime) -> bool:
        ways.add(call.authorization.partition(" ")[0])
        return bool(admits(call, now))

    monkeypatch.setattr(sandbox.shop.desk, "admits", noted)
    for ask in (lambda line: line.counts(), lambda line: line.examine(HOME)):
        with pytest.raises(Unauthorized):
            ask(sandbox.line())
    assert ways == {"OAuth"}


def test_a_shop_that_is_called_with_the_token_alone_is_examined_so(sandbox: Any) -> None:
    sandbox.shop.desk.proxy, sandbox.shop.desk.bearer = Proxy(host="backend"), True
    assert "standalone Bearer tokens" in sandbox.line(spelling="bearer").examine(HOME).faults[0]["nl"]
