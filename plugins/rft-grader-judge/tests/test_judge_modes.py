"""What the judge is asked in each mode, and what its answers are worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.canaries import ATTACKS
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, grade_one, make_sample
from rft_core.types import Grade, Sample

MakeJudge = Callable[..., JudgeGrader]


def says(verdict: Any, reasoning: str = "It is so.") -> Reply:
    return Reply(verdict_json(reasoning=reasoning, verdict=verdict))


def scores(grades: list[Grade]) -> list[float | None]:
    assert [str(grade.error) for grade in grades if grade.error] == []
    return [grade.score for grade in grades]


def answers_of(request: Request) -> dict[str, str]:
    """Return the graded texts of a request by their names, without quoting marks."""
    found: dict[str, list[str]] = {}
    name = None
    for line in request.messages[-1]["content"].splitlines():
        if line.startswith("BEGIN "):
            name = line.split(" ", 2)[2]
            found[name] = []
        elif line.startswith("END "):
            name = None
        elif name is not None:
            found[name].append(line.removeprefix("| "))
    return {name: "\n".join(lines) for name, lines in found.items()}


# Score


@pytest.mark.parametrize(
    ("bounds", "verdict", "score"),
    [
        ((0, 10), 7, 0.7),
        ((1, 5), 1, 0.0),
        ((1, 5), 5, 1.0),
        ((-1, 1), 0, 0.5),
        ((0, 1), 0.25, 0.25),
    ],
)
def test_a_score_is_the_place_in_the_range(
    make_judge: MakeJudge, bounds: tuple[int, int], verdict: float, score: float
) -> None:
    with ScriptedServer(says(verdict, "Half right.")) as server:
        judge = make_judge(server, verdict={"mode": "score", "range": bounds})
        grade = grade_one(judge, make_sample("an answer"))
    assert grade.score == score
    assert grade.reason == f"{verdict:g} of {bounds[0]} to {bounds[1]}: Half right."


def test_the_request_holds_instructions_row_answer_and_schema(make_judge: MakeJudge) -> None:
    with ScriptedServer(says(3)) as server:
        judge = make_judge(
            server,
            instructions="The question: {{ item.question }}\nIs it answered?",
            parameters={"seed": 7, "max_completion_tokens": 99, "extra_body": {"top_k": 1}},
        )
        grade_one(judge, make_sample("because", question="why?"))
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert "The question: " in request.text
    assert "Is it answered?" in request.text
    assert answers_of(request) == {"item.question": "why?", "answer": "because"}
    body = request.body
    assert (body["model"], body["temperature"], body["seed"]) == ("scripted", 0.0, 7)
    assert (body["max_tokens"], body["top_k"]) == (99, 1)
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert list(schema["schema"]["properties"]) == ["reasoning", "verdict"]
    assert schema["schema"]["properties"]["verdict"]["enum"] == list(range(11))


def test_the_judge_may_have_to_do_without_reasons(make_judge: MakeJudge) -> None:
    with ScriptedServer(Reply('{"verdict": 4}')) as server:
        grade = grade_one(make_judge(server, reasoning=False), make_sample("because"))
    assert (grade.score, grade.reason) == (0.4, "4 of 0 to 10")
    schema = server.requests[0].body["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["verdict"]


@pytest.mark.parametrize("role", ["system", "developer", "none"])
def test_rules_come_in_a_message_of_their_own_or_with_the_rest(
    make_judge: MakeJudge, role: str
) -> None:
    with ScriptedServer(says(4)) as server:
        grade_one(make_judge(server, system_role=role), make_sample("because"))
    roles = [message["role"] for message in server.requests[0].messages]
    assert roles == (["user"] if role == "none" else [role, "user"])


# Label


def test_a_label_passes_or_not(make_judge: MakeJudge) -> None:
    verdict = {"mode": "label", "labels": ["right", "partly", "wrong"], "passing": ["right"]}

    def script(request: Request) -> Reply:
        return says("right" if "a good one" in request.text else "partly")

    with ScriptedServer(script) as server:
        judge = make_judge(server, verdict=verdict)
        grades = grade_all(judge, [make_sample("a good one"), make_sample("a bad one")])
    assert scores(grades) == [1.0, 0.0]
    assert [grade.reason for grade in grades] == ["right: It is so.", "partly: It is so."]


# Rubric

RUBRIC = {
    "mode": "rubric",
    "criteria": [
        {"name": "cites", "description": "A source is named.", "weight": 3},
        {"name": "depth", "description": "How deep it goes.", "range": [1, 5]},
        {"name": "rude", "description": "It is rude.", "weight": -1},
    ],
}
FOUND = {"A source is named.": "met", "How deep it goes.": 3, "It is rude.": "met"}


def rubric_judge(request: Request) -> Reply:
    keys = request.body["response_format"]["json_schema"]["schema"]["properties"]["verdict"]
    if "properties" in keys:
        return says({"cites": "met", "depth": 3, "rude": "met"})
    (found,) = [verdict for text, verdict in FOUND.items() if text in request.text]
    return says(found)


@pytest.mark.parametrize("together", [False, True])
def test_criteria_are_weighted_and_shown_one_by_one(make_judge: MakeJudge, together: bool) -> None:
    with ScriptedServer(rubric_judge) as server:
        judge = make_judge(server, verdict={**RUBRIC, "together": together})
        grade = grade_one(judge, make_sample("an answer"))
    assert grade.score == pytest.approx((3 + 0.5 - 1) / 4)
    assert grade.metrics["criterion_cites"] == 1.0
    assert grade.metrics["criterion_depth"] == 0.5
    assert grade.metrics["criterion_rude"] == 1.0
    assert len(server.requests) == (1 if together else 3)


def test_each_criterion_is_judged_without_the_others(make_judge: MakeJudge) -> None:
    with ScriptedServer(rubric_judge) as server:
        grade_one(make_judge(server, verdict=RUBRIC), make_sample("an answer"))
    for request in server.requests:
        assert sum(text in request.text for text in FOUND) == 1


@pytest.mark.parametrize(("met", "score"), [("met", 0.0), ("not met", 1.0)])
def test_penalties_do_not_go_below_0(make_judge: MakeJudge, met: str, score: float) -> None:
    criteria = [
        {"name": "good", "description": "Good."},
        {"name": "bad", "description": "Bad.", "weight": -9},
    ]

    def script(request: Request) -> Reply:
        return says("met" if "Good." in request.text else met)

    with ScriptedServer(script) as server:
        judge = make_judge(server, verdict={"mode": "rubric", "criteria": criteria})
        assert grade_one(judge, make_sample("an answer")).score == score


def test_a_rubric_with_a_criterion_that_failed_is_an_error(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        return says("perhaps") if "It is rude." in request.text else rubric_judge(request)

    with ScriptedServer(script) as server:
        grade = grade_one(make_judge(server, verdict=RUBRIC), make_sample("an answer"))
    assert grade.outcome == "error"


# Relative

QUALITY = {"the best": 3, "the middle": 2, "the worst": 1}


def ranking_judge(request: Request) -> Reply:
    shown = answers_of(request)
    order = sorted(shown, key=lambda name: -QUALITY[shown[name]])
    places = {f"place_{i}": name.removeprefix("answer ") for i, name in enumerate(order, 1)}
    return says(places)


def first_is_best(request: Request) -> Reply:
    names = [name.removeprefix("answer ") for name in answers_of(request)]
    return says({f"place_{i}": name for i, name in enumerate(names, 1)})


def group(*texts: str, item_id: str = "q1") -> list[Sample]:
    return [make_sample(text, item_id=item_id) for text in texts]


def test_completions_of_one_item_are_ranked(make_judge: MakeJudge) -> None:
    samples = group("the middle", "the worst", "the best")
    other = group("the worst", "the best", item_id="q2")
    with ScriptedServer(ranking_judge) as server:
        grades = grade_all(make_judge(server, verdict={"mode": "relative"}), samples + other)
    assert scores(grades) == [0.5, 0.0, 1.0, 0.0, 1.0]
    assert len(server.requests) == 2


def test_equal_completions_are_shown_once_and_share_a_place(make_judge: MakeJudge) -> None:
    samples = group("the best", "the worst", "the best")
    with ScriptedServer(ranking_judge) as server:
        grades = grade_all(make_judge(server, verdict={"mode": "relative"}), samples)
    assert scores(grades) == [1.0, 0.0, 1.0]
    assert sorted(answers_of(server.requests[0]).values()) == ["the best", "the worst"]


def test_where_there_is_nothing_to_compare_nobody_is_asked(make_judge: MakeJudge) -> None:
    with ScriptedServer(ranking_judge) as server:
        judge = make_judge(server, verdict={"mode": "relative"})
        (alone,) = grade_all(judge, group("the best"))
        equal = grade_all(judge, group("the best", "the best"))
        with_empty = grade_all(judge, group("the best", "", " "))
    assert alone.outcome == "not_applicable"
    assert scores(equal) == [0.5, 0.5]
    assert scores(with_empty) == [0.5, 0.0, 0.0]
    assert server.requests == []


def test_the_order_shown_depends_on_the_seed_and_not_on_the_batch(make_judge: MakeJudge) -> None:
    texts = [f"answer number {number}" for number in range(8)]
    shown = []
    for seed, given in ((0, texts), (0, texts[::-1]), (1, texts)):
        with ScriptedServer(first_is_best) as server:
            verdict = {"mode": "relative", "seed": seed}
            grade_all(make_judge(server, verdict=verdict), group(*given))
            shown.append(list(answers_of(server.requests[0]).values()))
    assert shown[0] == shown[1]
    assert shown[0] != shown[2]
    assert shown[0] != sorted(shown[0])


def test_swapping_shows_the_group_the_other_way_round(make_judge: MakeJudge) -> None:
    samples = group("the best", "the middle", "the worst")
    with ScriptedServer(first_is_best) as server:
        judge = make_judge(server, verdict={"mode": "relative"}, swap=True)
        grades = grade_all(judge, samples)
    one, two = (list(answers_of(request).values()) for request in server.requests)
    assert one == two[::-1]
    assert scores(grades) == [0.5, 0.5, 0.5]
    assert sorted(grade.metrics["order_swing"] for grade in grades) == [0.0, 1.0, 1.0]


def test_too_large_a_group_is_an_error(make_judge: MakeJudge) -> None:
    with ScriptedServer(ranking_judge) as server:
        judge = make_judge(server, verdict={"mode": "relative", "max_group": 2})
        grades = grade_all(judge, group("one", "two", "three"))
    assert {grade.outcome for grade in grades} == {"error"}
    assert "more than max_group (2)" in str(grades[0].error)


# Votes and orders


def test_votes_are_averaged_and_their_spread_is_told(make_judge: MakeJudge) -> None:
    with ScriptedServer([says(2), says(4), says(6)]) as server:
        judge = make_judge(server, votes=3, parameters={"temperature": 1.0, "seed": 5})
        grade = grade_one(judge, make_sample("an answer"))
    assert grade.score == pytest.approx(0.4)
    assert grade.metrics["spread"] == pytest.approx((0.08 / 3) ** 0.5)
    assert sorted(request.body["seed"] for request in server.requests) == [5, 6, 7]


def test_most_votes_will_do(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        return says("nonsense") if request.body["seed"] in {0, failing} else says(6)

    with ScriptedServer(script) as server:
        judge = make_judge(server, votes=3, parameters={"temperature": 1.0, "seed": 0})
        failing = 0
        assert grade_one(judge, make_sample("an answer")).score == 0.6
        failing = 1
        assert grade_one(judge, make_sample("an answer")).outcome == "error"


def test_the_second_order_shows_the_answer_first(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        user = request.messages[-1]["content"]
        return says(8 if user.startswith("BEGIN") else 4)

    with ScriptedServer(script) as server:
        grade = grade_one(make_judge(server, swap=True), make_sample("an answer"))
    assert grade.score == pytest.approx(0.6)
    assert grade.metrics["order_swing"] == pytest.approx(0.4)


# What is judged


def test_a_part_of_a_json_completion_is_judged(make_judge: MakeJudge) -> None:
    completion = json.dumps({"answer": 4, "why": "two and two"})
    with ScriptedServer(says(9)) as server:
        grade = grade_one(make_judge(server, answer="$.why"), make_sample(completion))
    assert grade.score == 0.9
    assert answers_of(server.requests[0]) == {"answer": "two and two"}


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("no JSON", "is not JSON"),
        ("{}", "selects 0 values"),
        ('{"why": 3}', "selects int, not one text"),
        ('{"why": ""}', "the answer is empty"),
        ('{"why": null}', "not one text"),
    ],
)
def test_a_completion_without_the_part_scores_0_unasked(
    make_judge: MakeJudge, completion: str, reason: str
) -> None:
    with ScriptedServer(says(9)) as server:
        grade = grade_one(make_judge(server, answer="$.why"), make_sample(completion))
    assert grade.score == 0.0
    assert reason in str(grade.reason)
    assert server.requests == []


def test_a_row_without_a_value_of_the_instructions_is_an_error(make_judge: MakeJudge) -> None:
    with ScriptedServer(says(9)) as server:
        judge = make_judge(server, instructions="{{ item.question }} Right?")
        sample = make_sample("an answer")
        with pytest.raises(ValueError, match=r"item\.question"):
            judge.check_item(sample.item)
        fine, broken = grade_all(judge, [make_sample("an answer", question="q"), sample])
    assert fine.score == 0.9
    assert broken.outcome == "error"
    assert "item.question" in str(broken.error)


# Each judgement once


def test_duplicates_of_a_batch_are_asked_and_paid_once(make_judge: MakeJudge) -> None:
    samples = [make_sample("this" if n % 2 else f"that {n}", item_id="q") for n in range(10)]
    with ScriptedServer(says(5)) as server:
        judge = make_judge(server, price={"input": 10, "output": 100})
        grades = grade_all(judge, samples)
    assert scores(grades) == [0.5] * 10
    assert len(server.requests) == 6
    cost = (100 * 10 + 20 * 100) / 1e6
    assert sum(grade.metrics["cost"] for grade in grades) == pytest.approx(6 * cost)
    assert sum(grade.metrics["prompt_tokens"] for grade in grades) == 600
    assert sum(grade.metrics["cached"] for grade in grades) == 4
    assert sum("latency_seconds" in grade.metrics for grade in grades) == 6


def test_the_same_answer_to_another_row_is_another_judgement(make_judge: MakeJudge) -> None:
    with ScriptedServer(says(5)) as server:
        judge = make_judge(server, instructions="{{ item.q }}")
        grade_all(judge, [make_sample("this", q="one"), make_sample("this", q="two")])
    assert len(server.requests) == 2


def test_the_report_adds_up(make_judge: MakeJudge) -> None:
    with ScriptedServer(says(5)) as server:
        judge = make_judge(server, price={"input": 10, "output": 100})
        samples = [make_sample("this"), make_sample("that"), make_sample("this")]
        report = judge.report(samples, grade_all(judge, samples))
    assert (report["prompt_tokens"], report["completion_tokens"]) == (200, 40)
    assert report["cost"] == pytest.approx(2 * (100 * 10 + 20 * 100) / 1e6)
    assert report["cached"] == pytest.approx(1 / 3)
    assert report["latency_seconds"].keys() == {"p50", "p99"}


# Canaries


def test_canaries_are_judged_beside_the_batch(make_judge: MakeJudge) -> None:
    attacks = 0

    def script(request: Request) -> Reply:
        nonlocal attacks
        is_attack = "an honest answer" not in request.text
        attacks += is_attack
        return says(10 if is_attack else 3)

    with ScriptedServer(script) as server:
        judge = make_judge(server, canaries=2)
        samples = [make_sample(f"an honest answer {n}", item_id=str(n)) for n in range(6)]
        grades = grade_all(judge, samples)
    assert scores(grades) == [0.3] * 6
    assert attacks == 2
    assert [grade.metrics["canary"] for grade in grades if "canary" in grade.metrics] == [1.0, 1.0]


def test_all_attacks_take_their_turn_and_a_failed_one_harms_nobody(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        return says(3) if "an honest answer" in request.text else Reply("nonsense")

    with ScriptedServer(script) as server:
        judge = make_judge(server, canaries=len(ATTACKS))
        samples = [make_sample(f"an honest answer {n}") for n in range(len(ATTACKS))]
        grades = grade_all(judge, samples)
    assert scores(grades) == [0.3] * len(ATTACKS)
    assert not any("canary" in grade.metrics for grade in grades)
    assert len(server.requests) == 2 * len(ATTACKS)
