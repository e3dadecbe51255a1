"""The PHP module by the rules that Magento's own standard adds and that no tool here brings, and by its own files.

By the rules of Magento's coding standard, told again; not passed by its package, which is not to be had here.
"""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.magento import tags, wire

HEADER = "Copyright © Comeback contributors.\n * MIT License, see LICENSE."

# What Magento 2.4.0 to 2.4.3 run on is PHP 7.4: nothing newer is said, in no version anything that a later one dropped.
TOO_NEW = {
    "match": r"\bmatch\s*\(",
    "nullsafe": r"\?->",
    "readonly": r"\breadonly\b",
    "enum": r"^\s*enum\s",
    "attribute": r"#\[",
    "catch without a name": r"catch\s*\([^$)]*\)",
    "promoted property": r"\(\s*[^)]*\b(private|protected|public)\s+[\w\\?|]+\s+\$",
    "union type": r"function\s+\w+\([^)]*\b\w+\|\w+\s+\$|\)\s*:\s*\??\w+\|\w+",
    "mixed, static or never as a type": r"\)\s*:\s*(mixed|static|never)\b|[(,]\s*mixed\s+\$",
    "comma after the last parameter": r"function\s+\w*\([^)]*,\s*\)",
    "functions of PHP 8": r"\bstr_(contains|starts_with|ends_with)\(|\bget_debug_type\(",
    "named argument": r"[(,]\s*\w+:\s*[\$'\d]",
    "null by the back door": r"[(,]\s*\w[\w\\]*\s+\$\w+\s*=\s*null",
}
# Severities 10 to 7 of Magento's ruleset, as far as they can touch this module.
FORBIDDEN = {
    "ObjectManager": r"ObjectManager",
    "new of anything but a value": r"\bnew\s+(?!Answer\b|Message\b|LocalizedException\b|class\b)\w",
    "SQL by hand": r"->query\(|['\"]\s*(SELECT|INSERT|UPDATE|DELETE)\s",
    "superglobal": r"\$_(GET|POST|REQUEST|SERVER|SESSION|COOKIE|ENV|FILES|GLOBALS)\b|\$GLOBALS\b",
    "output": r"\b(echo|print|exit|die|eval|var_dump|print_r|printf|header)\b\s*\(?",
    "discouraged function": r"(?<![>:\w])(curl_\w+|file\w*|fopen|parse_url|parse_str|base64_decode"
    r"|register_shutdown_function|session_\w+|call_user_func\w*|is_null|intval|strval|sizeof|md5|sha1|rand|mt_rand|uniqid|serialize|unserialize"
    r"|sleep|set_time_limit|ini_set|htmlspecialchars|stream_\w+|getenv|dirname|include|require)\s*\(",
    "final": r"\bfinal\b",
    "goto": r"\bgoto\b",
    "static method": r"static function (?!getDependencies\b)\w",
    "generic exception": r"throw new \\?Exception\b",
    "deprecated alias": r"@codingStandardsIgnore",
    "empty block": r"\{\s*\}",
    "array_merge in a loop": r"foreach[^}]*array_merge",
    "generated class in a constructor": r"__construct\([^)]*\\?Proxy\s",
}


def sources(module: Path) -> Iterator[Path]:
    """Every PHP file that runs in a shop."""
    yield from (path for path in sorted(module.rglob("*.php")) if "Test/Unit" not in str(path))


def code(path: Path) -> str:
    """The file without comments, which may say anything."""
    return re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text(), flags=re.DOTALL)


def found(rules: dict[str, str], paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.name}: {name}: {hit[0].strip()[:60]}"
        for path in paths
        for name, rule in rules.items()
        for hit in re.finditer(rule, code(path), re.MULTILINE)
    ]


def test_only_what_php_7_4_knows_is_said(module: Path) -> None:
    assert found(TOO_NEW, iter(sorted(module.rglob("*.php")))) == []


