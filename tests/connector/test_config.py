"""The settings: everything wrong is said at once, with what to do; `.env.example` lists all there is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from connector import config, plugins

ROOT = Path(__file__).parents[2]
SECRETS = {"SECRET_KEY": "s" * 32, "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "="}


def problems(env: dict[str, str], paper: ModuleType) -> dict[str, str]:
    with pytest.raises(config.BadSettings) as caught:
        config.read(env, {"paper": paper.PaperPlatform()})
    return {problem.name: problem.what_to_do for problem in caught.value.problems}


def test_two_secrets_are_enough_to_start(paper: ModuleType) -> None:
    settings = config.read(SECRETS, {"paper": paper.PaperPlatform()})
    assert settings.public_url == "http://127.0.0.1:8080"
    assert (settings.host, settings.port, settings.proxy_hops) == ("127.0.0.1", 8080, 0)
    assert (settings.database_url, settings.home) == ("", Path("var"))
    assert settings.platforms == ()  # nobody began to set up paper


def test_everything_wrong_is_named_at_once(paper: ModuleType) -> None:
    env = {
        "DATABASE_URL": "mysql://x",
        "PUBLIC_URL": "http://shop.example",
        "PORT": "many",
        "PROXY_HOPS": "-1",
        "ALLOW_PRIVATE_HOSTS": "127.0.0.1:8099",
        "PAPER_SIZE": "A3",
    }
    assert set(problems(env, paper)) == {*env, "SECRET_KEY", "ENCRYPTION_KEYS", "PAPER_SECRET"}


def test_the_text_says_what_to_do_and_shows_no_value(paper: ModuleType) -> None:
    with pytest.raises(config.BadSettings) as caught:
        config.read({"SECRET_KEY": "tooshort", "ENCRYPTION_KEYS": "k1:notakey"}, {})
    text = str(caught.value)
    assert text.count("comeback secrets") == 2
    assert "tooshort" not in text
    assert "notakey" not in text


@pytest.mark.parametrize(
    "url",
    ["https://", "ftp://x.example", "https://x.example/path", "https://u@x.example", "https://x:99999", "x"],
)
def test_a_public_url_is_an_address_without_a_path(url: str, paper: ModuleType) -> None:
    assert "PUBLIC_URL" in problems(SECRETS | {"PUBLIC_URL": url}, paper)


def test_private_hosts_are_refused_on_a_public_address(paper: ModuleType) -> None:
    env = SECRETS | {"ALLOW_PRIVATE_HOSTS": "127.0.0.1:8099", "PUBLIC_URL": "https://shop.example"}
    assert list(problems(env, paper)) == ["ALLOW_PRIVATE_HOSTS"]
    here = config.read(env | {"PUBLIC_URL": "http://localhost:8080"}, {})
    assert here.private_hosts == {"127.0.0.1:8099"}


@pytest.mark.parametrize("text", ["127.0.0.1", "a:b", ":80", "x:0", "x:70000"])
def test_private_hosts_are_pairs(text: str, paper: ModuleType) -> None:
    assert list(problems(SECRETS | {"ALLOW_PRIVATE_HOSTS": text}, paper)) == ["ALLOW_PRIVATE_HOSTS"]


def test_a_platform_set_up_in_full_is_on_offer_and_gets_only_its_own_variables(paper: ModuleType) -> None:
    settings = config.read(SECRETS | {"PAPER_SECRET": "x", "HOME": "/"}, {"paper": paper.PaperPlatform()})
    assert settings.platforms == ("paper",)
    assert settings.environment == {"PAPER_SECRET": "x"}


def test_settings_do_not_show_their_secrets(paper: ModuleType) -> None:
    settings = config.read(SECRETS | {"PAPER_SECRET": "hush"}, {"paper": paper.PaperPlatform()})
    assert "s" * 32 not in repr(settings)
    assert "hush" not in repr(settings)


def test_database_addresses_get_the_driver_we_use() -> None:
    settings = config.read(SECRETS | {"DATABASE_URL": "postgres://app@db/x"}, {})
    assert settings.database_url == settings.database_owner_url == "postgresql+psycopg://app@db/x"


def test_fresh_secrets_are_good_settings_and_never_the_same() -> None:
    assert (
        config.read(config.fresh_secrets(), {}).secret_key
        != config.read(config.fresh_secrets(), {}).secret_key
    )


def test_a_file_of_settings_is_read_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# no\nA=1\nexport B = 'two words' \nC=\"x=y\"\nD=4 # four\n\nnonsense\nE=\n"
    )
    assert config.from_file(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "x=y", "D": "4", "E": ""}
    assert config.from_file(tmp_path / "absent") == {}


def test_the_example_lists_every_setting_there_is() -> None:
    listed = list(config.from_file(ROOT / ".env.example"))
    declared = [
        setting.name for platform in plugins.platforms().values() for setting in platform.settings({})
    ]
    assert sorted(listed) == sorted([*config.OWN, *declared])


def test_the_example_holds_no_secret() -> None:
    example = config.from_file(ROOT / ".env.example")
    assert {name for name, value in example.items() if value} <= {
        "PUBLIC_URL",
        "HOST",
        "PORT",
        "PROXY_HOPS",
        "COMEBACK_HOME",
    }


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("HOST", "999.1.1.1"),
        ("DATABASE_URL", "postgresql://comeback_app@127.0.0.1:99999/x"),
        ("DATABASE_URL", "postgresql://comeback_app@127.0.0.1/x y"),
    ],
)
def test_what_only_shows_when_it_is_used_is_named_at_once(name: str, word: str) -> None:
    with pytest.raises(config.BadSettings) as wrong:
        config.read(config.fresh_secrets() | {name: word}, {})
    assert [problem.name for problem in wrong.value.problems] == [name]


def test_a_wrong_public_address_does_not_hide_a_wrong_list_of_hosts() -> None:
    words = {"PUBLIC_URL": "http://shop.example/x", "ALLOW_PRIVATE_HOSTS": "foo"}
    with pytest.raises(config.BadSettings) as wrong:
        config.read(config.fresh_secrets() | words, {})
    assert {problem.name for problem in wrong.value.problems} == {"PUBLIC_URL", "ALLOW_PRIVATE_HOSTS"}
