"""Options: what they may be and how they are read."""

from __future__ import annotations

from typing import Any

import pytest

import pytest_interactions
from pytest_interactions import OptionError
from pytest_interactions.conversions import Speed
from pytest_interactions.options import Options, RecordMode, Stale, Unplayed, resolve


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("record_mode", "new_episodes", RecordMode.NEW_EPISODES),
        ("unplayed", "warn", Unplayed.WARN),
        ("cassette_dir", " tapes ", "tapes"),
        ("match_on", "method, path", ("method", "path")),
        ("match_on", ["body"], ("body",)),
        ("keep_headers", "a,b c", ("a", "b", "c")),
        ("redact", "one, with a comma\n\n re:x+ \n", ("one, with a comma", "re:x+")),
        ("allowed_hosts", ("a", "b"), ("a", "b")),
        ("fast_forward", "yes", True),
        ("fast_forward", "off", False),
        ("fast_forward", True, True),
        ("chunking", "whole", "whole"),
        ("chunking", "12", 12),
        ("pace", "0.5", 0.5),
        ("pace", "recorded", Speed(1)),
        ("pace", " 4x ", Speed(4)),
        ("pace", "0.5x", Speed(0.5)),
        ("max_age", 30, 30.0),
        ("max_age", " 90d ", 90.0),
        ("max_age", "1.5w", 10.5),
        ("max_age", None, None),
        ("max_requests", None, None),
        ("max_tokens", "1000", 1000),
        ("stale", "fail", Stale.FAIL),
        ("retired_models", "a, models/b\nc", ("a", "models/b", "c")),
        ("media_threshold", "1000", 1000),
        ("normalize_request", None, None),
        ("before_record_request", print, print),
    ],
)
def test_an_option_is_read_from_text_and_from_python(name: str, value: Any, expected: Any) -> None:
    """What an ini file, a flag or a marker gives becomes the option's own type."""
    assert getattr(resolve(("here", {name: value})), name) == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("record_mode", "onec", "here: record_mode: 'onec' is not one of none, once, .*; did you mean 'once'"),
        ("unplayed", "explode", "unplayed: 'explode' is not one of fail, warn, ignore."),
        ("match_on", "methud", "match_on: 'methud' is not one of .*did you mean 'method'"),
        ("match_on", "", "match_on: it is empty"),
        ("keep_headers", 7, "keep_headers: 7 is not a list"),
        ("redact", b"x", "redact: b'x' is not a list"),
        ("fast_forward", "maybe", "fast_forward: 'maybe' is neither true nor false"),
        ("chunking", 0, "chunking: 0 is not 'event', 'whole' or a number of bytes above 0"),
        ("chunking", "events", "chunking: 'events' is not"),
        ("chunking", [1], r"chunking: \[1\] is not 'event'"),
        ("keep_headers", [1], r"keep_headers: \[1\] is not a list of names"),
        ("media_threshold", True, "media_threshold: True is not a number of bytes"),
        ("pace", "-1", "pace: '-1' is not a number of seconds from 0 up"),
        ("pace", None, "pace: None is not a number of seconds"),
        ("pace", "nan", "from 0 up, 'recorded', or a factor such as '4x'.$"),
        ("pace", "0x", "pace: '0x' is not a number of seconds, 'recorded', or a factor such as '4x'"),
        ("pace", "recoded", "'4x'; did you mean 'recorded'[?]$"),
        ("max_age", "a year", "max_age: 'a year' is not a number of days above 0, such as 90, '90d' or '12w'"),
        ("max_age", "0w", "max_age: '0w' is not a number of days above 0"),
        ("max_age", -1, "max_age: -1 is not a number of days above 0"),
        ("max_age", True, "max_age: True is not a number of days above 0"),
        ("max_age", "inf", "max_age: 'inf' is not a number of days above 0"),
        ("stale", "error", "stale: 'error' is not one of warn, fail"),
        ("samples", 0, "samples: 0 is not a number above 0"),
        ("samples", None, "samples: None is not a number from 1 to 100"),
        ("samples", 101, "samples: 101 is not a number from 1 to 100"),
        ("max_requests", "many", "max_requests: 'many' is not a number above 0"),
        ("max_tokens", True, "max_tokens: True is not a number above 0"),
        ("normalize_request", "f", "normalize_request: 'f' can't be called"),
        ("pase", 1, "here: there is no option 'pase'; did you mean 'pace'[?]$"),
        ("zzz", 1, "there is no option 'zzz'. Options"),
    ],
)
def test_what_can_not_be_is_an_error_with_its_source(name: str, value: Any, words: str) -> None:
    """A wrong name or value names where it stands, what may be, and the near match."""
    with pytest.raises(OptionError, match=words):
        resolve(("here", {name: value}))


def test_later_sources_win_and_lists_add_up() -> None:
    """The last source wins; redact, keep_headers and allowed_hosts add up, so that none opens a hole."""
    sources = [("a", {"pace": 1, "redact": ["x"]}), ("b", {"pace": 2, "redact": ["y"], "retired_models": "m"})]
    options = resolve(*sources, ("c", {"retired_models": ["n"]}))
    assert (options.pace, options.redact, options.retired_models) == (2, ("x", "y"), ("m", "n"))
    assert resolve() == Options()


def test_the_package_gives_what_it_promises() -> None:
    """Every public name can be had, and a wrong one is an AttributeError."""
    assert all(getattr(pytest_interactions, name) for name in pytest_interactions.__all__)
    with pytest.raises(AttributeError, match="no attribute 'use_casette'"):
        _ = pytest_interactions.use_casette


def test_a_representation_shows_nothing_of_what_is_secret() -> None:
    """A failure that shows the options does not show the values to redact."""
    options = resolve(("test", {"redact": ["my-own-secret"]}))
    assert options.redact == ("my-own-secret",)
    assert "my-own-secret" not in repr(options)
    assert "my-own-secret" not in repr(Options(store="sftp://me:my-own-secret@host/cassettes"))


def test_pytest_s_help_has_a_section_in_which_each_option_has_a_word_for_its_value(pytester: pytest.Pytester) -> None:
    """And not the name of the variable that argparse would put there."""
    result = pytester.runpytest("--help", "-p", "no:recording", "-p", "no:asyncio")
    result.stdout.fnmatch_lines(
        [
            "interactions (record and replay of the Gemini Interactions API):",
            "  --interactions-record-mode=MODE",
            "  --interactions-max-age=DAYS",
            "  --interactions-fast-forward=?BOOL?",
            "  --interactions-verify-json=FILE",
        ]
    )
    result.stdout.no_fnmatch_line("*=*INTERACTIONS_*")


@pytest.mark.parametrize("value", ["s3:/bucket/x", "s3:bucket", "gs:", "file:/a/b", "sftp:me:my-own-secret@host"])
def test_a_url_without_its_slashes_is_no_directory(value: str) -> None:
    """The error has the right form, and nothing else of the value, which may be secret."""
    scheme = value.partition(":")[0]
    with pytest.raises(
        OptionError, match=f"^here: store: a URL that begins with {scheme}: .* {scheme}://bucket"
    ) as raised:
        resolve(("here", {"store": value}))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "value", ["C:/x", "C:\\x", "a/b:c", "./ab:c", "~/x", "simplecache::/x", "s3://b", "file:///x", " ../store "]
)
def test_a_store_is_a_url_or_a_path(value: str) -> None:
    assert resolve(("here", {"store": value})).store == value.strip()
