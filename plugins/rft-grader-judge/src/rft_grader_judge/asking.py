"""Getting an answer to a question: from the cache, or from the endpoint with all its failures."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rft_core.errors import RunStopError
from rft_grader_judge.cache import VerdictCache, fingerprint
from rft_grader_judge.circuit import WHOLE
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.endpoint import Endpoint, endpoint_for
from rft_grader_judge.endpoint_config import OPENAI_URL
from rft_grader_judge.errors import CircuitOpenError, EndpointError, ReplyError
from rft_grader_judge.formats import FormatChoice, response_format
from rft_grader_judge.gate import Clock
from rft_grader_judge.ledger import NO_USAGE, Limits, Usage, ledger
from rft_grader_judge.prompt import Prompt, Question, write_prompt
from rft_grader_judge.received import Received
from rft_grader_judge.tokens import Counter
from rft_grader_judge.verdict import Reply, read_json_reply, read_text_reply, shown

PROTOCOL: Final = 1
"""Changes whenever the prompt does; kept verdicts are then asked for anew."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 20.0
PROVOKED_PARTS: Final = 1
"""What a failure counts in the circuit that the graded text may have provoked: it takes five times
as many of them to shut the judge off for everyone."""
TEMPLATE_TOKENS: Final = 64
"""What a chat template may add to the texts of a prompt."""


