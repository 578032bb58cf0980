"""The answers that the emulator gives without a script, as the real SDK sees them."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from google import genai
from google.oauth2 import credentials
from PIL import Image

from pytest_interactions.server.emulator import behaviour

if TYPE_CHECKING:
    import httpx

from pytest_interactions.server.emulator import Emulator

MODEL = "gemini-3.5-flash"


def post(rest: httpx.Client, **body: Any) -> dict[str, Any]:
    """Create an interaction, and return its JSON."""
    answer = rest.post("/v1beta/interactions", json={"model": MODEL, **body})
    return cast("dict[str, Any]", answer.json())


def text_of(interaction: dict[str, Any]) -> str:
    """Return the text of the last step."""
    return cast("str", interaction["steps"][-1]["content"][0]["text"])


def test_text(client: Any) -> None:
    """A question that the quickstart asks gets the quickstart's answer, after a signed thought."""
    interaction = client.interactions.create(model=MODEL, input="Explain how AI works in a few words")
    assert interaction.output_text == "AI learns patterns from data, then uses those patterns to make predictions."
    assert [step.type for step in interaction.steps or []] == ["thought", "model_output"]
    assert (interaction.status, interaction.created) == ("completed", "2026-06-09T12:01:25Z")
    assert interaction.usage is not None
    assert interaction.usage.total_input_tokens == 8


def test_exact_reply(rest: httpx.Client) -> None:
    """The model replies with exactly what the prompt asks for, if it says so."""
    assert text_of(post(rest, input="Reply with exactly ok.")) == "ok"


def test_memory_on_the_server(client: Any) -> None:
    """A conversation continued by id remembers what was said."""
    first = client.interactions.create(model=MODEL, input="I have 2 dogs in my house.")
    second = client.interactions.create(
        model=MODEL, input="How many paws are in my house?", previous_interaction_id=first.id
    )
    assert second.output_text == "There are 8 paws in your house: 2 dogs with 4 paws each = 8."
    third = client.interactions.create(model=MODEL, input="Thanks!", previous_interaction_id=second.id)
    assert third.output_text == (
        "You said: Thanks! Earlier you said: I have 2 dogs in my house.; How many paws are in my house?"
    )


def test_chained_ids_share_their_first_half(client: Any) -> None:
    """The ids of one conversation begin alike and differ after, like real ones."""
    first = client.interactions.create(model=MODEL, input="One")
    second = client.interactions.create(model=MODEL, input="Two", previous_interaction_id=first.id)
    assert first.id
    assert second.id
    assert first.id[:36] == second.id[:36]
    assert first.id != second.id


def test_memory_in_the_client(client: Any) -> None:
    """A history that the client resends is remembered, and leaves nothing on the server: no id."""
    history: list[Any] = [{"type": "user_input", "content": [{"type": "text", "text": "I have 2 dogs."}]}]
    first = client.interactions.create(model=MODEL, store=False, input=history)
    history += [step.model_dump() for step in first.steps or []]
    history.append({"type": "user_input", "content": [{"type": "text", "text": "How many paws are in my house?"}]})
    second = client.interactions.create(model=MODEL, store=False, input=history)
    assert second.output_text.startswith("There are 8 paws")
    assert not first.id


def test_no_memory_of_animals(rest: httpx.Client) -> None:
    """Asked about paws without having heard of animals, the model says so."""
    assert text_of(post(rest, input="How many paws?")) == "I don't know which animals are in your house."


