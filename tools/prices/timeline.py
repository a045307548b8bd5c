"""Dated, timed and tiered prices of one model, flattened into the periods that `core/data/prices.json` holds.

The package keeps conditions and variants that are evaluated at each call. Their values only change at known dates and
times of day, so evaluating them once between any two changes gives the whole truth.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

# Price keys of the package -> ours. Tokens are priced per million, searches and requests per thousand.
KINDS = {
    "input_mtok": "in",
    "cache_read_mtok": "read",
    "cache_write_mtok": "write",
    "cache_write_1h_mtok": "write_1h",
    "output_mtok": "out",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_in",
    "output_audio_mtok": "audio_out",
    "web_searches_kcount": "search",
    "requests_kcount": "request",
}

# Our service tiers -> the request context under which the package prices them.
TIERS = {
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "batch": {"processing": "batch"},
}

# Contexts that say the same as another one; None is the list price. Checked for each model.
SYNONYMS = {"default": None, "fast": TIERS["priority"]}

TICK = Decimal("1e-10")


class Rounding:
    """Counts the prices that are no whole number of ticks per million."""

    count = 0


def periods(model: ModelInfo, free: bool) -> list[dict]:
    """What each tier costs, by date and time of day. The last period that has begun is in force."""
    found: list[dict] = []
    for start in [None, *change_dates(model)]:
        day = start or min(change_dates(model), default=date(2026, 1, 1)) - timedelta(days=1)
        period = day_card(model, day, free)
        if not found or period != {key: value for key, value in found[-1].items() if key != "from"}:
            found.append(({"from": start.isoformat()} if start else {}) | period)
    return found


def day_card(model: ModelInfo, day: date, free: bool) -> dict:
    """The prices of a day: those at midnight, and the hours in which others hold."""
    times = change_times(model)
    base = card(model, datetime.combine(day, time(0), UTC), free)
    hours: list[dict] = []
    for index, start in enumerate(times):
        other = card(model, datetime.combine(day, start, UTC), free)
        if other != base:
            end = times[index + 1].strftime("%H:%M") if index + 1 < len(times) else "24:00"
            hours.append({"utc": [start.strftime("%H:%M"), end]} | other)
    return base | ({"hours": hours} if hours else {})


def card(model: ModelInfo, at: datetime, free: bool) -> dict:
    """The list prices of a moment, and for each tier that has prices of its own what differs."""
    listed = kinds(model.get_prices(at))
    if free and not listed:
        listed = {"in": "0", "out": "0"}
    tiers = {"standard": listed}
    for tier, context in TIERS.items():
        if any(v.when == context and (not v.constraint or v.constraint.active(at)) for v in model.price_variants or ()):
            own = kinds(model.get_prices(at, context))
            tiers[tier] = {kind: price for kind, price in own.items() if price != listed.get(kind)}
    return tiers


def kinds(prices: ModelPrice) -> dict:
    given = prices.__dict__
    return {ours: amount(given[theirs]) for theirs, ours in KINDS.items() if given.get(theirs) is not None}


def amount(price: Decimal | TieredPrices) -> str | list:
    """A decimal text of dollars, or such a text followed by `[start, text]` for each higher band of input."""
    if isinstance(price, TieredPrices):
        return [decimal(price.base), *([band.start, decimal(band.price)] for band in price.tiers)]
    return decimal(price)


def decimal(price: Decimal) -> str:
    rounded = price.quantize(TICK, ROUND_HALF_UP)
    Rounding.count += rounded != price
    text = format(rounded, "f")
    return text.rstrip("0").rstrip(".")


def constraints(model: ModelInfo) -> Iterator:
    if not isinstance(model.prices, ModelPrice):
        yield from (price.constraint for price in model.prices if price.constraint)
    yield from (variant.constraint for variant in model.price_variants or () if variant.constraint)


def change_dates(model: ModelInfo) -> list[date]:
    return sorted({c.start_date for c in constraints(model) if isinstance(c, StartDateConstraint)})


def change_times(model: ModelInfo) -> list[time]:
    """The times of day, UTC, at which a price may change; whole minutes."""
    found = {t for c in constraints(model) if isinstance(c, TimeOfDateConstraint) for t in (c.start_time, c.end_time)}
    utc = {datetime.combine(date(2026, 1, 1), t, t.tzinfo or UTC).astimezone(UTC).time() for t in found}
    if any(t.second or t.microsecond for t in utc):
        raise SystemExit(f"{model.id}: a price changes within a minute: teach tools/prices/timeline.py about it")
    return sorted(utc)


def unsupported(model: ModelInfo) -> list[str]:
    """What the package knows of this model's price and our format cannot say."""
    listed = [model.prices] if isinstance(model.prices, ModelPrice) else [p.prices for p in model.prices]
    variants = model.price_variants or []
    found = {
        key
        for prices in [*listed, *(variant.prices for variant in variants)]
        for key, price in prices.__dict__.items()
        if price is not None and key not in KINDS
    }
    for variant in variants:
        if variant.when not in TIERS.values() and not is_synonym(model, variant.when):
            found.add("when " + ",".join(f"{key}={value}" for key, value in sorted(variant.when.items())))
    return sorted(found)


def is_synonym(model: ModelInfo, when: dict[str, str]) -> bool:
    """Whether `when` prices this model as the context that it stands for, on each date."""
    tier = when.get("service_tier")
    if len(when) != 1 or tier not in SYNONYMS:
        return False
    days = [date(2000, 1, 1), *change_dates(model)]
    moments = [datetime.combine(day, time(0), UTC) for day in days]
    return all(kinds(model.get_prices(m, when)) == kinds(model.get_prices(m, SYNONYMS[tier])) for m in moments)
