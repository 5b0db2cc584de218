"""What a bench is told: which grader, how configured, and what to grade with it."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.types import Sample

MAX_SAMPLES: Final = 16
"""So many of the given samples are tried, spread over all; checks repeat each many times."""
MAX_PAID_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Order:
    """A grader's class and config, its limits, and samples."""

    cls: type[Grader[Any]]
    config: Any
    call: GraderCall
    samples: Sequence[Sample]

    @classmethod
    def of(cls, call: GraderCall, samples: Sequence[Sample]) -> Self:
        """Take some of the samples, those of all parts of the list."""
        different = list({(id(one.item), one.text): one for one in samples}.values())
        most = MAX_PAID_SAMPLES if call.grader.paid else MAX_SAMPLES
        step = max(1, -(-len(different) // most))
        return cls(type(call.grader), call.grader.config, call, different[::step])

    def call_for(self, grader: Grader[Any]) -> GraderCall:
        """Return the call with another instance of the grader."""
        call = self.call
        return GraderCall(call.key, grader, call.distribution, call.timeout, call.concurrency)

    def pack(self) -> bytes:
        """Return the order as bytes. Raises what pickling raises."""
        call = self.call
        sent = (self.cls, self.config, self.samples)
        limits = (call.key, call.distribution, call.timeout, call.concurrency)
        return pickle.dumps((_Home.of(self.cls), limits, pickle.dumps(sent)))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Return the order, importing the grader's module."""
        home, limits, sent = pickle.loads(packed)  # noqa: S301 - from the parent process
        home.enter()
        grader_class, config, samples = pickle.loads(sent)  # noqa: S301
        key, distribution, timeout, concurrency = limits
        grader = grader_class(config)
        call = GraderCall(key, grader, distribution, timeout, concurrency)
        return cls(grader_class, config, call, samples)


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a class is imported from, for a process that may not look in the same places.

    Test runners import modules by file, under names that no other process finds.
    """

    module: str
    file: str | None
    path: list[str]

    @classmethod
    def of(cls, of: type[object]) -> Self:
        if of.__module__ == "__main__":
            raise ValueError("the program's main module is not imported twice")
        file = getattr(sys.modules.get(of.__module__), "__file__", None)
        return cls(of.__module__, file, list(sys.path))

    def enter(self) -> None:
        known = set(sys.path)
        sys.path += [entry for entry in self.path if entry not in known]
        if self.file is None or _is_found(self.module, self.file):
            return
        root = _root(self.module, Path(self.file))
        if root is not None:
            sys.path.append(str(root))
            importlib.invalidate_caches()
            if _is_found(self.module, self.file):
                return
        spec = importlib.util.spec_from_file_location(self.module, self.file)
        if spec is None or spec.loader is None:
            raise ImportError(f"cannot import {self.file}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = module
        spec.loader.exec_module(module)


def _is_found(module: str, file: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin) == Path(file)


def _root(module: str, file: Path) -> Path | None:
    """Return the folder from which `file` is imported under its name, if there is one."""
    parts = module.split(".")
    place = file.parent if file.stem == "__init__" else file.with_suffix("")
    if list(place.parts[-len(parts) :]) != parts:
        return None
    return place.parents[len(parts) - 1]
