"""From pydantic's errors to messages with file, line and a suggestion."""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rft_core.errors import TaskFileError
from rft_core.suggest import did_you_mean
from rft_core.task.source import Location, Place

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(
    model: type[ModelT],
    data: Any,
    place: Place,
    context: dict[str, Any] | None = None,
) -> ModelT:
    """Validate `data`, which stands at `place`, as `model`.

    Raises `TaskFileError` for the first error, naming up to two more.
    """
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise _convert(error, model, data, place) from None


def _convert(
    error: ValidationError, model: type[BaseModel], data: Any, place: Place
) -> TaskFileError:
    details = sorted(
        error.errors(include_url=False, include_context=False),
        key=lambda detail: detail["type"] != "extra_forbidden",
    )
    first = details[0]
    inner = _clean(data, first["loc"])
    hint = None
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "there is no such key"
        hint = did_you_mean(str(inner[-1]), _field_names(model, inner[:-1]))
    others = {_clean(data, detail["loc"]) for detail in details[1:]} - {inner}
    if others:
        names = ", ".join(sorted(".".join(map(str, other)) for other in others)[:3])
        hint = f"{hint} " if hint else ""
        hint += f"Also wrong: {names}."
    return Place(place.source, (*place.location, *inner)).error(message, hint)


def _clean(data: Any, location: Location) -> Location:
    """Drop the names of union members that pydantic puts into locations."""
    kept: list[str | int] = []
    for index, step in enumerate(location):
        child = _child(data, step)
        is_last = index == len(location) - 1
        if child is _MISSING and not (is_last and isinstance(data, dict)):
            continue
        kept.append(step)
        data = child
    return tuple(kept)


_MISSING = object()
_CONTAINERS = frozenset({dict, list, tuple, typing.Union, types.UnionType, typing.Annotated})


def _child(data: Any, step: str | int) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return _MISSING


def _field_names(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that the model at `location` below `model` knows."""
    found: Any = model
    for step in location:
        if _is_model(found):
            fields = {f.alias or name: f for name, f in found.model_fields.items()}
            found = _inner_model(fields[str(step)].annotation) if str(step) in fields else None
    if not _is_model(found):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _inner_model(annotation: Any) -> Any:
    """Return the first model inside of an annotation such as `dict[str, Model] | None`."""
    if _is_model(annotation):
        return annotation
    if typing.get_origin(annotation) in {
        dict,
        list,
        tuple,
        typing.Union,
        types.UnionType,
        typing.Annotated,
    }:
        for argument in typing.get_args(annotation):
            if (found := _inner_model(argument)) is not None:
                return found
    return None


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
