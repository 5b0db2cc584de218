"""Settings are checked where they are read, and mistakes in them name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from rft_executor_ray.settings import ACTOR_OPTIONS, START_SECONDS, Settings, read_settings

from rft_core.errors import UsageError


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACTORS", "ACTOR_OPTIONS", "START_SECONDS"):
        monkeypatch.delenv(f"RFT_RAY_{name}", raising=False)


def test_defaults() -> None:
    assert read_settings() == Settings(None, {}, 300.0)


def test_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFT_RAY_ACTORS", "12")
    monkeypatch.setenv("RFT_RAY_ACTOR_OPTIONS", '{"num_gpus": 0.5, "resources": {"graders": 1}}')
    monkeypatch.setenv("RFT_RAY_START_SECONDS", "1.5")
    options = {"num_gpus": 0.5, "resources": {"graders": 1}}
    assert read_settings() == Settings(12, options, 1.5)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("RFT_RAY_ACTORS", "0"),
        ("RFT_RAY_ACTORS", "-1"),
        ("RFT_RAY_ACTORS", "two"),
        ("RFT_RAY_START_SECONDS", "nan"),
        ("RFT_RAY_START_SECONDS", "0"),
        ("RFT_RAY_START_SECONDS", "soon"),
        ("RFT_RAY_ACTOR_OPTIONS", "num_gpus=1"),
        ("RFT_RAY_ACTOR_OPTIONS", "[1]"),
        ("RFT_RAY_ACTOR_OPTIONS", '{"num_gpus": 1'),
        ("RFT_RAY_ACTOR_OPTIONS", '{"max_restarts": 0}'),
    ],
)
def test_mistakes_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(UsageError, match=variable):
        read_settings()


def test_the_readme_names_every_option() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    variables = ("RFT_RAY_ACTORS", "RFT_RAY_ACTOR_OPTIONS", "RFT_RAY_START_SECONDS")
    for option in (*variables, *ACTOR_OPTIONS):
        assert f"`{option}`" in readme
    assert f"`{START_SECONDS:g}`" in readme
