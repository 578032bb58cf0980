"""A travel agent: a system prompt, two tools, and the loop around them."""

from google import genai

MODEL = "gemini-3.5-flash"
SYSTEM = "You help people to plan trips. Answer in two sentences."


def get_weather(city: str) -> dict:
    """Return the weather of a city."""
    return {"city": city, "sky": "clear", "celsius": 21}


def find_flights(city: str) -> list:
    """Return the flights to a city."""
    return [{"to": city, "flight": "XA 12", "at": "09:40"}]


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"type": "function", "name": "get_weather", "description": "Gets the weather of a city.", "parameters": CITY},
    {"type": "function", "name": "find_flights", "description": "Finds flights to a city.", "parameters": CITY},
]
FUNCTIONS = {"get_weather": get_weather, "find_flights": find_flights}


def call(step) -> dict:
    """Call the function that a step asks for; one that fails is the model's to deal with."""
    try:
        result, failed = FUNCTIONS[step.name](**step.arguments), False
    except Exception as error:  # noqa: BLE001 - whatever it is, the model is told
        result, failed = str(error), True
    return {
        "type": "function_result",
        "call_id": step.id,
        "name": step.name,
        "result": result if isinstance(result, str) else {"value": result},
        "is_error": failed,
    }


def plan(question: str, system: str = SYSTEM) -> str:
    """Return the answer to a question, after as many calls of tools as it takes."""
    client = genai.Client()
    settings = {"model": MODEL, "system_instruction": system, "tools": TOOLS}
    turn = client.interactions.create(input=question, **settings)
    while turn.status == "requires_action":
        results = [call(step) for step in turn.steps if step.type == "function_call"]
        turn = client.interactions.create(input=results, previous_interaction_id=turn.id, **settings)
    return turn.output_text


def plan_or_apologise(question: str) -> str:
    """Return the answer to a question, or an apology if the API gives none."""
    try:
        return plan(question)
    except Exception:  # noqa: BLE001 - of an interaction's errors google-genai has no public names
        return "Sorry, I can't look that up now."
