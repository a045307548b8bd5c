"""Writes the price book `core/data/prices.json` from the package genai-prices.

    python tools/prices/generate.py --date 2026-11-23

Run it with the packages of requirements.txt. The same package and date give the same bytes. The file has one model per
line, so that a renewal reads well as a diff. What the format cannot say is counted on stderr and named in the model's
line. The form of the file is described in core/src/price/file.rs, which reads it.
"""

import argparse
import json
import sys
from collections import Counter
from datetime import date
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import clauses
import timeline
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider

FORMAT = 1
PACKAGE = "genai-prices"
OUTPUT = Path(__file__).parents[2] / "core/data/prices.json"

# The vendors that a ProviderKey can name, those that resell their models, and those whose prices they fall back to.
VENDORS = [
    "anthropic",
    "aws",
    "azure",
    "cerebras",
    "cohere",
    "deepinfra",
    "deepseek",
    "fireworks",
    "google",
    "groq",
    "mistral",
    "moonshotai",
    "openai",
    "openrouter",
    "perplexity",
    "together",
    "x-ai",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="day of generation, written to the file")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()

    known = {provider.id: provider for provider in providers}
    vendors = {vendor: vendor_rows(known[vendor]) for vendor in VENDORS if vendor in known}
    arguments.output.write_text(render(header(arguments.date), vendors), encoding="utf-8")
    report(vendors, [vendor for vendor in VENDORS if vendor not in known], arguments.output)


def header(day: date) -> dict:
    package = distribution(PACKAGE)
    licence_text = package.read_text("licenses/LICENSE")
    if not licence_text:
        raise SystemExit(f"{PACKAGE} carries no licence text: look where it went before you pass its data on")
    return {
        "format": FORMAT,
        "source": PACKAGE,
        "source_version": package.version,
        "date": day.isoformat(),
        "licence": package.metadata["License-Expression"],
        "licence_text": licence_text,
    }


def vendor_rows(provider: Provider) -> dict:
    """The vendor's models in the package's order, in which the first that matches wins."""
    split = {model.id: clauses.split_equals(model.match) for model in provider.models}
    owners = {name: owner(provider, name) for names, _ in split.values() for name in names}
    rows = []
    for model in provider.models:
        row = {"id": model.id, "names": sorted(name for name, by in owners.items() if by == model.id)}
        row["match"] = split[model.id][1]
        row["context"] = model.context_window
        row["prices"] = timeline.periods(model, is_free(model))
        row["unsupported"] = timeline.unsupported(model)
        rows.append({key: value for key, value in row.items() if value})
    vendor = {"fallback": provider.fallback_model_providers} if provider.fallback_model_providers else {}
    missing = set(vendor.get("fallback", [])) - set(VENDORS)
    if missing:
        raise SystemExit(f"{provider.id} falls back to {sorted(missing)}: add them to VENDORS")
    return vendor | {"models": rows}


def owner(provider: Provider, name: str) -> str:
    """The id of the first model that matches a listed name, which need not be the one that lists it."""
    return next(model.id for model in provider.models if model.is_match(name))


def is_free(model: ModelInfo) -> bool:
    """Whether an empty price means "free": the package leaves out what costs nothing, and also what it does not know."""
    return (
        model.id.endswith(":free")
        or "(free)" in (model.name or "").lower()
        or (model.price_comments or "").startswith("Free of charge")
    )


def render(head: dict, vendors: dict) -> str:
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    lines = ["{"]
    lines += [f'"{key}":{json.dumps(value, **compact)},' for key, value in head.items()]
    lines.append('"vendors":{')
    for index, (name, vendor) in enumerate(sorted(vendors.items())):
        fallback = f'"fallback":{json.dumps(vendor["fallback"], **compact)},' if "fallback" in vendor else ""
        lines.append(f'"{name}":{{{fallback}"models":[')
        rows = [json.dumps(row, **compact) for row in vendor["models"]]
        lines += [row + "," for row in rows[:-1]] + rows[-1:]
        lines.append("]}" + ("," if index + 1 < len(vendors) else ""))
    return "\n".join([*lines, "}}", ""])


def report(vendors: dict, absent: list[str], output: Path) -> None:
    rows = [row for vendor in vendors.values() for row in vendor["models"]]
    unpriced = sum(not any(any(period["standard"]) for period in row["prices"]) for row in rows)
    say = partial(print, file=sys.stderr)
    say(f"{output}: {len(rows)} models of {len(vendors)} vendors, {unpriced} of them without a price")
    say(f"not in the data: {', '.join(absent) or 'none'}; rounded to 1e-10 USD: {timeline.Rounding.count} prices")
    counts = Counter(kind for row in rows for kind in row.get("unsupported", ()))
    for kind, count in sorted(counts.items()):
        say(f"unsupported: {kind}: {count} models")


if __name__ == "__main__":
    main()
