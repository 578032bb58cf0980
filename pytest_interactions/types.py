"""The types of the options as they are given, by which a type checker finds a wrong one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict

from pytest_interactions.options import Differing, FailOn, Lint, RecordMode, Stale, Unplayed, Wording

_Names = str | Iterable[str]


class On(TypedDict, total=False):
    """The exchange that a fault is for: its number, or the look of its request."""

    exchange: int
    operation: Literal["create", "get", "cancel", "delete"]
    path: str
    input: str
    model: str
    agent: str
    stream: bool
    tool: str
    result_of: str


class Fault(TypedDict, total=False):
    """What goes wrong with a replayed answer; docs/faults.md describes each key."""

    on: int | On
    times: int | Literal["all"]
    error: int
    message: str
    code: str
    retry_after: float
    delay: float
    events_delay: float
    refused: Literal[True]
    timeout: Literal["connect", "read"]
    hang_after: int
    cut_after: int
    cut_after_bytes: int
    cut_after_seconds: float
    stop_after: int
    stop_after_bytes: int
    bare_error_after: int
    error_event_after: int
    repeat: int
    drop: int | list[int]
    reorder: int
    malformed: int


class Storm(TypedDict, total=False):
    """Faults that a seed picks."""

    storm: int | None
    of: list[str]


class Options(TypedDict, total=False):
    """The options of `use_cassette`, of the marker and of `interactions_config` (docs/reference/options.md)."""

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
    fault: str | Fault | Storm | Iterable[str | Fault | Storm]
    wording: Wording | Literal["ignore", "similar", "same"]
    fail_on: FailOn | Literal["breaking", "changed", "cosmetic", "never"]
    samples: int
    max_requests: int | None
    max_tokens: int | None
    media_threshold: int
    max_size: int
    store: str | os.PathLike[str]
    store_media: bool
    before_record_request: Callable[[Any], Any] | None
    before_record_response: Callable[[Any], Any] | None
    normalize_request: Callable[[Any], Any] | None
