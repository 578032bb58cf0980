"""A Django project in one file: a view that answers a question."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path
from google import genai

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"], ROOT_URLCONF="views", SECRET_KEY="only for this example", STATIC_URL="/static/"
    )


def answer(request: HttpRequest) -> JsonResponse:
    """Answer the question in the query."""
    client = genai.Client()
    turn = client.interactions.create(model="gemini-3.5-flash", input=request.GET["question"])
    return JsonResponse({"answer": turn.output_text})


urlpatterns = [path("answer", answer)]
