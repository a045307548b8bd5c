"""Model-matching clauses of genai-prices, in the form that `core/src/price/matching.rs` reads.

A pattern of the data is only ever literal text with single digits in it, so it becomes a `shape`: text in which `#` is
one digit, and a final `*` is any rest. That keeps a regex engine out of the price book. A pattern that fits no shape
stops the generator.
"""

import re._constants as sre
import re._parser as sre_parser

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
)

# The one pattern with a negative look-ahead: "is not a text-to-speech model".
NOT_TTS = r"^(?!.*-[tT][tT][sS](?:$|-))"
DIGIT = (sre.IN, [(sre.CATEGORY, sre.CATEGORY_DIGIT)])


def split_equals(clause: MatchLogic) -> tuple[list[str], list[dict]]:
    """The names that a top-level clause lists outright, and what is left, as a list of alternatives."""
    alternatives = clause.or_ if isinstance(clause, ClauseOr) else [clause]
    names = [c.equals.lower() for c in alternatives if isinstance(c, ClauseEquals)]
    rest = [converted for c in alternatives if not isinstance(c, ClauseEquals) for converted in convert(c)]
    return names, rest


def convert(clause: MatchLogic) -> list[dict]:
    """The clause as alternatives of ours."""
    match clause:
        case ClauseEquals():
            return [{"equals": clause.equals.lower()}]
        case ClauseStartsWith():
            return [{"starts_with": clause.starts_with.lower()}]
        case ClauseEndsWith():
            return [{"ends_with": clause.ends_with.lower()}]
        case ClauseContains():
            return [{"contains": clause.contains.lower()}]
        case ClauseOr():
            return [converted for part in clause.or_ for converted in convert(part)]
        case ClauseAnd():
            return [{"all": [any_of(convert(part)) for part in clause.and_]}]
        case ClauseRegex() if clause.regex == NOT_TTS:
            return [{"none": [{"ends_with": "-tts"}, {"contains": "-tts-"}]}]
        case ClauseRegex():
            return [{"shape": shape} for shape in shapes(clause.regex)]
    raise SystemExit(f"unknown kind of clause {clause!r}: teach tools/prices/clauses.py and price/matching.rs about it")


def any_of(alternatives: list[dict]) -> dict:
    return alternatives[0] if len(alternatives) == 1 else {"any": alternatives}


def shapes(pattern: str) -> list[str]:
    """The shapes that together match what `pattern` matches."""
    tokens = list(sre_parser.parse(pattern))
    if tokens[:1] != [(sre.AT, sre.AT_BEGINNING)]:
        raise unsupported(pattern)
    closed = tokens[-1:] == [(sre.AT, sre.AT_END)]
    found = [""]
    for token in tokens[1 : -1 if closed else None]:
        found = [shape + text for shape in found for text in token_texts(token, pattern)]
    return [shape if closed else shape + "*" for shape in found]


def token_texts(token: tuple, pattern: str) -> list[str]:
    match token:
        case (sre.LITERAL, code) if chr(code) not in "#*":
            return [chr(code).lower()]
        case _ if token == DIGIT:
            return ["#"]
        case (sre.IN, options) if all(kind == sre.LITERAL for kind, _ in options):
            return [chr(code) for _, code in options]
        case (sre.MAX_REPEAT, (low, high, repeated)) if low == high and list(repeated) == [DIGIT]:
            return ["#" * low]
    raise unsupported(pattern)


def unsupported(pattern: str) -> SystemExit:
    return SystemExit(f"pattern {pattern!r} is no shape: teach tools/prices/clauses.py about it")
