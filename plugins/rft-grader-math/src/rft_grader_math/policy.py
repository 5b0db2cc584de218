"""Every choice that mathematics leaves open, with its default."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Place: TypeAlias = Literal[
    "template", "boxed", "hashes", "marker", "json", "whole", "math", "number"
]
"""Where in a completion an answer may stand; see `extraction`."""


class Policy(BaseModel):
    """How answers are found, read and compared."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    extract: Annotated[tuple[Place, ...], Field(min_length=1)] = (
        "template",
        "boxed",
        "hashes",
        "marker",
        "whole",
        "math",
        "number",
    )
    """Where the final answer is looked for; the first place that has one decides."""
    field: str = "answer"
    """For `json`: the key of the answer; dots lead into objects, as in `result.value`."""
    reasoning_tag: str | None = "think"
    """Text inside of this tag does not count; null: everything counts."""
    answer_tag: str | None = "answer"
    """If a completion has text in this tag, only the last such text is searched; null: no tag."""
    hedged: Literal["reject", "accept"] = "reject"
    """An answer that is negated, doubted or questioned where it stands: wrong, or taken as is."""
    require_simplified: bool = True
    """`6·7`, `42 mod 43` or a sum sign are not accepted where the gold answer is a plain number."""
    collections: Literal["strict", "loose"] = "strict"
    """Whether `(1,2)`, `{1,2}`, `[1,2]` and `1,2` are four answers or, in one order, the same."""
    tolerance: float = Field(default=0.0, ge=0.0, le=0.1)
    """Relative difference from the gold value that is accepted; 0: exact."""
    rounded: Literal["reject", "in_collections", "accept"] = "in_collections"
    """Where a decimal of two digits or more may be the gold value, rounded to its decimals."""
    percent: Literal["value", "ignore"] = "value"
    """`50%` is one half; or the sign is dropped, and it is 50."""
    units: Literal["forgive", "ignore", "require", "convert"] = "forgive"
    """A unit on one side only: no matter (`forgive`, `convert`), or wrong (`require`). Two
    different units: wrong, dropped (`ignore`), or converted where that is possible (`convert`)."""
    degrees: Literal["forgive", "ignore", "convert"] = "forgive"
    """`42°` against `42`: right only where the gold has the mark; always; or as π/180."""
    decimal_comma: Literal["auto", "never", "always"] = "auto"
    """`1,22`: a list or a decimal, whichever matches; a list; a decimal."""
    base: Literal["numeral", "value", "ignore"] = "numeral"
    """`204_5`: the same digits in the same base; the number 54; 204."""
    constant_of_integration: Literal["required", "optional"] = "required"
    """Whether `+ C` of the gold may be left out."""
    timeout: float = Field(default=5.0, gt=0.0, le=600.0)
    """Seconds after which a comparison that needs the algebra worker is given up: an error."""


DEFAULT = Policy()
