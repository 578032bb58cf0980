"""A run that replays in a network of its own, from before any plugin or conftest.py begins a thread."""

from __future__ import annotations

from typing import Final

import pytest

from pytest_interactions.errors import OptionError
from pytest_interactions.plugin import early_key

#: The option, which is one of the whole run: no cassette has it.
_OPTION: Final = "interactions_network_namespace"


def add_option(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add the option as a flag and an ini key."""
    says = "in a run that replays, cut all processes off from the network by a namespace of their own (Linux)"
    group.addoption(f"--{_OPTION.replace('_', '-')}", dest=_OPTION, action="store_true", default=False, help=says)
    parser.addini(_OPTION, help=says, type="bool", default=False)


def leave_network(config: pytest.Config) -> None:
    """Leave the network, if the option is set, the run's record mode is `none`, and this was not done before.

    Raises:
        UsageError: The system does not permit it.
    """
    mode = early_key.option(config, "record_mode") or "none"
    if mode == "none" and early_key.option(config, "network_namespace"):
        from pytest_interactions.clients import namespace

        try:
            namespace.enter()
        except OptionError as error:
            raise pytest.UsageError(str(error)) from None
