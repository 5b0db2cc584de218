"""Templates have the semantics of OpenAI's graders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.task.templates import parse_template

NAMESPACES = frozenset({"item", "sample"})
ITEM = {
    "text": "hello",
    "number": 3,
    "half": 0.5,
    "yes": True,
    "nothing": None,
    "labels": ["a", "ü"],
    "nested": {"deep": [{"key": "found"}]},
    "with-dash": "dash",
    "template": "{{ item.text }}",
}


def render(template: str, **item: Any) -> str:
    return parse_template(template, NAMESPACES).render({"item": ITEM | item})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ item.text }}", "hello"),
        ("{{item.text}}", "hello"),
        ("{{\n item.text\t}}", "hello"),
        ("a {{item.text}} b {{item.number}}", "a hello b 3"),
        ("{{item.text}}{{item.text}}", "hellohello"),
        ("{{ item.half }}", "0.5"),
        ("{{ item.yes }}", "true"),
        ("{{ item.nothing }}", "null"),
        ("{{ item.labels }}", '["a", "ü"]'),
        ("{{ item.labels[1] }}", "ü"),
        ("{{ item.nested.deep[0].key }}", "found"),
        ("{{ item.nested }}", '{"deep": [{"key": "found"}]}'),
        ("{{ item.with-dash }}", "dash"),
        ("no variables", "no variables"),
        ("", ""),
    ],
)
def test_values(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "}}",
        "{{",
        "{{ item.text",
        "item.text }}",
        '{"a": {"b": 1}}',
        "{ item.text }",
        "{{ item.text }",
        "{% if x %}",
        "{{ {} }}",
    ],
)
def test_what_is_no_variable_stays_as_it_is(text: str) -> None:
    assert render(text) == text


def test_a_variable_may_stand_in_braces() -> None:
    assert render("{{{item.text}}}") == "{hello}"
    assert render('{"a": "{{ item.text }}"}') == '{"a": "hello"}'


def test_text_that_is_put_in_is_not_expanded_again() -> None:
    assert render("{{ item.template }}") == "{{ item.text }}"
    assert render("{{ item.a }}{{ item.b }}", a="{{ item.", b="text }}") == "{{ item.text }}"


@given(st.text())
def test_any_value_comes_out_as_it_is(value: str) -> None:
    assert render("<{{ item.value }}>", value=value) == f"<{value}>"


@pytest.mark.parametrize("path", ["other.text", "Item.text", "items", "response_format.schema"])
def test_an_unknown_namespace_is_refused_with_those_that_exist(path: str) -> None:
    with pytest.raises(ValueError, match="must start with item or sample"):
        parse_template(f"{{{{ {path} }}}}", NAMESPACES)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "item.",
        ".item",
        "item..text",
        "item.labels[-1]",
        "item.labels[a]",
        "item.labels['a']",
        "item.text | upper",
        "item.text()",
        "item.__class__()",
        "1 + 1",
        "item text",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        parse_template(f"{{{{ {path} }}}}", NAMESPACES)


@pytest.mark.parametrize(
    "path",
    [
        "item.missing",
        "item.text.missing",
        "item.number.real",
        "item.nothing.key",
        "item.labels[2]",
        "item.labels.append",
        "item.nested[0]",
        "item.__class__",
        "sample.text",
    ],
)
def test_a_path_without_value_is_a_lookup_error(path: str) -> None:
    with pytest.raises(LookupError, match="has no value in this row"):
        render(f"{{{{ {path} }}}}")


def test_an_index_does_not_take_letters_out_of_a_text() -> None:
    with pytest.raises(LookupError):
        render("{{ item.text[0] }}")


def test_many_opening_braces_are_parsed_in_no_time() -> None:
    text = "{{ " * 20_000
    assert render(text) == text
