"""docs/magento.md says what the code does: rights, headers, settings, attributes, calls and commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from adapters.magento import rights, texts, texts_identity
from adapters.magento.hints import async_events, commerce, io_events, own, plain

ROOT = Path(__file__).parents[4]
ADAPTER = ROOT / "adapters" / "magento"


@pytest.fixture(scope="module")
def guide() -> str:
    return (ROOT / "docs" / "magento.md").read_text()


def code(guide: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", guide))


def test_the_rights_to_tick_are_those_that_are_asked_for(guide: str) -> None:
    rows = re.findall(r"^\| \*(.+)\* \| `(Magento_\w+::\w+)` \| (.+) \|$", guide, re.MULTILINE)
    assert [(where, resource) for where, resource, _ in rows] == [
        (right.where, right.resource) for right in rights.NEEDED
    ]
    stops = [
        said.startswith(("the shop cannot be read", "the shop cannot be connected")) for _, _, said in rows
    ]
    assert stops == [right.reads for right in rights.NEEDED]


def test_every_header_is_one_that_a_sender_is_known_by(guide: str, module: Path) -> None:
    known = {async_events.HEADER, commerce.HEADER, plain.HEADER, own.HEADER, own.TIMESTAMP, own.NONCE}
    known |= {name for pair in io_events.HEADERS for name in pair}
    named = {word.lower() for word in code(guide) if re.fullmatch(r"X-(Comeback|Magento|Adobe)-[\w-]+", word)}
    assert named <= known
    assert named >= {async_events.HEADER, commerce.HEADER, plain.HEADER, "x-adobe-digital-signature-1"}
    assert f"`?{plain.PARAMETER}=`" in guide
    assert f"`{commerce.GO_ON[0].decode()}`" in guide
    signed = (module / "Model/Signature.php").read_text()
    sent = {name.lower() for name in re.findall(r"'(X-Comeback-\w+)'", signed)}
    assert sent == {own.HEADER, own.TIMESTAMP, own.NONCE}


def test_every_setting_of_the_module_stands_on_its_page_by_these_words(guide: str, module: Path) -> None:
    system = (module / "etc/adminhtml/system.xml").read_text()
    rows = re.findall(r"^\| \*(.+)\* \| `comeback_loyalty/(\w+)/(\w+)` \|", guide, re.MULTILINE)
    assert {field for _, _, field in rows} == {"enabled", "address", "secret", "show"}
    for label, group, field in rows:
        assert re.search(
            rf'<group id="{group}".*?<field id="{field}".*?<label>{label}</label>', system, re.DOTALL
        )
    for words in ("Send a Test Hint", "How It Stands"):
        assert f"*{words.replace(' ', ' ')}*" in guide.replace("\n", " ")
        assert f">{words}<" in system


def test_what_the_module_adds_is_what_it_makes(guide: str, module: Path) -> None:
    patch = (module / "Setup/Patch/Data/AddCustomerAttributes.php").read_text()
    made = set(re.findall(r"'(comeback_\w+)'", patch))
    assert {word for word in code(guide) if re.fullmatch(r"comeback_(?!loyalty)\w+", word)} == made
    # Magento's grid of customers filters by what takes one line.
    assert re.findall(r"self::(\w+) => \['type' => '\w+', 'input' => 'text'", patch) == ["BALANCE", "TIER"]
    assert "*Filters* has points and tier" in guide
    assert "cron group of its own, `comeback_loyalty`" in guide
    assert '<group id="comeback_loyalty">' in (module / "etc/crontab.xml").read_text()


def test_every_command_names_this_module_and_exists_in_magento(guide: str) -> None:
    known = {
        "app:config:dump",
        "cache:flush",
        "cron:install",
        "events:subscribe",
        "indexer:reindex",
        "maintenance:disable",
        "maintenance:enable",
        "module:disable",
        "module:enable",
        "module:uninstall",
        "setup:di:compile",
        "setup:static-content:deploy",
        "setup:upgrade",
    }
    assert set(re.findall(r"bin/magento\s+([\w:-]+)", guide)) <= known
    assert set(re.findall(r"module:(?:disable|enable|uninstall)(?: --[a-z-]+)? (\w+_\w+)", guide)) == {
        "Comeback_Loyalty"
    }


def test_whoever_installs_or_takes_out_the_module_leaves_a_shop_with_its_styles_and_scripts(
    guide: str,
) -> None:
    """`setup:upgrade` empties the folders of what was generated, so what makes them anew follows it, both times."""
    module = guide.partition("### Comeback's own module")[2].partition("\n### ")[0]
    steps = [
        re.findall(r"^    bin/magento (.+)$", part, re.MULTILINE)
        for part in (module.partition("**Take it out.**")[0], module.partition("**Take it out.**")[2])
    ]
    (install, anew), (take_out, again) = (
        (part[: part.index("setup:upgrade") + 1], part[part.index("setup:upgrade") + 1 :]) for part in steps
    )
    assert install == ["maintenance:enable", "module:enable Comeback_Loyalty", "setup:upgrade"]
    # The table is dropped for a module that is disabled, and only while its folder is there.
    assert take_out == [
        "maintenance:enable",
        "module:uninstall --non-composer Comeback_Loyalty",
        "module:disable Comeback_Loyalty",
        "setup:upgrade",
    ]
    taken_out = module.partition("**Take it out.**")[2]
    assert taken_out.index("bin/magento setup:upgrade") < taken_out.index("Now delete")
    assert taken_out.index("Now delete") < taken_out.index("bin/magento setup:di:compile")
    assert anew == again
    assert again == [
        "setup:di:compile",
        "setup:static-content:deploy",
        "cache:flush",
        "indexer:reindex customer_grid",
        "maintenance:disable",
    ]


def test_composer_copies_the_module_into_the_shop_because_magento_takes_no_template_from_outside(
    guide: str, module: Path
) -> None:
    said = re.findall(r"^    composer config repositories\.comeback '(.+)'$", guide, re.MULTILINE)
    assert [json.loads(one) for one in said] == [
        {"type": "path", "url": "../comeback-module", "options": {"symlink": False}}
    ]
    package = json.loads((module / "composer.json").read_text())
    assert f"    composer require {package['name']}:{package['version']}\n" in guide


def test_every_call_that_the_guide_names_is_made(guide: str) -> None:
    calls = guide.partition("## 6.")[2].partition("## 7.")[0]
    made = "\n".join(path.read_text() for path in sorted(ADAPTER.glob("*.py")))
    named = [
        word.removeprefix("GET ")
        for cell in re.findall(r"^\| (`.+`) \|", calls, re.MULTILINE)
        for word in re.findall(r"`([^`]+)`", cell)
    ]
    assert len(named) > 12
    for word in named:
        method, _, path = word.rpartition(" ")
        sought = rf'"{method}",\s*f?"{path}[/"]' if method else rf'f?"{path}[/"]'
        assert re.search(sought, made), word


def test_no_call_that_changes_something_is_left_out(guide: str) -> None:
    made = "\n".join(path.read_text() for path in sorted(ADAPTER.glob("*.py")))
    changes = {f"{method} {path}" for method, path in re.findall(r'"(POST|PUT|DELETE)",\s*f?"(\w+)', made)}
    assert {change for change in changes if f"`{change}`" not in guide and "token" not in change} == set()


def test_the_addresses_and_settings_of_the_handshake_are_those_of_the_page(guide: str) -> None:
    places = texts_identity.addresses("PUBLIC_URL")
    assert {f"`{place}`" for place in places.values()} <= set(re.findall(r"`[^`]+`", guide))
    flat = re.sub(r"\s+", " ", guide)
    assert f"*{texts_identity.BEARER_SETTING}*" in flat
    assert f"*{texts_identity.EXPIRY_SETTING}*" in flat
    assert "SetEnvIf X-Forwarded-Proto https HTTPS=on" in texts_identity.FAULTS["en"]["scheme"]
    assert "fastcgi_param HTTP_HOST $http_host" in texts_identity.FAULTS["en"]["port"]


def test_the_dutch_chapter_calls_the_button_as_a_dutch_admin_does(module: Path) -> None:
    chapter = (
        (ROOT / "docs" / "handleiding.md")
        .read_text()
        .partition("## Een Magento-winkel")[2]
        .partition("\n## ")[0]
    )
    assert '"Send a Test Hint","Stuur een proefbericht"' in (module / "i18n/nl_NL.csv").read_text()
    assert "*Stuur een proefbericht*" in chapter
    assert f"*{texts_identity.LABELS['nl']['connect']}*" in chapter


def test_what_stands_on_the_shops_page_is_called_as_there(guide: str) -> None:
    page = (ROOT / "connector" / "settings" / "templates" / "shop.html").read_text()
    flat = re.sub(r"\s+", " ", guide)
    for words in ("Messages from the shop", "Address for its messages", "Make a new secret"):
        assert f"**{words}**" in flat
        assert f'_("{words}")' in page
    for name in ("adobe_client_title", "adobe_key_title"):
        assert f"**{texts.CHOICES['en'][name]}**" in flat
