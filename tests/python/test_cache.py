"""Kept answers, read by every client in every way that it has: what one was told another gets again."""

import itertools
from types import SimpleNamespace

import pytest
from conftest import in_path
from google.genai import types

TOKENS = 100
NUMBERS = itertools.count()


@pytest.fixture
def question():
    """One that nobody has asked before."""
    return f"Why is the sky blue? ({next(NUMBERS)})"


@pytest.fixture
def clients(chat, claude, gemini):
    return SimpleNamespace(chat=chat, claude=claude, gemini=gemini)


def turns(question):
    return [{"role": "user", "content": question}]


def asked(model, question):
    """In the words of OpenAI's chat and of Anthropic."""
    return {"model": model, "max_tokens": TOKENS, "messages": turns(question)}


def chat_whole(clients, model, question):
    return clients.chat.chat.completions.create(**asked(model, question)).choices[0].message.content


def chat_streamed(clients, model, question, **more):
    chunks = clients.chat.chat.completions.create(**asked(model, question), stream=True, **more)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def chat_streamed_with_usage(clients, model, question):
    return chat_streamed(clients, model, question, stream_options={"include_usage": True})


def chat_helper(clients, model, question):
    with clients.chat.chat.completions.stream(**asked(model, question)) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion().choices[0].message.content
    assert "".join(deltas) == final
    return final


def responses_whole(clients, model, question):
    return clients.chat.responses.create(model=model, max_output_tokens=TOKENS, input=question).output_text


def responses_streamed(clients, model, question):
    ask = {"model": model, "max_output_tokens": TOKENS, "input": turns(question)}
    events = clients.chat.responses.create(**ask, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def responses_helper(clients, model, question):
    with clients.chat.responses.stream(model=model, max_output_tokens=TOKENS, input=question) as stream:
        for _ in stream:
            pass
        return stream.get_final_response().output_text


def messages_whole(clients, model, question):
    return text_in(clients.claude.messages.create(**asked(model, question)).content)


def messages_streamed(clients, model, question):
    events = clients.claude.messages.create(**asked(model, question), stream=True)
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    return "".join(delta.text for delta in deltas if delta.type == "text_delta")


def messages_helper(clients, model, question):
    with clients.claude.messages.stream(**asked(model, question)) as stream:
        text = "".join(stream.text_stream)
        assert text_in(stream.get_final_message().content) == text
    return text


def generated_whole(clients, model, question):
    config = types.GenerateContentConfig(max_output_tokens=TOKENS)
    return clients.gemini.models.generate_content(model=in_path(model), contents=question, config=config).text


def generated_streamed(clients, model, question):
    config = types.GenerateContentConfig(max_output_tokens=TOKENS)
    pieces = clients.gemini.models.generate_content_stream(
        model=in_path(model), contents=question, config=config
    )
    return "".join(piece.text or "" for piece in pieces)


def text_in(content):
    return "".join(block.text for block in content if block.type == "text")


READERS = [
    chat_whole,
    chat_streamed,
    chat_streamed_with_usage,
    chat_helper,
    responses_whole,
    responses_streamed,
    responses_helper,
    messages_whole,
    messages_streamed,
    messages_helper,
    generated_whole,
    generated_streamed,
]


@pytest.mark.parametrize("first", READERS, ids=lambda reader: reader.__name__)
def test_everybody_reads_what_one_was_told(clients, wire, cached, question, first):
    model = cached("tokens=20")
    told = first(clients, model, question)
    assert told and wire.headers["x-wayleave-cache"] == "miss"
    for reader in READERS:
        checked = wire.checked
        assert reader(clients, model, question) == told, reader.__name__
        assert wire.headers["x-wayleave-cache"] == "hit", reader.__name__
        assert wire.headers["x-wayleave-cost-usd"] == "0"
        assert float(wire.headers["x-wayleave-saved-usd"]) > 0 and int(wire.headers["age"]) >= 0
        assert wire.checked > checked, "the client's own types have been asked"


def test_reasoning_is_kept_with_its_text(clients, wire, cached, question):
    model = cached("tokens=20&reasoning=10")
    first = messages_whole(clients, model, question)
    assert messages_helper(clients, model, question) == first
    assert wire.headers["x-wayleave-cache"] == "hit"
    assert responses_helper(clients, model, question) == first
    assert wire.headers["x-wayleave-cache"] == "hit"


def test_usage_is_that_of_the_first(chat, wire, cached, question):
    ask = asked(cached("tokens=20"), question)
    first = chat.chat.completions.create(**ask)
    second = chat.chat.completions.create(**ask)
    *_, last = chat.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
    assert wire.headers["x-wayleave-cache"] == "hit"
    for again in (second, last):
        assert again.usage.prompt_tokens == first.usage.prompt_tokens > 0
        assert again.usage.completion_tokens == first.usage.completion_tokens > 0
    assert second.choices == first.choices


def test_completions(chat, wire, cached, question):
    ask = {"model": cached("tokens=20"), "max_tokens": TOKENS, "prompt": question}
    told = chat.completions.create(**ask).choices[0].text
    assert wire.headers["x-wayleave-cache"] == "miss"
    pieces = list(chat.completions.create(**ask, stream=True))
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == told
    assert wire.headers["x-wayleave-cache"] == "hit"


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_embeddings(chat, wire, cached, question):
    first = chat.embeddings.create(model=cached(""), input=question)
    second = chat.embeddings.create(model=cached(""), input=question)
    assert wire.headers["x-wayleave-cache"] == "hit"
    assert second.data[0].embedding == first.data[0].embedding


def test_another_client_has_its_own(chat, wire, cached, question):
    ask = asked(cached("tokens=20"), question)
    for client, expected in [(chat, "miss"), (chat, "hit")]:
        client.chat.completions.create(**ask)
        assert wire.headers["x-wayleave-cache"] == expected
    other = chat.with_options(api_key="the key of another client")
    for expected in ["miss", "hit"]:
        other.chat.completions.create(**ask)
        assert wire.headers["x-wayleave-cache"] == expected


def test_tool_calls_are_not_kept(chat, wire, cached, question):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    for _ in range(2):
        answer = chat.chat.completions.create(**asked(cached("tools=1"), question), tools=[tool])
        assert answer.choices[0].message.tool_calls
        assert wire.headers["x-wayleave-cache"] == "miss"
