"""BM25 over a tool's own words: a stand-in, without a model, for how a client chooses a tool from its list."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

_SATURATION, _LENGTH = 1.2, 0.75
_WEIGHT = 3
"""How much more a word of the description says than one of an argument."""
_COMMON = frozenset(re.findall(r"\w+", "a an and are as at be by come came did do does for from get got has have how i in is it of on or our that the their"
                    " them there these this to was we were what when where which who why will with you"))  # fmt: skip


def rank(question: str, tools: Sequence[dict[str, Any]]) -> list[str]:
    """The names of the tools, the most fitting first; equal ones in their order."""
    texts = [Counter(words(_own_words(tool))) for tool in tools]
    lengths = [text.total() for text in texts]
    mean = sum(lengths) / len(lengths)
    scores = [0.0] * len(tools)
    for word in words(question):
        having = sum(word in text for text in texts)
        rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for number, text in enumerate(texts):
            often = text[word]
            damped = often + _SATURATION * (1 - _LENGTH + _LENGTH * lengths[number] / mean)
            scores[number] += rarity * often * (_SATURATION + 1) / damped
    order = sorted(range(len(tools)), key=lambda number: -scores[number])
    return [tools[number]["name"] for number in order]


def words(text: str) -> list[str]:
    """Lower-case words without the commonest, names taken apart, endings cut."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()
    return [_stem(word) for word in re.findall(r"[a-z]+", apart) if word not in _COMMON]


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ised", "ises", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _own_words(tool: dict[str, Any]) -> str:
    arguments = tool["inputSchema"].get("properties", {})
    described = " ".join(f"{name} {argument.get('description', '')} {' '.join(map(str, argument.get('enum', ())))}"
                         for name, argument in arguments.items())  # fmt: skip
    return f"{_WEIGHT * (tool['name'] + ' ' + tool.get('title', '') + ' ' + tool['description'] + ' ')} {described}"
