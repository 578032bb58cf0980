"""The parts of the reference that are made of the code say what holds, and so do its texts in a terminal."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pytest_interactions
from pytest_interactions.commands import COMMANDS
from pytest_interactions.options import SPECS, Options

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"
DEFAULT = re.compile(r"(\w+) \(default\)|\(default: ([^)]+)\)")
#: How a help text says that nothing is set.
NOTHING = {"any", "any age", "none"}
FIXTURES = (
    "interactions_config",
    "interactions",
    "interactions_server",
    "interactions_emulator",
    "snapshot_steps",
    "session_interactions",
    "package_interactions",
    "module_interactions",
    "class_interactions",
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module that makes the pages, whose directory is another one, with all of them."""
    spec = importlib.util.spec_from_file_location("generated", DOCS / "generated.py")
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["DIRECTORY"] = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "88")
        for write in module.WRITERS:
            write()
    return module


def _read(generated: Any, name: str) -> str:
    return str((generated.DIRECTORY / name).read_text("utf-8"))


def _default(name: str) -> str:
    value = Options._field_defaults[name]
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else f"{value:g}" if type(value) is float else str(value)


def test_the_table_has_each_option_with_its_default(generated: Any) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? \| (.+) \|$", _read(generated, "options.md"), re.MULTILINE)
    assert [name for name, *_ in rows] == list(SPECS)
    for name, default, means in rows:
        said = _default(name)
        assert default == (said.lower() if said in {"True", "False"} else said)
        assert "default" not in means
        assert means


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if DEFAULT.search(spec.help)])
def test_the_help_of_an_option_says_its_default(name: str) -> None:
    found = DEFAULT.search(SPECS[name].help)
    assert found
    said = found[1] or found[2]
    assert ("" if said in NOTHING and name != "record_mode" else said) == _default(name).replace("True", "true")


def test_each_option_that_has_a_default_says_it() -> None:
    silent = {name for name, spec in SPECS.items() if not DEFAULT.search(spec.help)}
    assert {name for name in silent if _default(name) not in {"", "False"}} == set()


def test_the_page_of_options_names_each() -> None:
    page = (DOCS / "reference" / "options.md").read_text("utf-8")
    assert {name for name in SPECS if f"`{name}`" not in page} == set()


def test_each_fixture_is_on_its_page(generated: Any) -> None:
    page = _read(generated, "fixtures.md")
    assert tuple(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == FIXTURES
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        compile(code, "<a fixture's docstring>", "exec")


def test_each_fixture_says_in_a_terminal_what_it_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    printed = pytester.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider").stdout.str()
    for name in FIXTURES:
        said = re.search(rf"(?m)^{name}(?: \[\w+ scope\])? -- .*\n    (\S.+)$", printed)
        assert said, name
        assert said[1].endswith("."), said[1]
        assert len(said[1]) <= 120


def test_each_command_is_on_its_page(generated: Any) -> None:
    page = _read(generated, "commands.md")
    assert re.findall(r"^## ([\w-]+)$", page, re.MULTILINE) == list(COMMANDS)
    assert page.count("usage: pytest-interactions ") == len(COMMANDS)


def test_each_public_name_is_on_the_page_of_the_api() -> None:
    page = (DOCS / "reference" / "python-api.md").read_text("utf-8")
    assert set(re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.MULTILINE)) == set(pytest_interactions.__all__)


def test_each_error_is_on_its_page() -> None:
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    errors = {name for name in pytest_interactions.__all__ if name.endswith(("Error", "Warning"))}
    assert {name for name in errors - {"CassetteError"} if f"`{name}`" not in page} == set()
