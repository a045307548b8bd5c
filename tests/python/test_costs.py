"""What every recorded answer costs by core/tests/corpus/costs.json, which a Rust test beside it makes and compares,
against the package that the price book is made from: it reads the same answers itself and has its own prices.

    python -m pytest -q tests/python/test_costs.py
"""

import os
import sys
from collections import Counter
from copy import deepcopy
from datetime import datetime
from importlib.metadata import version

import pytest
from genai_prices.data import providers
from genai_prices.types import Usage
from recorded import FIXTURES, PROJECT, answers, exact, ticks

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="the book's package needs Python 3.11")

# Recorded providers by the package's names. All others are endpoints of the user's own, which have no list price.
SELLERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "vertex": "google",
    "groq": "groq",
    "cerebras": "cerebras",
    "mistral": "mistral",
    "xai": "x-ai",
    "openrouter": "openrouter",
    "azure": "azure",
    "bedrock": "aws",
}
# The package's readers for an endpoint; the first that a provider has.
FLAVORS = {
    "chat.completions": ["chat", "default"],
    "completions": ["chat"],
    "responses": ["responses", "default"],
    "embeddings": ["embeddings", "default"],
}


# What the package does not read, or refuses: each of these says it in words that it knows, or answers None.


def told_by_runs(answer, body, usage):
    """the runs of a model that compacted the prompt are billed too, and it reads the last run alone"""
    runs = [run for run in usage.get("iterations") or [] if not run.get("model")]
    names = ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
    if len(runs) < 2:
        return None
    usage.update({name: sum(run.get(name) or 0 for run in runs) for name in names})
    return {}


def hidden_thoughts(answer, body, usage):
    """Gemini's compatible endpoint counts thoughts in the total alone"""
    counts = [usage.get(name) for name in ("total_tokens", "prompt_tokens", "completion_tokens")]
    if answer.provider != "gemini" or None in counts:
        return None
    total, prompt, completion = counts
    usage["completion_tokens"] = total - prompt
    return {"output_reasoning_tokens": total - prompt - completion}


def more_cached_than_sent(answer, body, usage):
    """Grok at Azure tells more cached tokens than tokens, which it refuses: all input is taken as cached"""
    details = usage.get("prompt_tokens_details") or {}
    if answer.provider != "azure" or details.get("cached_tokens", 0) <= usage.get("prompt_tokens", 0):
        return None
    details["cached_tokens"] = usage["prompt_tokens"]
    return {}


def numbered_modalities(answer, body, usage):
    """a proxy told Gemini's enumerations by number, which it cannot read"""
    names = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}
    details = [row for rows in usage.values() if isinstance(rows, list) for row in rows]
    if not any(isinstance(row.get("modality"), int) for row in details):
        return None
    for row in details:
        row["modality"] = names[row["modality"]]
    return {}


def searches(answer, body, usage):
    """it does not look for searches in answers of Gemini and in Responses"""
    count = answer.searches()
    return {"web_searches": count} if count else None


MENDS = [told_by_runs, hidden_thoughts, more_cached_than_sent, numbered_modalities, searches]
AS_ASKED = "it does not know the model that served: the one that was asked for is priced"
FREE_AS_ASKED = "it does not know the model that served, and the one that was asked for is free"


def charge(answer, at, *, mended):
    """What the package charges in ticks, and how it had to be helped; or None, and why there is no price."""
    provider = next(one for one in providers if one.id == SELLERS[answer.provider])
    served = answer.body.get("model") or answer.body.get("modelVersion")
    names = [name for name in (served, answer.asked) if name]
    models = [provider.find_model(name, all_providers=providers) for name in names]
    model = next(filter(None, models), None)
    if not model:
        return None, ["no such model"]
    helped = [AS_ASKED] if not models[0] else []
    body, more = deepcopy(answer.body), {}
    for mend in MENDS if mended else ():
        told = mend(answer, body, body.get("usage") or body.get("usageMetadata") or {})
        if told is not None:
            more |= told
            helped.append(mend.__doc__)
    known = [extractor.api_flavor for extractor in provider.extractors]
    flavor = next(flavor for flavor in FLAVORS.get(answer.endpoint, ["default"]) if flavor in known)
    _, usage = provider.extract_usage(body, api_flavor=flavor)
    cost = model.calc_price(
        usage + Usage(**more), provider, genai_request_timestamp=at, price_context=answer.context()
    )
    if cost.total_price == 0 and AS_ASKED in helped:
        return None, [FREE_AS_ASKED]
    return ticks(cost.total_price), helped