def test_no_rule_of_magento_is_broken_but_for_the_one_that_keeps_a_session_open(module: Path) -> None:
    """Magento's own way to close a session opens one first; each exception is told to the checker beside the line."""
    told = ["session_status(", "session_write_close("]
    assert found(FORBIDDEN, sources(module)) == [
        f"OpenSession.php: discouraged function: {one}" for one in told
    ]
    ignored = [path.name for path in sources(module) for _ in re.findall("phpcs:ignore", path.read_text())]
    assert ignored == ["OpenSession.php"] * len(told)


BREACHES = [
    ("$x = match ($y) {1 => 2};", "match"),
    ("$x?->y();", "nullsafe"),
    ("} catch (\\Exception) {", "catch without a name"),
    ("function __construct(private Queue $queue)", "promoted property"),
    ("function a(int|string $b)", "union type"),
    ("function a(): mixed", "mixed, static or never as a type"),
    ("function a(Queue $b = null)", "null by the back door"),
    ("ObjectManager::getInstance()", "ObjectManager"),
    ("$x = new Queue();", "new of anything but a value"),
    ("$c->query('SELECT 1')", "SQL by hand"),
    ("$_GET['a']", "superglobal"),
    ("echo $a;", "output"),
    ("curl_init('x')", "discouraged function"),
    ("final class A", "final"),
    ("catch (\\Exception $e) {\n}", "empty block"),
]


@pytest.mark.parametrize(("line", "rule"), BREACHES)
def test_each_of_these_rules_can_fail(tmp_path: Path, line: str, rule: str) -> None:
    path = tmp_path / "A.php"
    path.write_text(f"<?php\n{line}\n")
    assert rule in {hit.split(": ")[1] for hit in found(TOO_NEW | FORBIDDEN, iter([path]))}


def test_every_file_has_its_header_and_every_class_is_strict_and_says_what_it_is_for(module: Path) -> None:
    for path in [*sources(module), *module.rglob("*.phtml"), *module.rglob("*.xml"), *module.rglob("*.js")]:
        assert HEADER in path.read_text(), path
    for path in sorted(module.rglob("*.php")):
        assert path.read_text().startswith(f"<?php\n/**\n * {HEADER}\n */\ndeclare(strict_types=1);\n\n"), (
            path
        )
        if path.name != "registration.php":
            assert re.search(
                r"\n/\*\*\n \* [A-Z].{15,}[.\n](.|\n)*?\*/\n(?:class|interface) ", path.read_text()
            ), path


def test_every_method_says_what_it_promises_and_types_what_it_takes(module: Path) -> None:
    for path in sources(module):
        text = path.read_text()
        for method in re.finditer(
            r"( +/\*\*(?:(?!\*/).)*\*/\n)?( +)(?:public|private|protected) (?:static )?function (\w+)\(([^)]*)\)",
            text,
            re.DOTALL,
        ):
            doc, _, name, given = method.groups()
            assert doc, f"{path.name}: {name} has no doc block"
            named = re.findall(r"\$\w+", given)
            assert "@inheritdoc" in doc or re.findall(r"@param \S+ (\$\w+)", doc) == named, (
                f"{path.name}: {name}"
            )


