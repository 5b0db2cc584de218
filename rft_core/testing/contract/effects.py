"""Grading leaves the outside alone: what is printed, told, executed, opened and asked."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, SecretStr

from rft_core.grader import Grader
from rft_core.testing.contract.bench import Bench, short, shown
from rft_core.testing.contract.materials import json_of, leaves
from rft_core.testing.contract.watching import is_watched, listening
from rft_core.testing.findings import Finding
from rft_core.types import Grade, Sample

MARK: Final = "rft_kit_marker"
"""What no library has in its files, names and hosts."""


class Heard:
    """What was written to the standard streams and logged meanwhile."""

    def __init__(self) -> None:
        self.out = self.err = ""
        self.logged: list[str] = []


class _Keep(logging.Handler):
    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.kept.append(f"{record.getMessage()} {record.exc_info or ''}")
        except Exception:  # noqa: BLE001 - other people's format strings
            self.kept.append(str(record.msg))


@contextmanager
def hearing() -> Iterator[Heard]:
    """Hear everything that is written and logged; the process's own streams are set aside."""
    heard = Heard()
    root, handler = logging.getLogger(), _Keep(heard.logged)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.captureWarnings(capture=True)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        kept = [os.dup(1), os.dup(2)]
        _flush()
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            yield heard
        finally:
            _flush()
            for number, saved in enumerate(kept, start=1):
                os.dup2(saved, number)
                os.close(saved)
            out.seek(0)
            err.seek(0)
            heard.out, heard.err = (file.read().decode(errors="replace") for file in (out, err))
            logging.captureWarnings(capture=False)
            root.removeHandler(handler)
            root.setLevel(level)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _trials(bench: Bench) -> list[Sample]:
    """Return samples to try effects with: right, wrong and unreadable ones, all marked."""
    found: list[Sample] = []
    for sample in bench.typical or bench.samples[:1]:
        texts = (
            sample.text,
            f"{sample.text} {MARK}",
            f'{{"{MARK}": 1',
            *leaves(sample.text, [MARK]),
        )
        found += [Sample(sample.item, text) for text in texts[: 2 if bench.is_paid else 6]]
    return found


def output(bench: Bench) -> Iterator[Finding]:
    """Nothing is printed."""
    samples = _trials(bench)
    for number, sample in enumerate(samples):
        with hearing() as heard:
            bench.alone(sample, None if number else bench.new_grader())
        for stream, text in (("stdout", heard.out), ("stderr", heard.err)):
            says = stream == "stdout" or MARK in text or (sample.text and sample.text in text)
            if text.strip() and says:
                yield Finding(
                    "output", shown(sample), f"on {stream}: {short(text)}",
                    "a grader prints nothing: standard output belongs to the command, and "
                    "completions do not belong into anybody's terminal",
                    "Put what is worth knowing into the reason; for debugging use `logging`.",
                )  # fmt: skip


# Secrets

_SECRET_NAME: Final = re.compile(
    r"(API|ACCESS|AUTH|PRIVATE|SECRET)_?KEY|TOKEN$|SECRET|PASSW|CREDENTIAL", re.IGNORECASE
)
_VARIABLE: Final = re.compile(
    r"""["']([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)[A-Z0-9_]*)["']"""
)
_SECRET_OPTION: Final = re.compile(
    r"api_?key|secret|passw|access_token|auth_token|bearer|credential|private_key", re.IGNORECASE
)
_SENTINEL: Final = "kit-sentinel-5f3c9a1e"


def secrets(bench: Bench) -> Iterator[Finding]:
    """Keys and tokens, from options and environment, turn up nowhere."""
    with _secret_environment(bench) as hidden:
        grader = _with_secrets(bench)
        for sample in _trials(bench):
            for offline in (False, True):
                with hearing() as heard, listening(_refuse_network if offline else _ignore):
                    grade = bench.alone(sample, grader)
                for place, text in _told(heard, grade):
                    if any(secret in text for secret in (_SENTINEL, *hidden)):
                        yield Finding(
                            "secrets", shown(sample) + (", network down" if offline else ""),
                            f"a secret in {place}",
                            "keys, tokens and passwords appear in no output, log, reason or error",
                            "Leave them out of messages; take SecretStr for such options, and "
                            "do not print requests or the environment.",
                        )  # fmt: skip


