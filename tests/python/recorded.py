"""Recorded answers of real providers, and what they say of their cost. By rules of its own: what the gateway reads of
the same answers is held against it.

The recordings are not part of the project: WAYLEAVE_FIXTURES names their folder.
"""

import json
import os
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from urllib.parse import unquote

PROJECT = Path(__file__).parents[2]
FIXTURES = Path(os.environ.get("WAYLEAVE_FIXTURES", PROJECT.parent / "shared/fixtures"))
TICK = Decimal("1e-10")

# What the gateway serves of the recorded endpoints.
ENDPOINTS = [
    "chat.completions",
    "completions",
    "responses",
    "embeddings",
    "messages",
    "generateContent",
    "streamGenerateContent",
    "converse",
    "converse-stream",
]


def ticks(usd):
    return int((Decimal(usd) / TICK).quantize(Decimal(1), ROUND_HALF_UP))


def exact(text):
    """No amount passes through a float."""
    return json.loads(text, parse_float=Decimal)


class Answer:
    """A whole answer of a provider. A streamed one is put together, as far as its model and its usage go."""

    def __init__(self, exchange):
        self.id = exchange["id"]
        self.provider = exchange["provider"]
        self.endpoint = exchange["endpoint"]
        self.asked = asked(exchange["request"])
        self.documents = list(documents(exchange["response"]))
        self.body = self.documents[0] if len(self.documents) == 1 else put_together(self.documents)

    @property
    def usage(self):
        return self.body.get("usage") or self.body.get("usageMetadata") or {}

    def billed(self):
        """What the provider says that it charged, in ticks."""
        usage = self.usage
        if usage.get("cost_in_usd_ticks"):
            return usage["cost_in_usd_ticks"]
        cost = usage.get("cost")
        if isinstance(cost, dict):
            cost = cost["total_cost"]
        if cost is not None and usage.get("is_byok"):
            upstream = (usage.get("cost_details") or {}).get("upstream_inference_cost")
            cost = None if upstream is None else cost + upstream
        return None if cost is None else ticks(cost)

    def context(self):
        """The tier that served, in the words of the package with the prices."""
        told = [self.body.get("service_tier"), self.body.get("serviceTier")]
        told += [self.usage.get("service_tier"), self.usage.get("serviceTier")]
        told = {str(tier["type"] if isinstance(tier, dict) else tier).lower() for tier in told}
        told.add(str(self.usage.get("trafficType")).lower().removeprefix("on_demand_"))
        if "batch" in told:
            return {"processing": "batch"}
        return next(({"service_tier": tier} for tier in ("flex", "priority") if tier in told), None)

    def searches(self):
        """Searches of the web that are billed: as often as called, or since Gemini 3 for each query."""
        outputs = [document.get("response", document).get("output") for document in self.documents[-1:]]
        items = [item for output in outputs for item in output or []]
        calls = [item.get("action") or {} for item in items if item["type"] == "web_search_call"]
        candidates = [one for document in self.documents for one in document.get("candidates") or []]
        queries = [(one.get("groundingMetadata") or {}).get("webSearchQueries") or [] for one in candidates]
        queries = max(map(len, queries), default=0)
        if str(self.body.get("modelVersion")).startswith(("gemini-1", "gemini-2")):
            queries = min(queries, 1)
        return queries + sum(action.get("type", "search") == "search" for action in calls)


def asked(request):
    """The model that a request names, in its body or its path."""
    if isinstance(request["body"], dict) and "model" in request["body"]:
        return request["body"]["model"]
    path = request["path"].partition("?")[0]
    for before, end in (("/models/", ":"), ("/model/", "/"), ("/deployments/", "/")):
        if before in path:
            return unquote(path.partition(before)[2].partition(end)[0])
    return ""


def documents(response):
    if events := response.get("events"):
        return (event["payload"] for event in events)
    if lines := response.get("sse"):
        data = (line.removeprefix("data:").strip() for line in lines if line.startswith("data:"))
        return (exact(text) for text in data if text.startswith("{"))
    body = response.get("body")
    return body if isinstance(body, list) else [body]


def put_together(documents):
    """Later figures replace earlier ones."""
    whole = {}
    for document in documents:
        # In the events themselves, or in a corner of the first, of the last, or (Groq) of any.
        places = [document, *(document.get(name) for name in ("message", "response", "x_groq"))]
        for place in places:
            if not isinstance(place, dict):
                continue
            for name in ("model", "modelVersion", "service_tier", "serviceTier"):
                if place.get(name):
                    whole[name] = place[name]
            for name in ("usage", "usageMetadata"):
                if place.get(name):
                    whole[name] = whole.get(name, {}) | place[name]
    return whole


def answers():
    """All that the gateway could have carried."""
    for entry in exact((FIXTURES / "index.json").read_text()):
        if entry["status"] == 200 and entry["endpoint"] in ENDPOINTS:
            exchange = exact((FIXTURES / entry["file"]).read_text())
            # A report of usage is recorded under the endpoint that it reports about.
            if exchange["request"]["method"] == "POST":
                yield Answer(exchange)