def test_every_word_on_a_page_is_escaped(module: Path) -> None:
    pages = sorted(module.rglob("*.phtml"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text()
        shown = re.findall(r"<\?=\s*(.+?)\s*\?>", text, re.DOTALL)
        assert shown
        assert [one for one in shown if not one.startswith("$escaper->escapeHtml")] == []
        assert "$this" not in text
        assert not re.search(r"<script|\son\w+=|style=", text), (
            "the shop's content security policy forbids it"
        )


def test_every_sentence_is_there_in_english_and_dutch(module: Path) -> None:
    sentences = set()
    for path in [*sources(module), *module.rglob("*.phtml")]:
        for call in re.findall(r"__\(\s*((?:'(?:[^'\\]|\\.)*'\s*\.?\s*)+)", path.read_text()):
            sentences.add("".join(re.findall(r"'((?:[^'\\]|\\.)*)'", call)))
    for path in module.rglob("*.js"):
        sentences |= set(re.findall(r"\$t\('([^']+)'\)", path.read_text()))
    for element in tree(module / "etc/adminhtml/system.xml").iter():
        for name in (element.get("translate") or "").split():
            sentences.add(str(element.findtext(name)))
    sentences |= set(
        re.findall(
            r"'label' => '([^']+)'", (module / "Setup/Patch/Data/AddCustomerAttributes.php").read_text()
        )
    )
    sentences.add("Comeback")  # the title in acl.xml
    for language in ("en_US", "nl_NL"):
        rows = list(csv.reader((module / f"i18n/{language}.csv").read_text().splitlines()))
        assert {len(row) for row in rows} == {2}
        assert [row[0] for row in rows] == list(dict.fromkeys(row[0] for row in rows)), "no sentence twice"
        assert {row[0] for row in rows} == sentences
        assert all(re.findall(r"%\d", row[0]) == re.findall(r"%\d", row[1]) for row in rows)
        same = [row[0] for row in rows if row[0] == row[1]]
        assert language == "en_US" or same == ["Comeback"]


def tree(path: Path) -> ET.Element:
    return ET.parse(path).getroot()


def test_every_class_that_a_file_names_is_there(module: Path) -> None:
    named: set[str] = set()
    for path in module.rglob("*.xml"):
        named |= set(re.findall(r"Comeback\\Loyalty\\([\w\\]+)", path.read_text()))
    assert len(named) > 12
    generated = {name for name in named if name.endswith("\\Proxy")}
    assert generated == {"Model\\Courier\\Proxy"}
    missing = [
        name for name in named - generated if not (module / f"{name.replace(chr(92), '/')}.php").is_file()
    ]
    assert missing == []


def test_every_event_is_of_something_comeback_reads_and_comes_once_it_is_committed(module: Path) -> None:
    events = [str(event.get("name")) for event in tree(module / "etc/events.xml")]
    assert events == [
        "sales_order_save_commit_after",
        "sales_order_delete_commit_after",
        "sales_order_creditmemo_save_commit_after",
        "sales_order_invoice_save_commit_after",
        "sales_order_shipment_save_commit_after",
        "customer_save_commit_after",
        "customer_delete_commit_after",
    ]


def test_the_table_is_the_one_that_the_queue_uses_and_all_of_it_is_on_the_white_list(
    module: Path, ground: Path
) -> None:
    table = tree(module / "etc/db_schema.xml")[0]
    listed = json.loads((module / "etc/db_schema_whitelist.json").read_text())[str(table.get("name"))]
    for kind, attribute in (("column", "name"), ("index", "referenceId"), ("constraint", "referenceId")):
        assert [one.get(attribute) for one in table.findall(kind)] == list(listed[kind])
    columns = list(listed["column"])
    queue = (module / "Model/Queue.php").read_text()
    assert set(re.findall(r"'(\w+)' =>", queue)) <= set(columns)
    stand_in = re.findall(r"(\w+) (?:text|integer)\b", ground.read_text().partition("CREATE TABLE")[2])
    assert stand_in == columns
    unique = [column.get("name") for column in table.findall("constraint")[1]]
    assert unique == ["kind", "entity_id", "gone"]


def test_settings_have_the_same_paths_on_their_page_in_their_defaults_and_in_code(module: Path) -> None:
    section = tree(module / "etc/adminhtml/system.xml")[0][0]
    fields = {
        f"{section.get('id')}/{group.get('id')}/{field.get('id')}": field
        for group in section.findall("group")
        for field in group.findall("field")
    }
    read = set(re.findall(r"'(comeback_loyalty/\w+/\w+)'", (module / "Model/Settings.php").read_text()))
    layout = (module / "view/frontend/layout/customer_account_index.xml").read_text()
    read |= set(re.findall(r'ifconfig="([^"]+)"', layout))
    assert read <= set(fields)
    assert set(fields) - read == {"comeback_loyalty/general/test", "comeback_loyalty/general/standing"}
    encrypted = "Magento\\Config\\Model\\Config\\Backend\\Encrypted"
    assert fields["comeback_loyalty/general/secret"].findtext("backend_model") == encrypted
    defaults = tree(module / "etc/config.xml").find("default/comeback_loyalty/general/secret")
    assert defaults is not None
    assert defaults.get("backend_model") == encrypted, "what is stored encrypted is read decrypted"
    # A website may be left out; where hints go and what signs them is one for the whole shop.
    assert [path.rsplit("/")[-1] for path, field in fields.items() if field.get("showInWebsite")] == [
        "enabled",
        "show",
    ]


def test_the_right_to_these_settings_is_the_one_that_is_asked_for(module: Path) -> None:
    right = tree(module / "etc/acl.xml").findall(".//resource")[-1].get("id")
    assert right == "Comeback_Loyalty::config"
    assert tree(module / "etc/adminhtml/system.xml").findtext(".//resource") == right
    routes = tree(module / "etc/webapi.xml").findall("route")
    assert [route.get("method") for route in routes] == ["GET", "PUT"]
    assert {one.get("ref") for route in routes for one in route.iter("resource")} == {right}
    controllers = sorted((module / "Controller").rglob("*.php"))
    assert controllers
    for controller in controllers:
        assert f"ADMIN_RESOURCE = '{right}'" in controller.read_text()
        assert "implements HttpPostActionInterface" in controller.read_text(), (
            "and so the form key is asked for"
        )


def test_no_page_of_the_shop_loses_its_cache(module: Path) -> None:
    for path in module.rglob("layout/*.xml"):
        assert not re.search(r'<\w[^>]*cacheable="false"', path.read_text())


def test_composer_installs_it_where_magento_2_4_runs(module: Path) -> None:
    package = json.loads((module / "composer.json").read_text())
    assert package["type"] == "magento2-module"
    assert package["license"] == "MIT"
    assert package["require"]["php"] == "~7.4.0||~8.1.0||~8.2.0||~8.3.0||~8.4.0"
    assert package["autoload"]["psr-4"] == {"Comeback\\Loyalty\\": ""}
    used = {
        package_of(name)
        for path in sources(module)
        for name in re.findall(r"\bMagento\\(\w+)\\", path.read_text())
    }
    assert used | {"magento/module-eav", "magento/module-sales"} == {
        name for name in package["require"] if name.startswith("magento/")
    }
    assert (module / "LICENSE").read_text() == (module.parents[2] / "LICENSE").read_text()


def test_the_attributes_are_those_that_comeback_writes_and_can_read(module: Path) -> None:
    patch = (module / "Setup/Patch/Data/AddCustomerAttributes.php").read_text()
    codes = dict(re.findall(r"public const (\w+) = '(comeback_\w+)'", patch))
    assert codes == {"TAGS": tags.OURS, "BALANCE": tags.BALANCE, "TIER": tags.TIER}
    made = re.findall(r"self::(\w+) => \['type' => '(\w+)', 'input' => '(\w+)', 'label' => '([^']+)'", patch)
    assert "'user_defined' => true" in patch
    known = {
        codes[name]: wire.Attribute(
            attribute_code=codes[name],
            backend_type=kind,
            frontend_input=box,
            frontend_label=label,
            user_defined=True,
        )
        for name, kind, box, label in made
    }
    found = tags.Attributes.__new__(tags.Attributes)
    found.__dict__["known"] = known
    assert [one.attribute_code for one in found.lines] == [tags.OURS]
    assert found.shows_cards
    # A list of tags may grow beyond what one line of an attribute holds.
    assert known[tags.OURS].backend_type == "text"


def package_of(name: str) -> str:
    dashed = re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()
    return "magento/framework" if name == "Framework" else f"magento/module-{dashed}"
