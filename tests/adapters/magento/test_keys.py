"""What is kept of a shop: old secrets for a day, and everything else that was saved while it was connected again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.magento import email_choice, install, keys
from adapters.magento.hints import proof
from adapters.magento.keys import Keys, with_secret
from adapters.magento.platform import platform
from connector.port import BadSignature, ShopLine, TryLater

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OLD = Keys("ck", "cs", "tk", "ts", "s0")


def _believed(kept: Keys, secret: str, at: datetime) -> bool:
    try:
        return proof.said(secret.encode(), kept, at) or secret == kept.hook_secret
    except BadSignature:
        return False


def test_however_often_a_new_secret_is_made_the_one_the_module_has_is_believed_for_its_day() -> None:
    kept = OLD
    for number in range(1, 11):
        kept = with_secret(kept, f"s{number}", NOW + number * MINUTE)
    at = NOW + 11 * MINUTE
    assert [n for n in range(11) if _believed(kept, f"s{n}", at)] == [0, 6, 7, 8, 9, 10]
    assert len(kept.old_secrets) == keys.MOST_OLD
    assert _believed(kept, "s0", NOW + keys.OLD_SECRET_LASTS)
    assert not _believed(kept, "s0", NOW + keys.OLD_SECRET_LASTS + MINUTE)
    later = with_secret(kept, "new", NOW + 2 * keys.OLD_SECRET_LASTS)
    assert [each.secret for each in later.old_secrets] == ["s10"]


def test_a_secret_that_is_typed_again_is_the_present_one_alone() -> None:
    kept = with_secret(with_secret(OLD, "s1", NOW), "s0", NOW)
    assert (kept.hook_secret, [each.secret for each in kept.old_secrets]) == ("s0", ["s1"])
    assert with_secret(kept, "s0", NOW) == kept
    assert "s1" not in repr(kept.old_secrets)


def test_a_secret_typed_when_a_shop_is_connected_again_leaves_the_one_before_its_day() -> None:
    new = install.renewed(OLD, Keys("ck2", "cs2", "tk2", "ts2", ""), NOW, "typed", confirms_email=False)
    assert (new.four, new.hook_secret) == (("ck2", "cs2", "tk2", "ts2"), "typed")
    assert _believed(new, "s0", NOW + timedelta(hours=23))
    untouched = install.renewed(OLD, Keys("ck2", "cs2", "tk2", "ts2", ""), NOW, confirms_email=False)
    assert (untouched.hook_secret, untouched.old_secrets) == ("s0", ())


class Disturbed:
    """A vault in which something else is kept between reading and saving, so many times."""

    def __init__(self, vault: Any, times: int) -> None:
        self._vault, self.left = vault, times

    def read(self) -> bytes:
        return self._vault.read()  # type: ignore[no-any-return]

    def locked(self) -> Any:
        return _Held(self)

    def save(self, tokens: bytes) -> bool:
        if not self.left:
            return self._vault.save(tokens)  # type: ignore[no-any-return]
        self.left -= 1
        self._vault.save(keys.packed(replace(keys.unpacked(self.read()), token=f"anew {self.left}")))
        return False


class _Held:
    def __init__(self, vault: Disturbed) -> None:
        self._vault = vault

    def __enter__(self) -> Disturbed:
        return self._vault

    def __exit__(self, *_: object) -> None:
        pass


def test_a_choice_made_while_the_shop_is_connected_again_is_kept_beside_the_new_keys(vault: Any) -> None:
    vault.tokens = keys.packed(replace(keys.unpacked(vault.read()), confirms_email=True))
    disturbed = Disturbed(vault, 1)
    line = platform.open({}, ShopLine("https://shop.test/", "key"), disturbed)
    line.choose(email_choice.KEY, ("no",))
    kept = keys.unpacked(vault.read())
    assert (kept.token, kept.confirms_email) == ("anew 0", False)
    disturbed.left = 9
    with pytest.raises(TryLater, match="being connected again"):
        line.new_secret(NOW)