def test_media(client: Any) -> None:
    """The answer tells the size of media given by data, and the address of media given by URI."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "JPEG")
    data = base64.b64encode(file.getvalue()).decode()
    interaction = client.interactions.create(
        model=MODEL,
        input=[
            {"type": "text", "text": "Compare them."},
            {"type": "image", "data": data, "mime_type": "image/jpeg"},
            {"type": "image", "data": base64.b64encode(b"no image").decode(), "mime_type": "image/png"},
            {"type": "audio", "uri": "https://example.com/sample.mp3", "mime_type": "audio/mp3"},
            {"type": "document", "data": base64.b64encode(b"%PDF").decode(), "mime_type": "application/pdf"},
        ],
    )
    assert interaction.output_text == (
        f"You sent the image (image/jpeg, 40 x 30 pixels, {len(file.getvalue())} bytes) and the image (image/png, "
        "no picture that I can read, 8 bytes) and the audio at https://example.com/sample.mp3 (audio/mp3) and the "
        "document (application/pdf, 4 bytes). You said: Compare them."
    )
    assert interaction.usage is not None
    assert [(count.modality, count.tokens) for count in interaction.usage.input_tokens_by_modality or []] == [
        ("text", 3),
        ("image", 516),
        ("audio", 258),
        ("document", 258),
    ]


@pytest.mark.parametrize("data", ["§", "YWJj YWJj", "YWI", 1234])
def test_data_that_is_not_base64(rest: httpx.Client, data: Any) -> None:
    """An image whose data is not base64 is refused."""
    answer = post(rest, input=[{"type": "image", "data": data}])
    assert answer["error"]["message"] == "Invalid value at 'input': the data of the image is not base64."


@pytest.mark.parametrize(
    "body",
    [
        {"model": "gemini-3.1-flash-image"},
        {"response_format": {"type": "image"}},
        {"response_modalities": ["image"]},
    ],
)
def test_image(rest: httpx.Client, body: dict[str, Any]) -> None:
    """A picture is a PNG that Pillow opens, whichever way it was asked for: a sky, and towers that stand in it."""
    content = post(rest, **body, input="Generate an image of a skyline")["steps"][-1]["content"][0]
    with Image.open(io.BytesIO(base64.b64decode(content["data"]))) as image:
        assert (image.format, image.size) == ("PNG", (96, 64))
        pixels = image.convert("RGB")
    assert [pixels.getpixel(place) for place in ((95, 0), (95, 63), (0, 63))] == [
        (90, 40, 120),
        (244, 166, 64),
        (20, 16, 40),
    ]


def test_structured_output(client: Any) -> None:
    """Structured output validates against the schema that was given."""
    schema = {
        "type": "object",
        "properties": {"recipe_name": {"type": "string"}, "minutes": {"type": "integer", "minimum": 5}},
        "required": ["recipe_name", "minutes"],
    }
    interaction = client.interactions.create(
        model=MODEL,
        input="Give me a recipe for banana bread",
        response_format=[{"type": "text", "mime_type": "application/json", "schema": schema}],
    )
    assert json.loads(interaction.output_text) == {"recipe_name": "Recipe name", "minutes": 5}


def test_structured_output_without_a_schema(rest: httpx.Client) -> None:
    """The answer is an object if the request asks for JSON without a schema."""
    answer = post(rest, input="JSON, please", response_format={"type": "text", "mime_type": "application/json"})
    assert json.loads(text_of(answer)) == {}


def test_search(client: Any) -> None:
    """A search has its call, its result and an answer with a citation that spans it in bytes."""
    interaction = client.interactions.create(
        model=MODEL, input="Who won the euro 2024?", tools=[{"type": "google_search"}]
    )
    steps: list[Any] = list(interaction.steps or [])
    assert [step.type for step in steps] == [
        "thought",
        "google_search_call",
        "google_search_result",
        "model_output",
    ]
    assert steps[1].id == steps[2].call_id
    assert steps[1].arguments.queries == ["Who won the euro 2024?"]
    (citation,) = steps[3].content[0].annotations
    assert (citation.type, citation.title, citation.end_index) == ("url_citation", "uefa.com", 56)


def test_search_for_something_unknown(rest: httpx.Client) -> None:
    """The emulator cites a source even for what it does not know."""
    answer = post(rest, input="Any news?", tools=[{"type": "google_search"}])
    assert text_of(answer) == "Search results for: Any news?"


def test_tools_that_the_api_runs(client: Any) -> None:
    """Each tool that runs on the server leaves a linked call and result; the others leave none."""
    interaction = client.interactions.create(
        model=MODEL,
        input="Read https://example.com/a, and b.",
        tools=[
            {"type": "code_execution"},
            {"type": "google_maps"},
            {"type": "url_context"},
            {"type": "file_search", "file_search_store_names": ["fileSearchStores/x"]},
            {"type": "mcp_server", "name": "docs", "url": "https://example.com/mcp"},
            {"type": "computer_use"},
        ],
    )
    steps: list[Any] = list(interaction.steps or [])[1:-1]
    assert [step.type for step in steps] == [
        f"{tool}_{kind}"
        for tool in ("code_execution", "google_maps", "url_context", "file_search", "mcp_server_tool")
        for kind in ("call", "result")
    ]
    assert all(call.id == result.call_id for call, result in zip(steps[::2], steps[1::2], strict=True))
    assert steps[4].arguments.urls == ["https://example.com/a"]
    assert (steps[8].name, steps[8].server_name) == ("search", "docs")


def test_mcp_server_with_allowed_tools(rest: httpx.Client) -> None:
    """The call of an MCP server is of a tool that the request allows."""
    tool = {"type": "mcp_server", "name": "docs", "allowed_tools": [{"tools": ["find"]}]}
    assert post(rest, input="Look", tools=[tool])["steps"][1]["name"] == "find"


def test_retrieval(rest: httpx.Client) -> None:
    """A retrieval tool is run with the prompt as its query."""
    steps = post(rest, input="Look it up", tools=[{"type": "retrieval"}])["steps"]
    assert steps[1]["arguments"] == {"queries": ["Look it up"]}


def test_agent(client: Any) -> None:
    """A managed agent runs code in an environment, and says what came out."""
    interaction = client.interactions.create(
        agent="antigravity-preview-05-2026",
        input="Write a script that generates the first 20 Fibonacci numbers.",
        environment="remote",
    )
    steps: list[Any] = list(interaction.steps or [])
    assert [step.type for step in steps] == [
        "thought",
        "code_execution_call",
        "code_execution_result",
        "model_output",
    ]
    printed = io.StringIO()
    namespace: dict[str, Any] = {"print": lambda text: printed.write(f"{text}\n"), "open": _Opened.open}
    exec(steps[1].arguments.code, namespace)
    assert steps[2].result == printed.getvalue()
    assert interaction.environment_id is not None
    assert len(interaction.environment_id) == 36


class _Opened(io.StringIO):
    """A file that the agent's script writes and reads back."""

    text = ""

    @classmethod
    def open(cls, _name: str, _mode: str = "r") -> _Opened:
        return cls(cls.text)

    def close(self) -> None:
        type(self).text = self.getvalue()


