"""OpenAI's older completions: a prompt instead of turns."""

import openai
import pytest
from test_errors import STATUSES

PROMPT = "Why is the sky blue?"


def test_text(legacy, model):
    answer = legacy.create(model=model("tokens=6"), prompt=PROMPT)
    assert answer.object == "text_completion" and answer.id.startswith("cmpl-")
    (choice,) = answer.choices
    assert choice.text.startswith("Answer from") and choice.finish_reason == "stop"


def test_the_prompt_is_asked(legacy, model):
    assert legacy.create(model=model("echo"), prompt="Grüße, 日本 🌍?").choices[0].text == "Grüße, 日本 🌍?"


def test_streamed(legacy, model):
    whole = legacy.create(model=model("tokens=40"), prompt=PROMPT, max_tokens=100)
    chunks = list(legacy.create(model=model("tokens=40"), prompt=PROMPT, max_tokens=100, stream=True))
    pieces = [chunk.choices[0].text for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].text
    assert len([piece for piece in pieces if piece]) > 5, "it came in pieces"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert all(chunk.usage is None for chunk in chunks), "nobody asked for it"


def test_length(legacy, model):
    ask = {"model": model("tokens=50"), "prompt": PROMPT, "max_tokens": 5}
    assert legacy.create(**ask).choices[0].finish_reason == "length"
    ends = [chunk.choices[0].finish_reason for chunk in legacy.create(**ask, stream=True) if chunk.choices]
    assert ends[-1] == "length" and not any(ends[:-1])


def test_usage(legacy, model):
    ask = {"model": model("tokens=7"), "prompt": PROMPT}
    usage = legacy.create(**ask).usage
    assert usage.completion_tokens == 7
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    *_, last = legacy.create(**ask, stream=True, stream_options={"include_usage": True})
    assert last.choices == []
    assert last.usage.total_tokens == usage.total_tokens > last.usage.completion_tokens == 7


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("behaviour", "name", "status"), STATUSES)
def test_errors(legacy, failing, behaviour, name, status, stream):
    with pytest.raises(getattr(openai, name)) as raised:
        legacy.create(model=failing(behaviour), prompt=PROMPT, stream=stream)
    assert raised.value.status_code == status and raised.value.body["message"]


def test_unknown_model(legacy):
    with pytest.raises(openai.NotFoundError) as raised:
        legacy.create(model="nobody", prompt=PROMPT)
    assert raised.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        legacy.create(model="", prompt=PROMPT)


@pytest.fixture
def legacy(chat):
    return chat.completions
