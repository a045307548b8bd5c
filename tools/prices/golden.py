"""Writes core/src/price/testdata/golden.json: what genai-prices itself finds and charges, for a Rust test to compare.

    python tools/prices/golden.py

Random but reproducible: names of all vendors (listed, varied, dated, unknown) with the model that the package finds;
and usages with what it charges. Left out are usages with tokens that the model has no price for: the package says 0
there, and we say that we do not know.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import clauses
import timeline
from generate import VENDORS
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider, Usage

OUTPUT = Path(__file__).parents[2] / "core/src/price/testdata/golden.json"
CALLS = 500
NAMES_PER_VENDOR = 40
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 720
CONTEXTS = {"standard": None} | timeline.TIERS
ENDINGS = ["-20251211", "-2025-12-11", "-preview", ":free", "-tts", "-tts-1", "-001", "x", "@20260901", "-20251311"]


def main() -> None:
    dice = random.Random(20261123)
    known = {provider.id: provider for provider in providers if provider.id in VENDORS}
    names = [entry for provider in known.values() for entry in name_cases(dice, provider)]
    calls: list[dict] = []
    while len(calls) < CALLS:
        provider = known[dice.choice(sorted(known))]
        model = dice.choice(provider.models)
        if call := call_case(dice, provider, model, dice.choice(sorted(CONTEXTS))):
            calls.append(call)
    lines = ["{", '"names":[', *joined(names), "],", '"calls":[', *joined(calls), "]}", ""]
    OUTPUT.write_text("\n".join(lines), encoding="utf-8")
    print(f"{OUTPUT}: {len(names)} names, {len(calls)} calls")


def joined(rows: list) -> list[str]:
    texts = [json.dumps(row, separators=(",", ":")) for row in rows]
    return [text + "," for text in texts[:-1]] + texts[-1:]


def name_cases(dice: random.Random, provider: Provider) -> list[list]:
    """`[vendor, name, id or null]`."""
    cases = []
    for _ in range(NAMES_PER_VENDOR):
        model = dice.choice(dice.choice([provider, *sellers(provider)]).models)
        name = dice.choice([model.id, *clauses.split_equals(model.match)[0]])
        name = dice.choice([name, name, name.upper(), name + dice.choice(ENDINGS), name[:-1]])
        found = provider.find_model(name, all_providers=providers)
        cases.append([provider.id, name, found.id if found else None])
    return cases


def sellers(provider: Provider) -> list[Provider]:
    fallback = provider.fallback_model_providers or []
    return [other for other in providers if other.id in fallback]


def call_case(dice: random.Random, provider: Provider, model: ModelInfo, tier: str) -> dict | None:
    if provider.find_model(model.id, all_providers=providers) is not model:
        return None
    at = FIRST + timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(24 * 60))
    prices = timeline.kinds(model.get_prices(at, CONTEXTS[tier]))
    usage = random_usage(dice, prices)
    if not {"in", "out"} & prices.keys():
        return None
    charged = model.calc_price(
        their_usage(usage), provider, genai_request_timestamp=at, price_context=CONTEXTS[tier]
    ).total_price
    ticks = int((charged / timeline.TICK).quantize(Decimal(1), ROUND_HALF_UP))
    return {
        "vendor": provider.id,
        "model": model.id,
        "tier": tier,
        "at": at.isoformat().replace("+00:00", "Z"),
        "usage": {key: count for key, count in usage.items() if count},
        "ticks": ticks,
    }


def random_usage(dice: random.Random, prices: dict) -> dict:
    """Counts of ours, of kinds that have a price or a stand-in. Some lie at and beside the thresholds of total input."""
    usage = {kind: count(dice) for kind in ("input", "cache_read", "cache_write_5m", "cache_write_1h")}
    threshold = dice.choice([100_000, 128_000, 199_999, 200_000, 272_000])
    if dice.random() < 0.3 and sum(usage.values()) < threshold:
        usage["input"] += threshold - sum(usage.values()) + dice.randrange(2)
    if "in" not in prices:
        usage = dict.fromkeys(usage, 0)
    usage["output"] = count(dice) if "out" in prices else 0
    usage["reasoning"] = dice.choice([0, dice.randrange(usage["output"] + 1)])
    usage["output_audio"] = dice.choice([0, dice.randrange(usage["output"] - usage["reasoning"] + 1)])
    usage["input_audio"] = dice.choice([0, dice.randrange(usage["input"] + 1)])
    usage["web_searches"] = dice.choice([0, dice.randrange(5)])
    return usage


def count(dice: random.Random) -> int:
    return dice.choice([0, 0, dice.randrange(2000), dice.randrange(400_000)])


def their_usage(usage: dict) -> Usage:
    """The same in the package's convention, where a total holds its parts."""
    writes = usage["cache_write_5m"] + usage["cache_write_1h"]
    none = dict.fromkeys((
        "cache_audio_read_tokens", "input_image_tokens", "cache_image_read_tokens", "output_image_tokens",
        "input_video_tokens", "output_video_tokens", "output_citation_tokens", "output_audio_reasoning_tokens",
    ), 0)  # fmt: skip
    return Usage(
        input_tokens=usage["input"] + usage["cache_read"] + writes,
        cache_read_tokens=usage["cache_read"],
        cache_write_tokens=writes,
        cache_write_1h_tokens=usage["cache_write_1h"],
        input_audio_tokens=usage["input_audio"],
        output_tokens=usage["output"],
        output_reasoning_tokens=usage["reasoning"],
        output_audio_tokens=usage["output_audio"],
        web_searches=usage["web_searches"],
        **none,
    )


if __name__ == "__main__":
    main()