def _told(heard: Heard, grade: Grade) -> Iterator[tuple[str, str]]:
    yield "standard output", heard.out
    yield "standard error", heard.err
    yield "the log", "\n".join(heard.logged)
    yield "the grade's reason", grade.reason or ""
    yield "the grade's metrics", repr(dict(grade.metrics))
    if grade.error is not None:
        yield "the error's message", grade.error.message


def _ignore(event: str, args: tuple[Any, ...]) -> None:
    """Let everything happen."""


def _refuse_network(event: str, _args: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise ConnectionRefusedError(111, "the test kit made this fail")


@contextmanager
def _secret_environment(bench: Bench) -> Iterator[list[str]]:
    """Set variables that the grader's module names and nobody set; yield secrets that are there."""
    hidden = [
        value for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= 12 and not value.startswith("/")  # noqa: PLR2004
    ]  # fmt: skip
    named = {*_variables(bench), "RFT_KIT_SECRET_TOKEN"} - os.environ.keys()
    os.environ.update(dict.fromkeys(named, _SENTINEL))
    try:
        yield hidden
    finally:
        for name in named:
            os.environ.pop(name, None)


def _variables(bench: Bench) -> set[str]:
    """Return names of environment variables with secrets, from the grader's source and config."""
    text = repr(bench.order.config)
    file = getattr(sys.modules.get(bench.cls.__module__), "__file__", None)
    if file is not None and Path(file).suffix == ".py":
        text += Path(file).read_text(errors="replace")
    return set(_VARIABLE.findall(text))


def _with_secrets(bench: Bench) -> Grader[Any]:
    """Return an instance whose secret-looking options are sentinels, if it takes them."""
    try:
        made: Grader[Any] = bench.cls(_secretive(bench.order.config))
    except Exception:  # noqa: BLE001 - it needs its own
        return bench.new_grader()
    return made.without_memory()


def _secretive(config: Any) -> Any:
    changes: dict[str, Any] = {}
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, SecretStr) or field.annotation in {SecretStr, SecretStr | None}:
            changes[name] = SecretStr(_SENTINEL)
        elif isinstance(value, BaseModel):
            changes[name] = _secretive(value)
        elif _SECRET_OPTION.search(name) and _is_text(value, field.annotation):
            changes[name] = _SENTINEL
    return config.model_copy(update=changes) if changes else config


def _is_text(value: Any, annotation: Any) -> bool:
    looks_like_a_variable = isinstance(value, str) and value.isupper()
    return annotation in {str, str | None} and not looks_like_a_variable


# Execution, files, network


def completions_as_code(bench: Bench) -> Iterator[Finding]:
    """No part of a completion is executed, outside of processes that can be killed."""
    if bench.is_isolated or bench.is_paid or not is_watched():
        return
    yield from _seen(
        bench, _CODE, _executes, "execution",
        contract="a completion is data: nothing in it is executed, imported or given to a shell",
        fix="Parse it (json, ast.literal_eval, a parser of your own). A grader that is meant to "
        'run code sets isolation = "process".',
    )  # fmt: skip


def completions_as_addresses(bench: Bench) -> Iterator[Finding]:
    """No completion names a file that is opened or a host that is asked."""
    if bench.is_paid or not is_watched():
        return
    with tempfile.TemporaryDirectory(prefix=MARK) as folder:
        # Files that exist, since a grader may look before it opens.
        files = [Path(folder, f"answer.{kind}") for kind in ("json", "txt", "py")]
        for file in files:
            file.write_text("{}")
        yield from _seen(
            bench, (*map(str, files), *_ADDRESSES), _reaches, "addresses",
            contract="a completion is data: it does not choose files or hosts",
            fix="Take file names and addresses from the config or the row only.",
        )  # fmt: skip


