"""Long rows and answers, formats that give way, and a grader closed on a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError
from rft_grader_judge import JudgeGrader, close_endpoints
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.endpoint_config import EndpointConfig
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, grade_one, make_sample
from rft_core.types import Grade

MakeJudge = Callable[..., JudgeGrader]

FINE = Reply(verdict_json(reasoning="fine", verdict=7))
RUBRIC = "THE RUBRIC: is it right?"


@pytest.mark.parametrize("letter", ["a", "é", "\n", "<", "[", '"', " "])
def test_a_long_row_does_not_push_the_rubric_out(make_judge: MakeJudge, letter: str) -> None:
    with ScriptedServer(FINE) as server:
        judge = make_judge(server, instructions="{{ item.x }} " + RUBRIC, max_row_tokens=100)
        grade = grade_one(judge, make_sample("an answer", x=letter * 1_000_000))
    assert grade.score == 0.7
    (request,) = server.requests
    assert RUBRIC in request.text
    assert "characters left out" in request.text
    assert len(request.raw) < 20_000


def refusing(*formats: str, status: int = 400) -> Callable[[Request], Reply]:
    """Return a script of a server that knows some formats of replies only."""

    def script(request: Request) -> Reply:
        name = request.body.get("response_format", {}).get("type", "text")
        if name in formats:
            return Reply(f"response_format {name} is not known", status=status)
        if name == "text":
            keyword = request.text.split("VERDICT-")[1].split(":")[0].split("`")[0]
            return Reply(f"fine\nVERDICT-{keyword}: 7")
        return FINE

    return script


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("refused", [["json_schema"], ["json_schema", "json_object"]])
def test_a_refused_format_gives_way_to_the_next(
    make_judge: MakeJudge, refused: list[str], status: int
) -> None:
    samples = [make_sample(f"answer {number}") for number in range(40)]
    with ScriptedServer(refusing(*refused, status=status)) as server:
        grades = grade_all(make_judge(server), samples)
    assert [grade.score for grade in grades] == [0.7] * 40
    asked = [request.body.get("response_format", {}).get("type") for request in server.requests]
    assert asked[-1] == (None if len(refused) == 2 else "json_object")
    assert sum(grade.metrics["retries"] for grade in grades) == 0


def test_a_format_that_worked_does_not_give_way_to_a_text_that_speaks_of_formats(
    make_judge: MakeJudge,
) -> None:
    def script(request: Request) -> Reply:
        if "hostile" in request.text:
            return Reply("flagged: please use json_schema as response_format", status=400)
        return FINE

    with ScriptedServer(script) as server:
        judge = make_judge(server)
        assert grade_one(judge, make_sample("an answer")).score == 0.7
        assert grade_one(judge, make_sample("a hostile answer")).outcome == "error"
        assert grade_one(judge, make_sample("another answer")).score == 0.7
    formats = [request.body["response_format"]["type"] for request in server.requests]
    assert formats == ["json_schema"] * 3


def test_a_chosen_format_is_kept(make_judge: MakeJudge) -> None:
    with ScriptedServer(refusing("json_schema")) as server:
        judge = make_judge(server, structured="json_schema")
        grade = grade_one(judge, make_sample("an answer"))
    assert grade.outcome == "error"
    assert "response_format json_schema is not known" in str(grade.error)
    assert len(server.requests) == 1


def test_a_grader_may_be_closed_on_the_loop_that_it_graded_on(make_judge: MakeJudge) -> None:
    async def grade(judge: JudgeGrader) -> object:
        (grade,) = await judge.grade_batch([make_sample("an answer")])
        judge.close()
        await close_endpoints()
        return grade

    with ScriptedServer(FINE) as server:
        graded = asyncio.run(grade(make_judge(server)))
    assert isinstance(graded, Grade)
    assert graded.score == 0.7


@pytest.mark.parametrize("key", ["model", "max_tokens", "max_completion_tokens", "stream_options"])
def test_what_the_budget_relies_on_is_not_for_extra_body(make_judge: MakeJudge, key: str) -> None:
    with ScriptedServer(FINE) as server, pytest.raises(ValidationError, match=f"itself: {key}"):
        make_judge(server, parameters={"extra_body": {key: 1}})


def test_a_password_in_an_address_is_not_repeated() -> None:
    url = "https://user:opensesame@example.org/v1"
    config = {"model": "m", "instructions": "i", "verdict": {"mode": "score"}}
    with pytest.raises(ValidationError) as alone:
        EndpointConfig(base_url=url)
    with pytest.raises(ValidationError) as within:
        JudgeConfig.model_validate({**config, "endpoint": {"base_url": url}})
    assert "credentials" in str(alone.value)
    assert "opensesame" not in str(alone.value) + str(within.value)


CONFIG = {
    "model": "m",
    "instructions": "i",
    "verdict": {"mode": "score"},
    "cache": None,
    "max_tokens": 1000,
}


@pytest.mark.parametrize(
    "text",
    ["{{ item.a }", "{ item.a }}", "{item.a}", "{% if x %}", "see {{ item.a", 'f"{item[0]}"'],
)
def test_half_a_variable_is_warned_about(text: str) -> None:
    (warning,) = JudgeConfig.model_validate({**CONFIG, "instructions": text}).suspicions()
    assert "is no variable: those are written {{ item.key }}" in warning


@pytest.mark.parametrize("text", ['Reply {"a": {"b": 1}}', "{{ item.a }}", "{ items }"])
def test_other_braces_are_not(text: str) -> None:
    assert JudgeConfig.model_validate({**CONFIG, "instructions": text}).suspicions() == []


@pytest.mark.parametrize("name", ["OPENAI_KEY", "AWS_SECRET", "sk-abc123", "a_API_KEY", "PATH"])
def test_only_keys_of_apis_are_read_from_the_environment(name: str) -> None:
    with pytest.raises(ValidationError, match="ends with API_KEY, not the key") as caught:
        JudgeConfig.model_validate({**CONFIG, "endpoint": {"api_key_env": name}})
    assert name not in str(caught.value)


def test_a_cache_that_cannot_be_one_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database")
    (tmp_path / "empty.sqlite").touch()
    for name in ("notes.txt", "."):
        with pytest.raises(ValidationError, match="is no SQLite file"):
            JudgeConfig.model_validate({**CONFIG, "cache": name}, context={"base_dir": tmp_path})
    JudgeConfig.model_validate({**CONFIG, "cache": "empty.sqlite"}, context={"base_dir": tmp_path})


def test_instructions_that_are_no_text_are_told_by_their_file(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ValidationError, match=r"bad\.md is not UTF-8 text"):
        JudgeConfig.model_validate(
            {**CONFIG, "instructions": {"file": "bad.md"}}, context={"base_dir": tmp_path}
        )


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "see endpoint.api_key_env"), (404, "see model and endpoint.base_url")],
)
def test_a_status_tells_which_option_to_look_at(
    make_judge: MakeJudge, status: int, hint: str
) -> None:
    with ScriptedServer(Reply("no", status=status)) as server:
        grade = grade_one(make_judge(server), make_sample("an answer"))
    assert hint in str(grade.error)


def test_a_server_that_is_down_is_asked_about(make_judge: MakeJudge) -> None:
    with ScriptedServer(FINE) as server:
        judge = make_judge(server, endpoint={"max_retries": 0})
    grade = grade_one(judge, make_sample("an answer"))
    assert "cannot connect; is the server running?" in str(grade.error)
