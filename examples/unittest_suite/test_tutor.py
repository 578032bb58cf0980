import os
import unittest
from pathlib import Path

from tutor import Tutor

from pytest_interactions import RecordMode, use_cassette

CASSETTES = Path(__file__).parent / "cassettes"
#: What `pytest` has flags for, `python -m unittest` takes from the environment.
MODE = RecordMode(os.environ.get("RECORD_MODE", "none"))


class TestTutor(unittest.TestCase):
    """These run with `python -m unittest` too, where there are no fixtures."""

    @use_cassette(CASSETTES / "conversation.yaml", record_mode=MODE)
    def test_a_conversation(self):
        tutor = Tutor()
        self.assertIn("What is a prime?", tutor.ask("What is a prime?"))
        self.assertIn("And is 1 one?", tutor.ask("And is 1 one?"))

    def test_a_greeting(self):
        with use_cassette(CASSETTES / "greeting.yaml", record_mode=MODE) as cassette:
            Tutor().ask("Hello")
            self.assertEqual(cassette.interactions[0].status, "completed")


if __name__ == "__main__":
    unittest.main()
