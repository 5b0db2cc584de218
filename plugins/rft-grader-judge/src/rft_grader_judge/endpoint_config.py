"""The settings of an endpoint: its address, its key, its limits, how it samples, what it costs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from rft_core.configurable import PluginConfig, permissions

OPENAI_URL: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"

_KEY_NAME: Final = re.compile("([A-Z][A-Z0-9_]*_)?API_KEY")
"""A shared file must not be able to send any secret of the environment to its own address."""

Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class EndpointConfig(PluginConfig):
    """Where the judge is, and how much may be asked of it.

    Graders with equal endpoints share its limits.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # an address may hold a password

    base_url: str = OPENAI_URL
    """Of an OpenAI-compatible API; usually ends with /v1."""
    api_key_env: str | None = None
    """The environment variable with the key; OPENAI_API_KEY for OpenAI, none for other hosts."""
    concurrency: int = Field(default=16, ge=1, le=1024)
    """Requests in flight."""
    requests_per_minute: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    """Requests beyond it wait; null: no limit."""
    tokens_per_minute: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    """Of prompts and completions, by estimate before each request."""
    request_timeout: Positive = 60.0
    """Seconds for each attempt."""
    deadline: Positive = 180.0
    """Seconds for a judgement with all attempts, from the first one on."""
    max_retries: int = Field(default=4, ge=0, le=20)
    """Further attempts where the endpoint is busy, fails or does not answer."""
    circuit_after: int = Field(default=20, ge=1)
    """After so many failed judgements in a row the endpoint is not asked any more …"""
    circuit_cooldown: Positive = 30.0
    """… for so many seconds."""

    @field_validator("api_key_env")
    @classmethod
    def _is_a_keys_name(cls, name: str | None) -> str | None:
        if name is not None and not _KEY_NAME.fullmatch(name):
            raise ValueError("give the name of a variable that ends with API_KEY, not the key")
        return name

    @field_validator("base_url")
    @classmethod
    def _is_plain_url(cls, url: str, info: ValidationInfo) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("give an http or https address, such as http://localhost:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the address holds credentials or a query; name a key in api_key_env")
        allowed = permissions(info)
        host = f"{parts.scheme}://{parts.netloc}"
        if allowed is not None and host not in allowed.hosts and url.rstrip("/") != OPENAI_URL:
            raise ValueError(f"a shared spec may ask {host} if the project allows it, not before")
        return url.rstrip("/")

    def key_variable(self) -> str | None:
        """Return the name of the environment variable with the key, None for no key."""
        return self.api_key_env or (OPENAI_KEY if self.base_url == OPENAI_URL else None)

    def key(self) -> str | None:
        """Return the key. Raises `ValueError` if its variable is not set."""
        variable = self.key_variable()
        if variable is None:
            return None
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ValueError(f"the environment variable {variable} is not set; it holds the key")
        return key


_OWN_KEYS: Final = frozenset({
    "model", "messages", "response_format", "stream", "stream_options", "n",
    "max_tokens", "max_completion_tokens",
})  # fmt: skip
"""Of requests: what the grader sets, and what its budget relies on."""


class Parameters(PluginConfig):
    """How the judge samples, by the names of the chat completions API; null: not sent."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    """0: the likeliest answer, as far as the endpoint allows it."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Sample from the likeliest tokens that add up to this probability."""
    seed: int | None = None
    """Votes get this and the numbers after it."""
    max_completion_tokens: int = Field(default=1024, ge=1)
    """Sent as max_tokens to other endpoints than OpenAI's."""
    reasoning_effort: str | None = None
    """How long a reasoning model thinks, in its own words: low, say."""
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    """Further keys of the request, as some servers take them."""

    @field_validator("extra_body")
    @classmethod
    def _adds_only(cls, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        if taken := extra.keys() & _OWN_KEYS:
            raise ValueError(f"set by the grader itself: {', '.join(sorted(taken))}")
        return extra


class Price(PluginConfig):
    """What a million tokens cost, in the currency of `max_cost`."""

    input: NotNegative
    """A million tokens of prompts."""
    output: NotNegative
    """A million tokens of completions."""

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what so many tokens cost."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6
