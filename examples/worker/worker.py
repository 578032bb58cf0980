"""A worker that answers many questions at once, in threads."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from google import genai


class Worker:
    """Answers questions in the light of a brief, which it gives the model once."""

    def __init__(self, brief: str) -> None:
        self._client = genai.Client()
        self._brief = self._client.interactions.create(model="gemini-3.5-flash", input=brief).id

    def answer(self, question: str) -> str:
        """Answer one question."""
        turn = self._client.interactions.create(
            model="gemini-3.5-flash", input=question, previous_interaction_id=self._brief
        )
        return turn.output_text

    def answer_all(self, questions: Iterable[str]) -> list[str]:
        """Answer questions in eight threads; the answers are in the order of the questions."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(self.answer, questions))
