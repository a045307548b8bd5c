"""Errors are the client's own exceptions."""

import anthropic
import openai
import pytest
from google.genai import errors as google

QUESTION = [{"role": "user", "content": "Hello"}]
# What a provider may answer, the exception that each client raises, and its status.
STATUSES = [
    ("status=400", "BadRequestError", 400),
    ("error=context_length", "BadRequestError", 400),
    ("status=401", "AuthenticationError", 401),
    ("status=403", "PermissionDeniedError", 403),
    ("status=404", "NotFoundError", 404),
    ("status=422", "UnprocessableEntityError", 422),
    ("status=429", "RateLimitError", 429),
    ("status=500", "InternalServerError", 500),
    ("status=529", "InternalServerError", 529),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("behaviour", "name", "status"), STATUSES)
def test_chat(chat, failing, behaviour, name, status, stream):
    with pytest.raises(getattr(openai, name)) as raised:
        chat.chat.completions.create(model=failing(behaviour), messages=QUESTION, stream=stream)
    error = raised.value
    assert error.status_code == status
    assert error.body["message"] and error.body["type"], "OpenAI's form"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("behaviour", "name", "status"), STATUSES)
def test_messages(claude, failing, behaviour, name, status, stream):
    with pytest.raises(getattr(anthropic, name)) as raised:
        claude.messages.create(model=failing(behaviour), max_tokens=20, messages=QUESTION, stream=stream)
    error = raised.value
    assert error.status_code == status
    assert error.body["type"] == "error" and error.body["error"]["type"] and error.body["error"]["message"]


def test_context_length_has_its_code(chat):
    with pytest.raises(openai.BadRequestError) as raised:
        chat.chat.completions.create(model="fails-openai?error=context_length", messages=QUESTION)
    assert raised.value.code == "context_length_exceeded"


def test_retry_after_arrives(chat, claude, failing):
    with pytest.raises(openai.RateLimitError) as raised:
        chat.chat.completions.create(model=failing("status=429&retry-after=2"), messages=QUESTION)
    assert raised.value.response.headers["retry-after"] == "2"
    with pytest.raises(anthropic.RateLimitError) as raised:
        claude.messages.create(model=failing("status=429&retry-after=2"), max_tokens=20, messages=QUESTION)
    assert raised.value.response.headers["retry-after"] == "2"


def test_unknown_model(chat, claude):
    with pytest.raises(openai.NotFoundError) as raised:
        chat.chat.completions.create(model="nobody", messages=QUESTION)
    assert raised.value.code == "model_not_found" and raised.value.param == "model"
    assert '"nobody"' in raised.value.message and "/v1/models" in raised.value.message
    with pytest.raises(anthropic.NotFoundError) as raised:
        claude.messages.create(model="nobody", max_tokens=20, messages=QUESTION)
    assert raised.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(openai.NotFoundError):
        chat.embeddings.create(model="nobody", input="x")


def test_requests_that_are_none(chat, claude):
    with pytest.raises(openai.BadRequestError):
        chat.chat.completions.create(model="", messages=QUESTION)
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model="", max_tokens=20, messages=QUESTION)
    with pytest.raises(openai.BadRequestError):
        chat.chat.completions.create(model="claude-sim", messages="Hello")
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model="gpt-sim", max_tokens=20, messages="Hello")
    with pytest.raises(openai.NotFoundError):
        chat.files.list()


# A stream that breaks after its beginning: it must not look as if it were whole.
BREAKS = ["fault=cut", "fault=error-mid", "fault=no-done"]


@pytest.mark.parametrize("fault", BREAKS)
def test_chat_stream_that_breaks(chat, failing, fault):
    pieces, ends = [], []
    with pytest.raises(openai.APIError):
        for chunk in chat.chat.completions.create(
            model=failing(f"tokens=50&{fault}"), messages=QUESTION, stream=True
        ):
            pieces += [choice.delta.content or "" for choice in chunk.choices]
            ends += [choice.finish_reason for choice in chunk.choices]
    assert "".join(pieces).startswith("Answer from"), "what came before the break arrived"
    assert not any(ends)


@pytest.mark.parametrize("fault", BREAKS)
def test_messages_stream_that_breaks(claude, failing, fault):
    texts = []
    with (
        pytest.raises(anthropic.APIError),
        claude.messages.stream(
            model=failing(f"tokens=50&{fault}"), max_tokens=100, messages=QUESTION
        ) as stream,
    ):
        for event in stream:
            assert event.type != "message_stop"
            texts.append(event.text if event.type == "text" else "")
    assert "".join(texts).startswith("Answer from"), "what came before the break arrived"


NEVER_BEGAN = [
    *((fault, stream) for fault in ["error-frame", "garbage", "reset"] for stream in [False, True]),
    ("cut", False),
    ("no-done", False),
]


@pytest.mark.parametrize(("fault", "stream"), NEVER_BEGAN)
def test_answers_that_never_began(chat, claude, failing, fault, stream):
    """Nothing has reached the client: it gets an error status, although the provider said 200."""
    ask = {"model": failing(f"fault={fault}"), "messages": QUESTION, "stream": stream}
    with pytest.raises(openai.InternalServerError):
        chat.chat.completions.create(**ask)
    with pytest.raises(anthropic.InternalServerError):
        claude.messages.create(**ask, max_tokens=20)


# In the other formats an end without content is well-formed, and passes when nobody else is left to ask.
@pytest.mark.parametrize("upstream", ["openai", "anthropic", "azure"])
def test_an_end_without_an_answer(chat, claude, gemini, path_failing, failing):
    ask = {"model": failing("fault=empty-done"), "messages": QUESTION, "stream": True}
    with pytest.raises(openai.InternalServerError):
        chat.chat.completions.create(**ask)
    with pytest.raises(anthropic.InternalServerError):
        claude.messages.create(**ask, max_tokens=20)
    with pytest.raises(google.ServerError):
        list(gemini.models.generate_content_stream(model=path_failing("fault=empty-done"), contents="Hello"))
