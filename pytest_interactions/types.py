"""The types of the options as they are given, by which a type checker finds a wrong one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict

from pytest_interactions.options import Differing, FailOn, Lint, RecordMode, Stale, Unplayed, Wording

_Names = str | Iterable[str]


class Options(TypedDict, total=False):
    """The options of `use_cassette`, of the marker and of `interactions_config`; docs/reference.md describes each."""

    record_mode: RecordMode | Literal["none", "once", "new_episodes", "all", "rewrite", "off", "verify"]
    cassette_dir: str | os.PathLike[str]
    match_on: _Names
    unplayed: Unplayed | Literal["fail", "warn", "ignore"]
    differing: Differing | Literal["fail", "warn"]
    lint: Lint | Literal["warn", "error", "off"]
    max_age: float | str | None
    stale: Stale | Literal["warn", "fail"]
    retired_models: _Names
    keep_headers: _Names
    redact: str | Iterable[str | re.Pattern[str]]
    rules: _Names
    skip_rules: _Names
    allowed_hosts: _Names
    recorded_hosts: _Names
    fast_forward: bool
    fast_sdk: bool
    chunking: Literal["event", "whole"] | int
    pace: float | str
    wording: Wording | Literal["ignore", "similar", "same"]
    fail_on: FailOn | Literal["breaking", "changed", "cosmetic", "never"]
    samples: int
    max_requests: int | None
    max_tokens: int | None
    media_threshold: int
    max_size: int
    before_record_request: Callable[[Any], Any] | None
    before_record_response: Callable[[Any], Any] | None
    normalize_request: Callable[[Any], Any] | None