@dataclass(frozen=True)
class Answer:
    """A verdict with what it took; `usage` is 0 and `seconds` None where it was not asked for."""

    verdict: Any
    reasoning: str
    usage: Usage = NO_USAGE
    seconds: float | None = None
    retries: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether the judge was asked."""
        return self.seconds is not None


class Asker:
    """Asks one judge. `cache` is None where nothing is to be remembered."""

    def __init__(self, config: JudgeConfig, counter: Counter) -> None:
        self._config = config
        self._counter = counter
        self._cache = None if config.cache is None else VerdictCache(config.cache)
        self._limits = Limits(config.max_cost, config.max_tokens)
        self._format = FormatChoice(None if config.structured == "auto" else config.structured)
        self._identity = _identity(config)
        self.concurrency = config.endpoint.concurrency
        self._served = re.compile(config.served_model) if config.served_model else None

    def key(self, question: Question) -> str:
        """Return what tells the judgement from all others."""
        return fingerprint({"judge": self._identity, "question": question.identity()})

    async def ask(self, key: str, question: Question) -> Answer:
        """Return the answer to a question.

        Raises `JudgeError`, `TimeoutError` or, where the budget is spent, `RunStopError`.
        """
        kept = self._kept(key, question)
        if kept is not None:
            return kept
        answer = await self._asked(question)
        if self._cache is not None:
            self._cache.put(key, {"verdict": _plain(answer), "reasoning": answer.reasoning})
        return answer

    def close(self) -> None:
        """Close the cache; endpoints close with the event loop they were made on."""
        if self._cache is not None:
            self._cache.close()

    def _kept(self, key: str, question: Question) -> Answer | None:
        kept = None if self._cache is None else self._cache.get(key)
        if kept is None:
            return None
        try:
            return Answer(question.form.read(kept.get("verdict")), str(kept.get("reasoning", "")))
        except ReplyError:  # the file is not ours alone
            return None

    async def _asked(self, question: Question) -> Answer:
        """Ask, and tell the circuit how it went."""
        endpoint = endpoint_for(self._config.endpoint)
        try:
            answer = await self._with_retries(endpoint, question)
        except (RunStopError, CircuitOpenError):
            raise
        except Exception as error:
            parts = PROVOKED_PARTS if _may_be_its_own(error) else WHOLE
            endpoint.circuit.failed(str(error), parts)
            raise
        endpoint.circuit.succeeded()
        self._format.worked()
        return answer

    async def _with_retries(self, endpoint: Endpoint, question: Question) -> Answer:
        """Ask until there is an answer, the failure is no passing one, or time is up."""
        limits = self._config.endpoint
        clock = Clock(limits.deadline, limits.request_timeout)
        retries = 0
        while True:
            prompt = None
            try:
                async with endpoint.room:
                    prompt = self._prompt(question)
                    return await self._attempt(endpoint, prompt, clock, retries)
            except EndpointError as error:
                if prompt is not None and self._format.gives_way(prompt.reply_format, error):
                    continue
                failure: Exception = error
                passing, asked_for = error.is_passing, error.retry_after or 0.0
            except TimeoutError as error:
                failure, passing, asked_for = error, True, 0.0
            pause = asked_for + _pause(0 if asked_for else retries)
            retries += 1
            if not passing or retries > limits.max_retries or pause > clock.left():
                raise _after(failure, retries)
            await asyncio.sleep(pause)

    async def _attempt(
        self, endpoint: Endpoint, prompt: Prompt, clock: Clock, retries: int
    ) -> Answer:
        """Send one request, count it and read the verdict."""
        body = self._body(prompt)
        clock.next()
        async with ledger.reserve(self._most(body) if self._limits else NO_USAGE, self._limits):
            try:
                received = await endpoint.send(body, self._likely(body), clock)
            except BaseException as error:  # cancelled, too
                if clock.sent is not None and not getattr(error, "is_free", False):
                    self._count(body, None)
                raise
            usage = self._count(body, received)
            took = time.monotonic() - (clock.sent or 0.0)
        reply = self._read(received, prompt)
        return Answer(reply.verdict, reply.reasoning, usage, took, retries)

    def _prompt(self, question: Question) -> Prompt:
        return write_prompt(
            question,
            reply_format=self._format.current,
            reasoning=self._config.reasoning,
            system_role=self._config.system_role,
        )

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        config, parameters = self._config, self._config.parameters
        at_openai = config.endpoint.base_url == OPENAI_URL
        bound = "max_completion_tokens" if at_openai else "max_tokens"
        body = {
            "model": config.model,
            "messages": prompt.messages,
            "temperature": parameters.temperature,
            "top_p": parameters.top_p,
            "seed": None if parameters.seed is None else parameters.seed + prompt.question.vote,
            "reasoning_effort": parameters.reasoning_effort,
            bound: parameters.max_completion_tokens,
            "response_format": response_format(prompt.reply_format, prompt.schema),
            "stream": config.stream or None,
            "stream_options": {"include_usage": True} if config.stream else None,
            **parameters.extra_body,
        }
        return {key: value for key, value in body.items() if value is not None}

    def _read(self, received: Received, prompt: Prompt) -> Reply:
        if received.problem is not None:
            raise ReplyError(received.problem)
        if self._served is not None and not self._served.search(received.model):
            raise ReplyError(f"the reply is by {shown(received.model)}, not by the judge asked for")
        form = prompt.question.form
        if prompt.reply_format == "text":
            return read_text_reply(received.content, form, prompt.keyword)
        return read_json_reply(received.content, form, reasoning=self._config.reasoning)

    def _most(self, body: Mapping[str, Any]) -> Usage:
        """Return what a request may use at most."""
        schema = json.dumps(body.get("response_format", ""))  # counts as part of the prompt
        prompt = TEMPLATE_TOKENS + self._counter.most(_all_text(body) + schema)
        return self._priced(prompt, self._config.parameters.max_completion_tokens, exact=False)

    def _likely(self, body: Mapping[str, Any]) -> int:
        """Return the tokens that a request may be expected to use, if they are limited."""
        if self._config.endpoint.tokens_per_minute is None:
            return 0
        prompt = TEMPLATE_TOKENS + self._counter.count(_all_text(body))
        return prompt + self._config.parameters.max_completion_tokens

    def _count(self, body: Mapping[str, Any], received: Received | None) -> Usage:
        """Count what a request used; if the endpoint does not tell, the most it may have used."""
        if received is None or received.prompt_tokens is None or received.completion_tokens is None:
            usage = self._most(body)
        else:
            usage = self._priced(received.prompt_tokens, received.completion_tokens, exact=True)
        ledger.spend(usage, self._config.model)
        return usage

    def _priced(self, prompt: int, completion: int, *, exact: bool) -> Usage:
        price = self._config.price
        return Usage(prompt, completion, price.of(prompt, completion) if price else 0.0, exact)


def _identity(config: JudgeConfig) -> str:
    """Return everything about the judge that its verdicts may depend on."""
    return fingerprint(
        {
            "protocol": PROTOCOL,
            "base_url": config.endpoint.base_url,
            "model": config.model,
            "served_model": config.served_model,
            "parameters": config.parameters.model_dump(mode="json"),
            "reasoning": config.reasoning,
            "structured": config.structured,
            "system_role": config.system_role,
        }
    )


def _all_text(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def _pause(retries: int) -> float:
    """Return a pause that doubles with each retry; jitter keeps requests from returning at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**retries)
    return random.uniform(0.5, 1.0) * longest  # noqa: S311 - no secret


def _may_be_its_own(error: Exception) -> bool:
    """Whether the question itself may have caused the failure: the judge replied, or refused it."""
    return isinstance(error, ReplyError) or getattr(error, "status", None) in {400, 413, 422}


def _after(failure: Exception, attempts: int) -> Exception:
    if attempts == 1:
        return failure
    text = f"{failure} (after {attempts} attempts)"
    if isinstance(failure, EndpointError):
        return EndpointError(text, status=failure.status)
    return TimeoutError(text)


def _plain(answer: Answer) -> Any:
    """Return a verdict as the JSON that it was read from."""
    verdict = answer.verdict
    if isinstance(verdict, tuple):
        return {f"place_{place}": name for place, name in enumerate(verdict, start=1)}
    return verdict
