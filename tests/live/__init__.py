"""Tests of live interactions and other WebSockets."""
