import django
import pytest
import requests
import views  # noqa: F401 - it sets Django up
from django.test import LiveServerTestCase

django.setup()


@pytest.mark.interactions
class TestView(LiveServerTestCase):
    """A live server of the test's own is not recorded; what its view asks of the API is."""

    databases = ()

    def test_an_answer(self):
        response = requests.get(f"{self.live_server_url}/answer", params={"question": "Hello?"}, timeout=10)
        self.assertIn("Hello?", response.json()["answer"])

    def test_a_page_that_is_not_there(self):
        self.assertEqual(requests.get(f"{self.live_server_url}/nothing", timeout=10).status_code, 404)
