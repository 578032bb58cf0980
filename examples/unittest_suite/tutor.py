"""A tutor that remembers the conversation."""

from google import genai


class Tutor:
    """One conversation with a pupil."""

    def __init__(self) -> None:
        self._client = genai.Client()
        self._last = None

    def ask(self, question: str) -> str:
        """Answer a question in the light of those before it."""
        turn = self._client.interactions.create(
            model="gemini-3.5-flash", input=question, previous_interaction_id=self._last
        )
        self._last = turn.id
        return turn.output_text
