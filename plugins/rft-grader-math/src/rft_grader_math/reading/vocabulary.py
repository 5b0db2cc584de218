"""The words and commands that have a meaning."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = {
    **{name: name for name in (
        "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch",
        "exp", "gcd", "lcm", "max", "min", "arg", "sign", "erf", "gamma", "zeta",
    )},
    **{name: "a" + name[3:] for name in (
        "arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc",
        "arcsinh", "arccosh", "arctanh",
    )},
    **{name: name for name in (
        "asin", "acos", "atan", "acot", "asec", "acsc", "asinh", "acosh", "atanh",
    )},
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh",
    "tg": "tan", "ctg": "cot", "cosec": "csc", "sgn": "sign", "Re": "re", "Im": "im",
    "re": "re", "im": "im",
    "sqrt": "sqrt", "cbrt": "cbrt", "abs": "abs", "Abs": "abs", "floor": "floor",
    "ceil": "ceil", "ceiling": "ceil", "factorial": "factorial", "binomial": "binomial",
    "binom": "binomial", "conjugate": "conjugate", "log": "log",
    "ln": "ln", "lg": "lg", "Max": "max", "Min": "min", "Mod": "mod", "det": "det",
    "Gamma": "gamma", "dim": "dim", "rank": "rank", "tr": "tr", "ker": "ker",
    "deg": "deg", "Pr": "Pr",
}  # fmt: skip
"""Names of functions, plain or as commands, to operations of `Call`."""

INVERSES: Final = {
    name: "a" + name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")
}
"""What `f^{-1}` stands for."""

SYMPY_CALLS: Final = {
    "Integral": "integral",
    "Sum": "sum",
    "Product": "product",
    "Limit": "limit",
    "Derivative": "derivative",
}
SYMPY_SETS: Final = frozenset({"Interval", "Union", "Matrix", "Reals", "FiniteSet"})
SYMPY_RELATIONS: Final = {"Eq": "=", "Ne": "!=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}

CONSTANTS: Final = {
    "pi": "pi", "Pi": "pi", "infty": "infinity", "oo": "infinity", "inf": "infinity",
    "infinity": "infinity", "Infinity": "infinity", "e": "e", "i": "i", "imath": "i",
    "imaginaryunit": "i", "exponentialE": "e",
    "emptyset": "emptyset", "varnothing": "emptyset", "zoo": "infinity",
}  # fmt: skip

RELATIONS: Final = {
    "=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", "=<": "<=", ">": ">", ">=": ">=",
    "\\ne": "!=", "\\neq": "!=", "\\lt": "<", "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=",
    "\\gt": ">", "\\ge": ">=", "\\geq": ">=", "\\geqslant": ">=", "\\in": "in", "\\equiv": "=",
    "\\approx": "approx", "\\simeq": "approx", "\\sim": "approx", "\\cong": "approx",
    "\\to": "to", "\\rightarrow": "to", "\\longrightarrow": "to", "->": "to", "\\mapsto": "to",
    ":=": "=", "~": "approx", "\\notin": "notin", "\\perp": "perp", "\\parallel": "parallel",
    "\\subseteq": "subseteq", "\\subset": "subset", "\\mid": "mid",
}  # fmt: skip

IGNORED: Final = frozenset(
    [
        "\\left",
        "\\right",
        "\\big",
        "\\Big",
        "\\bigg",
        "\\Bigg",
        "\\bigl",
        "\\bigr",
        "\\Bigl",
        "\\Bigr",
        "\\biggl",
        "\\biggr",
        "\\middle",
        "\\displaystyle",
        "\\textstyle",
        "\\scriptstyle",
        "\\limits",
        "\\nolimits",
        "\\boxed",
        "\\fbox",
        "\\framebox",
        "\\underline",
        "\\mathstrut",
        "\\bf",
        "\\textstyle",
        "\\nobreak",
        "\\,",
        "\\;",
        "\\:",
        "\\!",
        "\\>",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "\\",
        "\\thinspace",
        "\\medspace",
        "\\thickspace",
        "\\negthinspace",
        "\\negmedspace",
        "\\negthickspace",
        "\\enspace",
        "\\centering",
        "\\large",
        "\\Large",
        "\\small",
        "\\tiny",
    ]
) | {"\\ "}
SEPARATING_SPACES: Final = frozenset({"\\quad", "\\qquad"})

TEXT_COMMANDS: Final = frozenset(
    [
        "\\text",
        "\\textrm",
        "\\textbf",
        "\\textit",
        "\\textnormal",
        "\\texttt",
        "\\textsf",
        "\\textsc",
        "\\mbox",
        "\\hbox",
        "\\emph",
        "\\textup",
    ]
)
ROMAN_COMMANDS: Final = frozenset(
    [
        "\\mathrm",
        "\\mathit",
        "\\mathbf",
        "\\mathsf",
        "\\mathtt",
        "\\mathcal",
        "\\mathscr",
        "\\mathfrak",
        "\\operatorname",
        "\\operatorname*",
        "\\bm",
        "\\boldsymbol",
        "\\mathbb",
        "\\mathop",
        "\\rm",
        "\\pmb",
    ]
)
NUMBER_SETS: Final = frozenset("RZNQC")

CASES: Final = frozenset(["cases", "dcases", "rcases"])
MATRICES: Final = frozenset(
    ["matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array"]
)
TRANSPARENT: Final = frozenset(
    ["aligned", "align", "align*", "gathered", "equation", "equation*", "split"]
)

ALL_REALS: Final = frozenset(
    {"all real numbers", "all reals", "the real numbers", "real numbers", "all real values"}
)
WORDS_OF_TWO: Final = frozenset(
    [
        "am",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "go",
        "he",
        "if",
        "in",
        "is",
        "it",
        "me",
        "my",
        "no",
        "of",
        "on",
        "or",
        "so",
        "to",
        "up",
        "us",
        "we",
        "ok",
    ]
)
"""Two letters that make a word and no product."""

_NO_PRODUCTS: Final = (
    "all also and any but cant dont even few for isnt its just less maybe more most nah nay "
    "near nil non none nope nor not now one only over past plus six ten than that the then this "
    "true two very wasnt what when with wont yes yet"
)
NO_PRODUCTS: Final = frozenset(_NO_PRODUCTS.split())
"""Longer words that are no product of letters, wherever they stand: `not 0` is not n·o·t·0."""

DENIALS: Final = frozenset(
    [
        "anything",
        "aren",
        "cannot",
        "doubt",
        "except",
        "false",
        "guess",
        "impossible",
        "incorrect",
        "isn",
        "isnt",
        "maybe",
        "nah",
        "nay",
        "neither",
        "never",
        "non",
        "none",
        "nope",
        "nor",
        "not",
        "nothing",
        "perhaps",
        "possibly",
        "probably",
        "unlikely",
        "unsure",
        "untrue",
        "wasn",
        "wasnt",
        "wrong",
    ]
)
"""Words before an equals sign that take back what stands behind it; others name it."""

HEDGES: Final = frozenset(
    [
        "about",
        "actually",
        "almost",
        "alternatively",
        "although",
        "anything",
        "are",
        "aren",
        "arent",
        "around",
        "base",
        "because",
        "but",
        "cannot",
        "cant",
        "choices",
        "cost",
        "costs",
        "could",
        "cubed",
        "divided",
        "dont",
        "doubt",
        "eight",
        "either",
        "else",
        "except",
        "factorial",
        "fake",
        "false",
        "five",
        "four",
        "guess",
        "half",
        "halves",
        "however",
        "idea",
        "if",
        "ignore",
        "impossible",
        "incorrect",
        "incorrectly",
        "invalid",
        "is",
        "isn",
        "isnt",
        "least",
        "less",
        "lie",
        "maybe",
        "might",
        "minus",
        "mod",
        "modulo",
        "more",
        "most",
        "must",
        "nah",
        "nay",
        "near",
        "neither",
        "never",
        "nine",
        "no",
        "non",
        "none",
        "nope",
        "nor",
        "not",
        "nothing",
        "one",
        "only",
        "or",
        "other",
        "out",
        "over",
        "perhaps",
        "plus",
        "point",
        "possibly",
        "probably",
        "rather",
        "remainder",
        "seven",
        "should",
        "six",
        "squared",
        "suppose",
        "sure",
        "ten",
        "tenth",
        "tenths",
        "than",
        "think",
        "third",
        "thirds",
        "though",
        "three",
        "through",
        "times",
        "to",
        "true",
        "two",
        "unclear",
        "undecided",
        "undefined",
        "under",
        "unknown",
        "unless",
        "unlikely",
        "unsure",
        "untrue",
        "versus",
        "vs",
        "was",
        "wasn",
        "wasnt",
        "were",
        "whatever",
        "whether",
        "will",
        "wont",
        "would",
        "wrong",
        "xor",
        "yes",
        "zero",
    ]
)
"""Words that may not follow an answer as its unit: they say something about it."""
