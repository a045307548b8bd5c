"""Usage and cost, as the client sees them."""

from decimal import Decimal

import pytest

QUESTION = [{"role": "user", "content": "How much is it?"}]


def test_chat_counts_what_came_from_the_cache(chat, model):
    usage = chat.chat.completions.create(model=model("cached=100&tokens=7"), messages=QUESTION).usage
    assert usage.prompt_tokens_details.cached_tokens == 100
    assert usage.prompt_tokens > 100, "OpenAI's prompt includes it"
    assert usage.completion_tokens == 7
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_messages_counts_what_came_from_the_cache(claude, model):
    ask = {"model": model("cached=100&tokens=7"), "max_tokens": 50, "messages": QUESTION}
    usage = claude.messages.create(**ask).usage
    assert usage.cache_read_input_tokens == 100
    assert 0 < usage.input_tokens < 100, "Anthropic's input excludes it"
    assert usage.output_tokens == 7
    with claude.messages.stream(**ask) as stream:
        streamed = stream.get_final_message().usage
    counts = ("input_tokens", "cache_read_input_tokens", "output_tokens")
    assert [getattr(streamed, name) for name in counts] == [getattr(usage, name) for name in counts]


def test_reasoning_is_part_of_the_output(chat, model):
    usage = chat.chat.completions.create(model=model("reasoning=9&tokens=5"), messages=QUESTION).usage
    assert usage.completion_tokens >= 14


def test_usage_of_a_stream_on_request(chat, model):
    ask = {"model": model("cached=100&tokens=7"), "messages": QUESTION, "stream": True}
    chunks = list(chat.chat.completions.create(**ask, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens_details.cached_tokens == 100
    assert chunks[-1].usage.completion_tokens == 7
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_no_usage_unasked(chat, model, ledger):
    ask = {"model": model("tokens=7"), "messages": QUESTION, "stream": True}
    with chat.chat.completions.with_streaming_response.create(**ask) as response:
        call = response.headers["x-wayleave-call-id"]
        chunks = list(response.parse())
    assert all(chunk.usage is None for chunk in chunks)
    # Azure says something of the prompt first, in a chunk without choices.
    assert all(chunk.choices for chunk in chunks[1:])
    attempt, record = ledger(call)
    assert attempt["usage"]["output"] == 7 and not attempt["estimated"], "it is counted all the same"
    assert record["kind"] == "call" and record["cost_ticks"] == attempt["cost_ticks"] > 0


@pytest.mark.parametrize("streamed", [False, True])
def test_chat_tells_the_cost(chat, model, ledger, streamed):
    ask = {"model": model("cached=100&tokens=7"), "messages": QUESTION}
    if streamed:
        ask |= {"stream": True, "stream_options": {"include_usage": True}}
    raw = chat.chat.completions.with_raw_response.create(**ask)
    parsed = raw.parse()
    usage = list(parsed)[-1].usage if streamed else parsed.usage
    # One dollar for a million tokens of input, two for output.
    expected = (Decimal(usage.prompt_tokens) + 2 * Decimal(usage.completion_tokens)) / 10**6
    if streamed:
        assert Decimal(str(usage.cost)) == expected
    else:
        assert Decimal(raw.headers["x-wayleave-cost-usd"]) == expected
    attempt, record = ledger(raw.headers["x-wayleave-call-id"])
    assert Decimal(record["cost_usd"]) == expected and attempt["cost_source"] == "table"


def test_messages_tells_the_cost(claude, model):
    ask = {"model": model("cached=100&tokens=7"), "max_tokens": 50, "messages": QUESTION}
    with claude.messages.stream(**ask) as stream:
        usage = stream.get_final_message().usage
    deltas = [event for event in claude.messages.create(**ask, stream=True) if event.type == "message_delta"]
    expected = (Decimal(usage.input_tokens + 100) + 2 * Decimal(usage.output_tokens)) / 10**6
    assert [Decimal(str(event.usage.cost)) for event in deltas] == [expected]


def test_messages_counts_before_it_asks(claude, model):
    turns = [{"role": "user", "content": "word " * 200}]
    short = claude.messages.count_tokens(model=model(), messages=QUESTION).input_tokens
    assert 0 < short < claude.messages.count_tokens(model=model(), messages=turns).input_tokens
