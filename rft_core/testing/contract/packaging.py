"""The class and its config: importable, sendable, strict."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel, ValidationError

from rft_core.configurable import PluginConfig
from rft_core.options import options
from rft_core.testing.contract.bench import Bench, short
from rft_core.testing.findings import Finding

if TYPE_CHECKING:
    from rft_core.testing.contract.check import Probe

_UNKNOWN: Final = "an_unknown_key"
_SENDABLE: Final = "worker processes build a grader anew from its class and its config"


def pickling(probe: Probe) -> Iterator[Finding]:
    """Import the class and pickle the config, as worker processes need."""
    cls, config = probe.order.cls, probe.order.config
    problem = _not_importable(cls)
    if problem is not None:
        yield Finding(
            "pickling", f"class {cls.__qualname__} of module {cls.__module__}", problem, _SENDABLE,
            "Define the class at the top level of a module, under its own name.",
        )  # fmt: skip
    try:
        again = pickle.loads(pickle.dumps(config))  # noqa: S301 - just pickled
    except Exception as error:  # noqa: BLE001 - pickling runs other people's code
        yield Finding(
            "pickling", f"config {short(config)}", f"{type(error).__name__}: {error}", _SENDABLE,
            "Keep plain values in the config; open files, compile patterns and load models in "
            "__init__.",
        )  # fmt: skip
        return
    if repr(again) != repr(config) and " at 0x" not in repr(config):
        yield Finding(
            "pickling", f"config {short(config)}", f"after pickling: {short(again)}", _SENDABLE,
            "Keep everything that the config knows in its fields.",
        )  # fmt: skip
    if probe.laboratory.problem is not None and problem is None and cls.__module__ != "__main__":
        yield Finding(
            "pickling", "class, config and samples", probe.laboratory.problem, _SENDABLE,
            "Make config and rows of plain values.",
        )  # fmt: skip


def _not_importable(cls: type[object]) -> str | None:
    try:
        found: Any = importlib.import_module(cls.__module__)
        for name in cls.__qualname__.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return None if found is cls else "another class has its name there"


def config(bench: Bench) -> Iterator[Finding]:
    """Give the config unknown keys and wrong types, and try to change it."""
    model: Any = bench.cls.Config
    if not isinstance(model, type) or not issubclass(model, PluginConfig):
        yield Finding(
            "config", "the class attribute Config", short(model),
            "Config is a class derived from PluginConfig",
            "Derive it from rft_core.PluginConfig, which is strict and immutable.",
        )  # fmt: skip
        return
    yield from _unknown_keys(bench, model)
    yield from _changeable(bench)
    yield from _wrong_types(model)


def _unknown_keys(bench: Bench, model: type[BaseModel]) -> Iterator[Finding]:
    places = _models(model)
    strict = {found: found.model_config.get("extra") for found in places}
    accepted = _accepts_unknown(bench.order.config)
    for found, extra in strict.items():
        loose = extra in {None, "ignore"} or (extra == "allow" and found is model)
        if loose or (found is model and accepted):
            yield Finding(
                "config", f"{{{_UNKNOWN!r}: 1}} to {found.__name__}", f"accepted (extra: {extra})",
                "unknown keys of a config are errors: a typo must not pass in silence",
                "Derive every section from PluginConfig, and leave `extra` alone.",
            )  # fmt: skip


def _accepts_unknown(config: Any) -> bool:
    given = {**_given(config), _UNKNOWN: 1}
    try:
        type(config).model_validate(given)
    except ValidationError:
        return False
    except Exception:  # noqa: BLE001 - a validator stumbled over it, which refuses it too
        return False
    return True


def _given(config: BaseModel) -> dict[str, Any]:
    """Return what the config was made of, sections and all, by the keys that users write."""
    fields = type(config).model_fields
    return {
        str(fields[name].alias or name): getattr(config, name)
        for name in config.model_fields_set
        if name in fields
    }


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a config's class and those of its sections."""
    found: dict[type[BaseModel], None] = {}

    def add(annotation: Any) -> None:
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        if is_model and annotation not in found:
            found[annotation] = None
            for field in annotation.model_fields.values():
                add(field.annotation)
        for part in get_args(annotation):
            add(part)

    add(model)
    return list(found)


def _changeable(bench: Bench) -> Iterator[Finding]:
    config = bench.order.config
    for name in list(type(config).model_fields)[:1] or ["anything"]:
        try:
            setattr(config, name, getattr(config, name, 1))
        except Exception:  # noqa: BLE001, S112 - as it should
            continue
        yield Finding(
            "config", f"config.{name} = …", "the config took it", "a config is immutable",
            "Derive Config from PluginConfig and leave `frozen` alone.",
        )  # fmt: skip


def _wrong_types(model: type[BaseModel]) -> Iterator[Finding]:
    for name, field in model.model_fields.items():
        if field.annotation not in {int, float, bool}:
            continue
        key = field.alias or name
        try:
            model.model_validate({key: {"no": "number"}})
        except ValidationError as error:
            if any(key in one["loc"] or name in one["loc"] for one in error.errors()):
                continue
            if all(one["type"] != "missing" for one in error.errors()):
                continue
        except Exception:  # noqa: BLE001, S112 - refused, if clumsily
            continue
        yield Finding(
            "config", f"{{{key!r}: {{'no': 'number'}}}}", "no complaint about its type",
            "an option of a wrong type is refused when the config is read",
            "Annotate the option and let pydantic check it.",
        )  # fmt: skip


def notes(bench: Bench) -> Iterator[Finding]:
    """Look at what users see: a version, a docstring, options that say what they do."""
    cls = bench.cls
    if cls.version == "0":
        yield _note("version", "'0', the default", "the version changes whenever scores may change",
                    'Set version = "1".')  # fmt: skip
    if not (cls.__doc__ or "").strip():
        yield _note("docstring", "none", "`rft graders show` prints what the class says of itself",
                    "Say in a sentence what is graded.")  # fmt: skip
    for option in options(cls.Config) if issubclass(cls.Config, BaseModel) else ():
        if not option.meaning:
            yield _note(f"option {option.name!r}", "no description",
                        "`rft graders show` prints what each option does",
                        "Give it Field(description=…) or a docstring.")  # fmt: skip


def _note(what: str, got: str, why: str, fix: str) -> Finding:
    return Finding("notes", what, got, why, fix)
