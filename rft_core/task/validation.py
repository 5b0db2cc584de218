"""From pydantic's errors to messages with file, line and a suggestion."""

from __future__ import annotations

import builtins
import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

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
        raise _convert(error, model, place) from None


def _convert(error: ValidationError, model: type[BaseModel], place: Place) -> TaskFileError:
    details = sorted(
        error.errors(include_url=False, include_context=False),
        # A wrong key first; else the deepest, which says most.
        key=lambda detail: (detail["type"] != "extra_forbidden", -len(detail["loc"])),
    )
    first = details[0]
    inner = _clean(model, first["loc"])
    hint = None
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "there is no such key"
        hint = did_you_mean(str(inner[-1]), _field_names(model, inner[:-1]))
    others = {_clean(model, detail["loc"]) for detail in details[1:]} - {inner}
    if others:
        names = ", ".join(sorted(".".join(map(str, other)) for other in others)[:3])
        hint = f"{hint} " if hint else ""
        hint += f"Also wrong: {names}."
    return Place(place.source, (*place.location, *inner)).error(message, hint)


def _clean(model: type[BaseModel], location: Location) -> Location:
    """Return the part of pydantic's location that names keys and indexes of the document.

    Pydantic puts the names of union members and `[key]` into locations as well.
    """
    kept: list[str | int] = []
    found: Any = model
    for step in location:
        if len(_members(found)) > 1:
            found = _member(found, str(step))
        elif step != "[key]":
            kept.append(step)
            found = _below(found, step)
    return tuple(kept)


def _member(annotation: Any, name: str) -> Any:
    """Return the member of a union that pydantic calls `name`, such as `dict[str,any]`."""
    for member in _members(annotation):
        origin = typing.get_origin(member) or member
        if name.split("[", maxsplit=1)[0].lower() == getattr(origin, "__name__", "").lower():
            return member
    return None


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union but None; a single type is its own."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        arguments = (arg for arg in typing.get_args(annotation) if arg is not types.NoneType)
        return tuple(member for arg in arguments for member in _members(arg))
    return (annotation,)


def _below(annotation: Any, step: str | int) -> Any:
    """Return what stands at a key or index of a model, dict or list."""
    model = _the_model(annotation)
    if model is None:
        return _element(annotation)
    field = _fields(model).get(str(step))
    return None if field is None else field.annotation


def _element(annotation: Any) -> Any:
    """Return what a dict's values, or a sequence's elements, are; None for anything else."""
    for member in _members(annotation):
        arguments = typing.get_args(member)
        match typing.get_origin(member):
            case builtins.dict:
                return arguments[1]
            case builtins.list | builtins.tuple:
                return arguments[0]
    return None


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field_names(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that the model at `location` below `model` knows."""
    found: Any = model
    for step in location:
        found = _below(found, step)
    there = _the_model(found)
    return [] if there is None else list(_fields(there))


def _the_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model among an annotation's members."""
    return next((m for m in _members(annotation) if _is_model(m)), None)


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
