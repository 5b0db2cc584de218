"""Unicode to ASCII and LaTeX, so that the lexer knows one spelling of each sign."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_GREEK: Final = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "varsigma",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
GREEK: Final = frozenset(_GREEK) | {name.capitalize() for name in _GREEK}
"""Names of Greek letters, which are variables with and without a backslash."""

_SIGNS: Final = {
    "−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "﹣": "-", "－": "-",
    "×": r"\times ", "✕": r"\times ", "÷": r"\div ", "·": r"\cdot ", "⋅": r"\cdot ",
    "∙": r"\cdot ", "∗": "*", "∕": "/", "⁄": "/",
    "√": r"\sqrt ", "∛": r"\sqrt[3] ", "∜": r"\sqrt[4] ",
    "∞": r"\infty ", "°": r"^\circ ", "º": r"^\circ ", "˚": r"^\circ ", "∘": r"\circ ",
    "′": "'", "″": "''", "’": "'", "‘": "'", "“": '"', "”": '"',
    "≤": r"\le ", "⩽": r"\le ", "≦": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≧": r"\ge ",
    "≠": r"\ne ", "≈": r"\approx ", "≃": r"\approx ", "≅": r"\approx ", "≡": r"\equiv ",
    "∈": r"\in ", "∪": r"\cup ", "∩": r"\cap ", "∖": r"\setminus ", "∅": r"\emptyset ",
    "⌀": r"\emptyset ", "±": r"\pm ", "∓": r"\mp ", "→": r"\to ", "⟶": r"\to ", "⇒": r"\implies ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "〈": r"\langle ", "〉": r"\rangle ",
    "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
    "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}", "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ", "∂": r"\partial ",
    "ℓ": "l", "µ": r"\mu ", "ϕ": r"\phi ", "ϑ": r"\theta ", "ϵ": r"\epsilon ", "∣": "|",
    "，": ",", "。": ".", "；": ";", "：": ":", "％": "%", "﹪": "%", "、": ",", "⋯": "...",
    "…": "...", "∧": r"\land ", "∨": r"\lor ", "ı": "i", "∝": r"\propto ", "🞄": r"\cdot ",
}  # fmt: skip
for _offset, _name in enumerate(_GREEK):
    _SIGNS[chr(0x3B1 + _offset)] = f"\\{_name} "
    if _name != "varsigma":
        _SIGNS[chr(0x391 + _offset)] = f"\\{_name.capitalize()} "
_TABLE: Final = str.maketrans(_SIGNS)
_ROOT_OF_NUMBER: Final = re.compile(r"([√∛∜])\s*(\d+(?:\.\d+)?)")
_SCRIPTS: Final = re.compile(r"[\u00b2\u00b3\u00b9\u2070-\u207e]+|[\u2080-\u208e]+")


def to_ascii(text: str) -> str:
    """Return the text with mathematical signs, digits and letters in ASCII or LaTeX.

    Invisible characters go; those without a counterpart stay as they are.
    """
    if text.isascii():
        return text
    text = _ROOT_OF_NUMBER.sub(lambda m: f"{m[1].translate(_TABLE).strip()}{{{m[2]}}}", text)
    text = _SCRIPTS.sub(_script, text)
    text = "".join(_fraction(char) for char in text.translate(_TABLE))
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_TABLE)
    return "".join(_ascii(char) for char in text if unicodedata.category(char) != "Cf")


def _script(match: re.Match[str]) -> str:
    raised = match[0][0] in "²³¹" or match[0][0] < "₀"
    plain = unicodedata.normalize("NFKC", match[0]).replace("−", "-")
    return f"{'^' if raised else '_'}{{{plain}}}"


def _fraction(char: str) -> str:
    r"""Return `½` as `\\frac{1}{2}`."""
    decomposition = unicodedata.decomposition(char) if char > "\x7f" else ""
    if not decomposition.startswith("<fraction>"):
        return char
    top, _, bottom = unicodedata.normalize("NFKC", char).partition("⁄")
    return f"\\frac{{{top}}}{{{bottom}}}" if bottom else char


def _ascii(char: str) -> str:
    if char <= "\x7f":
        return char
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.digit(char))
    return " " if char.isspace() else char
