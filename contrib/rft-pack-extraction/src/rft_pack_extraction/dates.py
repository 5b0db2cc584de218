"""Dates: in ISO's form, and in others that the task declares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

ISO: Final = "YYYY-MM-DD"
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MAX_CHARS: Final = 40
_STEPS: Final[Mapping[str, str]] = {
    "YYYY": "(?P<year>[0-9]{4})",
    "MM": "(?P<month>[0-9]{2})",
    "M": "(?P<month>[1-9][0-9]?)",
    "Month": f"(?P<name>{'|'.join(MONTHS)})",
    "DD": "(?P<day>[0-9]{2})",
    "D": "(?P<day>[1-9][0-9]?)",
}
_STEP: Final = re.compile(r"YYYY|Month|MM|M|DD|D")
_BETWEEN: Final = re.compile(r"[ .,/-]{1,3}")


@lru_cache(maxsize=256)
def compile_form(form: str) -> re.Pattern[str]:
    """Return the pattern of a form such as `DD.MM.YYYY` or `D Month YYYY`.

    Raises `ValueError` unless year, month and day are there once, with signs between them.
    """
    steps = _STEP.findall(form)
    around = _STEP.split(form)
    kinds = sorted(step[0] for step in steps)
    between = all(_BETWEEN.fullmatch(sign) for sign in around[1:-1])
    if kinds != ["D", "M", "Y"] or around[0] or around[-1] or not between:
        raise ValueError(
            f"{form!r} is no form of a date: write YYYY, MM (M, Month) and DD (D), with signs "
            "between them, as in DD.MM.YYYY or D Month YYYY"
        )
    signs = [*map(re.escape, around[1:-1]), ""]
    return re.compile("".join(_STEPS[s] + sign for s, sign in zip(steps, signs, strict=True)))


def read_date(text: str, forms: Sequence[str]) -> date:
    """Return the date that a text is in ISO's form or one of the others.

    Raises `ValueError`, which says why, also where two forms make two dates of it.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError("no date")
    found = [match for form in (ISO, *forms) if (match := compile_form(form).fullmatch(text))]
    if not found:
        raise ValueError(f"{text!r} is not written as {' or '.join((ISO, *forms))}")
    dates = sorted({day for match in found if (day := _date(match))})
    if not dates:
        raise ValueError(f"{text!r}: there is no such day")
    if len(dates) > 1:
        raise ValueError(f"{text!r} is ambiguous: {' or '.join(map(str, dates))}")
    return dates[0]


def ambiguous(forms: Sequence[str]) -> bool:
    """Whether some text has two readings: the 3rd of April, and the 4th of March."""
    day = date(2024, 4, 3)
    return any(_differ(write_date(day, form), forms) for form in forms)


def write_date(day: date, form: str) -> str:
    """Write a date in a form."""
    written = {
        "YYYY": f"{day.year:04}", "MM": f"{day.month:02}", "M": str(day.month),
        "Month": MONTHS[day.month - 1], "DD": f"{day.day:02}", "D": str(day.day),
    }  # fmt: skip
    return _STEP.sub(lambda step: written[step[0]], form)


def _differ(text: str, forms: Sequence[str]) -> bool:
    try:
        read_date(text, forms)
    except ValueError:
        return True
    return False


def _date(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    month = MONTHS.index(parts["name"]) + 1 if "name" in parts else int(parts["month"])
    try:
        return date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        return None
