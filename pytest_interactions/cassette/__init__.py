"""vcrpy's room: cassettes that record traffic and replay it."""

from pytest_interactions.cassette.cassette import Cassette
from pytest_interactions.cassette.use import opened, use_cassette

__all__ = ["Cassette", "opened", "use_cassette"]