_CODE: Final = (
    MARK,
    f"len('{MARK}')",
    f"(lambda: {MARK})()",
    f"import {MARK}",
    f"def {MARK}():\n    return 1\n",
    f"```python\n{MARK} = 1\n```",
    f"print('{MARK}')",
    f"true {MARK}",
    f"!!python/object/apply:os.system ['true {MARK}']",
)
_ADDRESSES: Final = (
    f"/tmp/{MARK}/answer.txt",  # noqa: S108 - there is no such file
    f"{MARK}.json",
    f"http://{MARK}.invalid/answer",
    f"{MARK}.invalid",
    f"file:///tmp/{MARK}",
)


IsBad: TypeAlias = Callable[[str, tuple[Any, ...]], bool]
"""Whether an audit event, with its arguments, is what a grader must not cause."""


def _seen(
    bench: Bench, texts: Sequence[str], is_bad: IsBad, check: str, *, contract: str, fix: str
) -> Iterator[Finding]:
    for typical in bench.typical or bench.samples[:1]:
        for text in bench.within_budget(_slotted(typical.text, texts)):
            seen: list[str] = []

            def look(event: str, args: tuple[Any, ...], seen: list[str] = seen) -> None:
                if is_bad(event, args):
                    seen.append(f"{event} {short(args[0] if args else '', 60)}")
                    if event in {"socket.getaddrinfo", "os.system", "subprocess.Popen"}:
                        raise PermissionError("the test kit does not let this happen")

            sample = Sample(typical.item, text)
            with listening(look):
                bench.alone(sample)
            for one in seen[:1]:
                yield Finding(check, shown(sample), one, contract, fix)


def _slotted(right: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield texts alone, and where an answer stands in a right completion."""
    yield from texts
    for text in texts:
        yield f"{right}\n{text}"
        for word in (r"(\S+)\s*$", r"(\d+)(?!.*\d)", r"(?<=[:=>{])\s*([^:=<>{}]+)(?=[<}]|\s*$)"):
            found = re.search(word, right, re.DOTALL)
            if found is not None:
                yield right[: found.start(1)] + text + right[found.end(1) :]
    yield from leaves(right, texts)
    if json_of(right) is None:
        yield from (f'{{"answer": "{text}"}}' for text in texts[:3])


def _executes(event: str, args: tuple[Any, ...]) -> bool:
    if event == "exec":
        return _code_is_marked(args[0])
    if event == "import":
        return MARK in str(args[0])
    return event in {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn"} and any(
        MARK in str(arg) or _names_marked_file(arg) for arg in args[:2]
    )


def _names_marked_file(arguments: Any) -> bool:
    """Whether one of a command's arguments is a file that a completion was written to."""
    if not isinstance(arguments, list | tuple):
        return False
    return any(_is_marked_file(one) for one in arguments)


def _is_marked_file(argument: Any) -> bool:
    try:
        file = Path(os.fsdecode(argument))
        return (
            file.is_file()
            and file.stat().st_size <= _SMALL_FILE
            and MARK in file.read_text(errors="replace")
        )
    except (OSError, TypeError, ValueError):  # no name of a file
        return False


def _code_is_marked(code: Any) -> bool:
    names = (*getattr(code, "co_names", ()), *getattr(code, "co_varnames", ()))
    constants = getattr(code, "co_consts", ())
    return (
        any(MARK in name for name in names)
        or any(isinstance(one, str) and MARK in one for one in constants)
        or any(_code_is_marked(one) for one in constants if hasattr(one, "co_code"))
    )


_SMALL_FILE: Final = 100_000
"""Bytes; what completions of this check are written to is smaller."""
_FILE_EVENTS: Final = (
    "open",
    "os.",
    "shutil.",
    "glob.",
    "pathlib.",
    "sqlite3.connect",
    "tempfile.",
)
_HOST_EVENTS: Final = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect")


def _reaches(event: str, args: tuple[Any, ...]) -> bool:
    if event.startswith(_FILE_EVENTS) and event not in {"os.system", "os.putenv", "os.exec"}:
        return any(isinstance(one, str | bytes | os.PathLike) and MARK in str(one) for one in args)
    return event in _HOST_EVENTS and any(MARK in str(one) for one in args)