def judge(answer, ours, at):
    """How our figures of an answer stand to the package's, in a word or in the reason for an exception."""
    assert answer.billed() == (ours["ticks"] if ours["source"] == "provider_billed" else None)
    if answer.provider not in SELLERS:
        assert ours["by_book"] is None
        return ["unpriced: no book for it"]
    try:
        theirs, helped = charge(answer, at, mended=False)
    except (AttributeError, ValueError) as error:
        theirs, helped = error, []
    if theirs != ours["by_book"]:
        theirs, helped = charge(answer, at, mended=True)
    assert theirs == ours["by_book"]
    if theirs is None:
        return [f"unpriced: {reason}" for reason in helped]
    assert AS_ASKED not in helped or ours["source"] in ("estimate", "provider_billed")
    return [f"equal, but {reason}" for reason in helped] or ["equal"]


@pytest.fixture(scope="module")
def recordings():
    if not (FIXTURES / "index.json").exists():
        assert "CI" not in os.environ, f"no recordings at {FIXTURES}: set WAYLEAVE_FIXTURES"
        pytest.skip(f"no recordings at {FIXTURES}: set WAYLEAVE_FIXTURES")
    return list(answers())


@pytest.fixture(scope="module")
def costs():
    return exact((PROJECT / "core/tests/corpus/costs.json").read_text())


def test_the_book_is_of_this_package():
    book = exact((PROJECT / "core/data/prices.json").read_text())
    pinned = "requirements.txt in tests/python and in tools/prices pin one version of genai-prices; then `make prices`"
    assert book["source_version"] == version("genai-prices"), pinned


def test_every_answer_costs_what_the_package_charges(recordings, costs, capsys):
    at = datetime.fromisoformat(costs["at"])
    ids = {answer.id for answer in recordings}
    if ids.isdisjoint(costs["exchanges"]):
        pytest.skip("costs.json is of other recordings: UPDATE_COSTS=1 cargo test -p wayleave-core --test corpus costs")
    assert ids == costs["exchanges"].keys()
    counts, wrong = Counter(), []
    for answer in recordings:
        ours = costs["exchanges"][answer.id]
        if ours["source"] is None:
            verdicts = ["tells no usage"]
            told = any(isinstance(count, int) and count for count in answer.usage.values())
            wrong += [f"{answer.id}: we read no usage"] if told else []
        else:
            try:
                verdicts = judge(answer, ours, at)
            except (AssertionError, AttributeError, ValueError) as error:
                wrong.append(f"{answer.id}: {error}: {ours}: {dict(answer.usage)}")
                continue
        counts.update((answer.provider, verdict) for verdict in verdicts)
        if ours["source"] == "provider_billed":
            same = ours["ticks"] == ours["by_book"]
            counts[answer.provider, "as billed, " + ("and by the book" if same else "not by the book")] += 1
    with capsys.disabled():
        print(f"\n{len(recordings)} recorded answers")
        for (provider, verdict), count in sorted(counts.items()):
            print(f"{count:4} {provider:12} {verdict}")
    assert not wrong, "\n".join(wrong)
    needed = {verdict.removeprefix("equal, but ") for _, verdict in counts}
    assert {mend.__doc__ for mend in MENDS} <= needed, "an exception that no answer needs"
