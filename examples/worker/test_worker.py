import pytest
from worker import Worker


@pytest.fixture(scope="module")
def worker(module_interactions):
    """A worker that is briefed once for all tests, whose call is in a cassette of the module."""
    return Worker("You are a friendly clerk.")


def test_many_questions(worker, interactions):
    questions = [f"What is {n} times {n}?" for n in range(16)]
    answers = worker.answer_all(questions)
    assert all(question in answer for question, answer in zip(questions, answers, strict=True))
    assert len(interactions.exchanges) == 16


def test_one_question(worker, interactions):
    assert "Hello" in worker.answer("Hello")
