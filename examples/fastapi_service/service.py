"""A service that passes the words of an answer on as they come."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from google import genai

client = genai.Client()  # at import, as most services have theirs
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "up"}


@app.get("/ask")
async def ask(question: str) -> dict[str, str]:
    turn = await client.aio.interactions.create(model="gemini-3.5-flash", input=question)
    return {"answer": turn.output_text}


@app.get("/stream")
async def stream(question: str) -> StreamingResponse:
    return StreamingResponse(_words(question), media_type="text/plain")


async def _words(question: str) -> AsyncIterator[str]:
    events = await client.aio.interactions.create(model="gemini-3.5-flash", input=question, stream=True)
    async for event in events:
        if event.event_type == "step.delta" and event.delta.type == "text":
            yield event.delta.text
