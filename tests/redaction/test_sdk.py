"""No credential that google-genai knows is missed: each field that looks like one is in a table, or was looked at."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from google.genai import _gaos, types
from pydantic import BaseModel

from pytest_interactions.redaction.anywhere import OPAQUE, SECRET
from pytest_interactions.redaction.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(
    r"(?:^|_)(?:keys?|tokens?|secrets?|passwords?|credentials?|signatures?|auth|handle|cookies?|headers?|jwt)(?:_|$)"
)
_DOCUMENTED = re.compile(r"\b(?:secrets?|credentials?|passwords?|API key|opaque|bearer|private key)\b", re.IGNORECASE)

#: Fields that look like a credential and are none, by the reason.
HARMLESS = {
    "a number of tokens, or words": """
        cache_tokens_details cached_content_token_count cached_tokens_by_modality candidates_token_count
        candidates_tokens_details initial_input_tokens input_token_limit input_tokens_by_modality
        max_output_tokens max_overlap_tokens max_tokens_per_chunk max_total_tokens num_tokens
        output_token_limit output_tokens_by_modality prompt_token_count prompt_tokens_details
        response_token_count response_tokens_details target_tokens thoughts_token_count token_count token_id
        token_ids tokens tokens_details tokens_info tool_use_prompt_token_count tool_use_prompt_tokens_details
        tool_use_tokens_by_modality total_billable_token_count total_cached_tokens total_input_tokens
        total_output_tokens total_thought_tokens total_token_count total_tokens total_tool_use_tokens
        trigger_tokens user_input_token_distribution user_output_token_distribution
    """,
    "the next page of a list": "next_page next_page_token page_token",
    "the name of something that is kept elsewhere": """
        api_key_secret api_key_secret_version credential credential_secret kms_key_name service_account token_url
    """,
    "what holds a credential, which has its own place": """
        api_auth api_key_config auth_config auth_type credentials google_service_account_config http_basic_auth_config
        oauth_config oidc_config signing_secrets voice_consent_signature headers header_name new_signing_secret
    """,
    "the client's own, which is not sent in a body": """
        default_headers extra_headers http_options x_goog_upload_header_content_length x_goog_upload_header_content_type
        security
    """,
    "a key of other data": "ignore_keys key_name rubric_group_key http_element_location name env_var",
    "how encryption is set up": "encryption_spec",
    "text about something else": """
        author_attribution environment_id session_id explicit_vad_signal format parsing_function evaluation_function
        display_name uri photo_uri
    """,
}


def _fields() -> Iterator[tuple[str, str, str]]:
    """The model, the name and the documentation of each field."""
    modules: list[Any] = [types]
    names = [each.name for each in pkgutil.walk_packages(_gaos.__path__, "google.genai._gaos.")]
    modules += map(importlib.import_module, names)
    for module in modules:
        for name, model in vars(module).items():
            if inspect.isclass(model) and issubclass(model, BaseModel):
                for field, info in model.model_fields.items():
                    yield name, field, info.description or ""


def test_no_field_that_looks_like_a_credential_was_missed() -> None:
    """By its name or its documentation; a new one fails here until it is in a table, or in the list above."""
    tables = {re.split(r"\W+", place.path)[-1] for place in PLACES} | {*OPAQUE, *SECRET}
    looked_at = {name for names in HARMLESS.values() for name in names.split()}
    found = {
        field: f"{model}.{field}: {documentation.strip()[:80]}"
        for model, field, documentation in _fields()
        if _NAME.search(field) or _DOCUMENTED.search(documentation)
    }
    assert [found[field] for field in sorted(found.keys() - tables - looked_at)] == []
    assert {"thought_signature", "signature", "api_key", "client_secret"} <= found.keys()