@pytest.mark.parametrize("environment", ["env-1", {"type": "remote", "environment_id": "env-1"}])
def test_agent_in_a_known_environment(rest: httpx.Client, environment: Any) -> None:
    """An environment that the request names is the one that the answer names."""
    body = {"agent": "antigravity-preview-05-2026", "input": "Hello", "environment": environment}
    answer = rest.post("/v1/interactions", json=body).json()
    assert answer["environment_id"] == "env-1"
    assert answer["steps"][2]["result"] == "Hello\n"


def test_research_agent(rest: httpx.Client) -> None:
    """A research agent searches and cites."""
    body = {"agent": "deep-research-pro-preview-12-2025", "input": "TPUs"}
    steps = rest.post("/v1/interactions", json=body).json()["steps"]
    assert [step["type"] for step in steps[1:3]] == ["google_search_call", "google_search_result"]
    assert steps[3]["content"][0]["annotations"]


def test_thinking_summary(rest: httpx.Client) -> None:
    """A thought has a summary where the request asks for one."""
    steps = post(rest, input="Hello", generation_config={"thinking_summaries": "auto"})["steps"]
    assert "The user says: Hello" in steps[0]["summary"][0]["text"]


def test_token_budget(rest: httpx.Client) -> None:
    """An answer longer than `max_output_tokens` is cut and incomplete."""
    answer = post(rest, input="one two three", generation_config={"max_output_tokens": 3})
    assert (answer["status"], text_of(answer)) == ("incomplete", "You said: one")


def test_same_requests_same_bytes(emulator: Emulator) -> None:
    """The same requests in the same order get the same bytes; the same request again gets another id."""
    from pytest_interactions.server.emulator import Emulator

    def talk(server: Emulator) -> list[bytes]:
        import httpx

        with httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}) as rest:
            bodies = [{"input": "One"}, {"input": "One"}, {"input": "Draw", "model": "gemini-3.1-flash-image"}]
            return [rest.post("/v1/interactions", json={"model": MODEL, **body}).content for body in bodies]

    with Emulator.steady() as other, Emulator.steady(seed=1) as third:
        first, again, seeded = talk(emulator), talk(other), talk(third)
    assert first == again
    assert first[0] != first[1]
    assert first[0] != seeded[0]


def test_half_a_picture_is_no_picture() -> None:
    """An image that is cut short is described, not an error of the server."""
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    for size in (12, 20, 30):
        assert behaviour._pixels(picture.getvalue()[:size]) == ["no picture that I can read"]


def test_vertex_ai_has_the_same_below_a_project(emulator: Emulator) -> None:
    login = credentials.Credentials("ya29.a-token")  # type: ignore[no-untyped-call] # google-auth has types in parts alone
    options: Any = {"base_url": emulator.url}
    with genai.Client(
        vertexai=True, project="my-project", location="europe-west4", credentials=login, http_options=options
    ) as client:
        first: Any = client.interactions.create(model=MODEL, input="Hello")
        assert first.output_text == "You said: Hello"
        assert client.interactions.get(first.id).status == "completed"
    paths = [received.path for received in emulator.requests]
    assert paths[0] == "/v1beta1/projects/my-project/locations/europe-west4/interactions"
    assert paths[1] == f"{paths[0]}/{first.id}"
