"""The canaries of the run can be heard: a planted word that is logged fails it, in whatever way it is logged."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import structlog

from connector import config, logs
from connector.demo.cast import Player

TESTS = Path(__file__).parent


def test_a_planted_word_is_found_however_it_was_logged(canaries: ModuleType) -> None:
    with canaries.listening() as record:
        secret = config.fresh_secrets()["SECRET_KEY"]
        assert record.leaks() == []
        structlog.get_logger().warning("said", reason="of Anna Kwikstaart")
        logging.getLogger("some.library").warning("said %s", "paper secret of the app")
        out = io.StringIO()
        logs.set_up(out)
        structlog.get_logger().info("said", result="Kwikstaart")
        assert len(record.leaks()) == 3
        assert "Kwikstaart" in out.getvalue(), "whoever listens hears it as well"
        # What the log masks is no leak.
        structlog.get_logger().warning("said", reason=f"{secret} of anna@example.nl")
        assert len(record.leaks()) == 3
        record.write(f"past the masks: {secret}\n")
        assert len(record.leaks()) == 4
    structlog.reset_defaults()


def test_what_a_process_beside_it_writes_is_searched_too(canaries: ModuleType, tmp_path: Path) -> None:
    with canaries.listening() as record:
        # Its complaint names what it was asked for.
        with Player("odd", ["sandbox", "Kwikstaart"], os.environ, tmp_path) as player:
            player.process.wait(60)
        assert len(record.leaks()) == 1
    structlog.reset_defaults()


@pytest.mark.parametrize(("said", "code"), [("Anna Kwikstaart", 1), ("nobody", 0)])
def test_a_run_in_which_a_planted_word_is_logged_fails(tmp_path: Path, said: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text("from canaries import _nothing_planted_is_logged\n")
    (tmp_path / "test_it.py").write_text(
        f"import structlog\ndef test_it() -> None:\n    structlog.get_logger().warning('said', reason={said!r})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tmp_path), "."],
        cwd=tmp_path, env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == code, ran.stdout
    assert ("a secret or a person stands in the log" in ran.stdout) is bool(code)
