"""What a shop's answer gives by way of tokens."""

from __future__ import annotations

import pytest

from adapters.magento import tokens
from adapters.magento.answers import Answer, NotMagento


def test_an_answer_that_is_no_token_is_not_taken_for_one() -> None:
    for body in (b"<html>oauth_token=x</html>", b"oauth_token=" + b"a" * 32, b""):
        with pytest.raises(NotMagento):
            tokens.given(Answer(200, {}, body))
    assert tokens.given(Answer(401, {}, b"oauth_problem=x")) is None
