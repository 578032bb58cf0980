"""How the site is built of these pages: `make docs`."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from docutils import nodes
from generated import WRITERS
from sphinx import addnodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "pytest-interactions"
author = "pytest-interactions maintainers"
copyright = "2026, pytest-interactions maintainers"  # noqa: A001 - Sphinx's name
release = version = version_of("pytest-interactions")

_FILES = "https://github.com/pytest-interactions/pytest-interactions/blob/main/"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "upstream", "_generated"]
nitpicky = False  # types of other libraries stand in signatures, and their inventories need a network
intersphinx_mapping: dict[str, tuple[str, None]] = {}

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
# A title in `text` would be coloured as if it were Python otherwise.
highlight_language = "text"
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented_params"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

copybutton_prompt_text = r"^\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = "pytest-interactions"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["llms.txt", "cassette.schema.json"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "source_repository": "https://github.com/pytest-interactions/pytest-interactions/",
    "source_branch": "main",
    "source_directory": "docs/",
}

linkcheck_timeout = 20
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]


def _link_out(_: Sphinx, __: str, source: list[str]) -> None:
    """Lead links to what is beside these pages to the repository, where they are relative, as editors have them."""
    source[0] = re.sub(
        r"\]\((?:\.\./)+((?:examples|benchmarks|tests|LICENSE|CHANGELOG)[^)]*)\)", rf"]({_FILES}\1)", source[0]
    )


def _without_arguments(
    _: Sphinx, what: str, name: str, __: object, ___: object, signature: str | None, ____: str | None
) -> tuple[str, None] | None:
    """Leave out the arguments of what no user makes: errors, and classes whose objects come from a fixture."""
    is_made = what == "function" or name.endswith(("use_cassette", "Emulator", "ReplayServer"))
    return ("", None) if signature and not is_made and what in ("class", "exception") else None


def _of_attributes(_: Sphinx, what: str, name: str, __: object, ___: object, lines: list[str]) -> None:
    """Keep a colon in the docstring of an attribute from being read as the end of its type, as napoleon does."""
    if what in ("attribute", "property", "data") and lines and ":" in lines[0]:
        lines[0] = f": {lines[0]}"
    if name == "pytest_interactions.Cassette":  # whose other attributes are for this package
        shown = re.compile(r"    (?!path|record_mode|failures)\w+: ")
        lines[:] = [line for line in lines if not shown.match(line)]


def _without_leniency(_: Sphinx, doctree: nodes.document) -> None:
    """Show the type of a model's field without what says that it may have another one, as the page says so once."""
    for annotation in doctree.findall(addnodes.desc_annotation):
        if found := re.fullmatch(r": Lenient\[(.+)\]", annotation.astext()):
            annotation.children = [nodes.Text(f": {found[1]}")]


def setup(app: Sphinx) -> None:
    """Write the pages that are made of the code, before any page is read."""
    app.connect("source-read", _link_out)
    app.connect("autodoc-process-signature", _without_arguments)
    app.connect("autodoc-process-docstring", _of_attributes, priority=400)  # before napoleon
    app.connect("doctree-read", _without_leniency)
    app.connect("builder-inited", lambda _: [write() for write in WRITERS])
