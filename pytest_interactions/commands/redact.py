"""`pytest-interactions redact`: the removal of secrets from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import for_each_file, read, rule_arguments, secrets_in, size_argument
from pytest_interactions.commands.reports import Form, Reporter
from pytest_interactions.errors import CassetteError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files.disk import locked, replacing
from pytest_interactions.files.layout import dumps
from pytest_interactions.files.storage import loads
from pytest_interactions.redaction.headers import handed_out
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import clean, scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths and the options of redaction."""
    parser.description = "Take the secrets out of vcrpy cassettes in place; they replay as before. Safe to repeat."
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or directories of them")
    parser.add_argument(
        "--keep-headers", action="append", default=[], metavar="NAME", help="a header to keep; repeatable"
    )
    rule_arguments(parser)
    size_argument(parser)


def run(options: Namespace) -> Status:
    """Take all secrets out of the files.

    A file is replaced in one step, or stays as it is. A vcrpy cassette is rewritten in this package's own layout. In
    any other file only the secrets are replaced.

    Raises:
        OptionError: What is to be taken out besides can't be used.
    """
    secrets = Secrets.from_environ(os.environ)
    redactor = Redactor(
        secrets=secrets,
        keep_headers=options.keep_headers,
        redact=options.redact,
        rules=options.rules,
        skip_rules=options.skip_rule,
    )
    reporter = Reporter(redactor.secrets, Form.TEXT)
    return for_each_file(
        options.paths,
        lambda path: _redact_file(path, secrets, redactor, reporter, options.max_size),
        reporter,
        failure="can't be read or written",
    )


def _redact_file(path: Path, secrets: Secrets, redactor: Redactor, reporter: Reporter, max_size: int) -> Status:
    with locked(path):
        before = read(path, max_size)
        after = _redacted_cassette(path, before, secrets, redactor, max_size)
        if after is None:
            after = clean(before, redactor.secrets, redactor.trees, max_size)
        remaining = list(secrets_in(path, after, redactor, max_size))
        if after != before:
            with replacing(path) as file:
                file.write(after.encode("utf-8", "surrogateescape"))
            print(f"{reporter.clean(path)}: redacted")
    return max(map(reporter.found, remaining), default=Status.OK)


def _redacted_cassette(path: Path, text: str, secrets: Secrets, redactor: Redactor, max_size: int) -> str | None:
    """Return the redacted text of a vcrpy cassette in YAML, or `None` if `text` is no such cassette."""
    if path.suffix not in {".yaml", ".yml"} or "interactions:" not in text:
        return None
    try:
        contents = loads(text.encode("utf-8", "surrogateescape"), path, max_size)
    except CassetteError:
        print(on_one_line(f"{path}: can't be read as a cassette, so it was looked through as any text is"))
        return None
    for exchange in contents.exchanges:
        secrets.learn(exchange.request)
        secrets.learn_handed_out(handed_out(exchange.response.headers))
    exchanges = [redactor.exchange(exchange) for exchange in contents.exchanges]
    unchanged = exchanges == contents.exchanges and not scan(text, redactor.secrets, redactor.trees, max_size)
    return text if unchanged else dumps(exchanges, incomplete=contents.incomplete, origin=contents.origin)
