"""The check that every other test relies on: what it accepts, and what not."""

import json

import pytest
from wire import TYPES, body_complaint, event_complaint, events

EVENT = {
    "type": "response.output_text.delta",
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "Hi",
    "logprobs": [],
    "sequence_number": 3,
    "more": "is allowed",
}
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
}
PIECE = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
GENERATED = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}


def judge(path, document, name=None):
    kinds = next(row[1:] for row in TYPES if row[0] == path)
    return event_complaint(kinds, name, json.dumps(document))


CASES = [
    ("/responses", EVENT, EVENT["type"]),
    ("/chat/completions", CHUNK, None),
    ("/messages", PIECE, PIECE["type"]),
    (":streamGenerateContent", GENERATED, None),
]


@pytest.mark.parametrize(("path", "document", "name"), CASES)
def test_accepts(path, document, name):
    assert judge(path, document, name) is None


@pytest.mark.parametrize(
    ("path", "document", "name", "why"),
    [
        ("/responses", {**EVENT, "sequence_number": "3"}, EVENT["type"], "sequence_number: Input should be"),
        ("/responses", {**EVENT, "type": "response.new"}, "response.new", "is none of the client's"),
        ("/responses", EVENT, "response.output_text.done", "says that it is"),
        ("/responses", {key: EVENT[key] for key in EVENT if key != "item_id"}, EVENT["type"], "item_id: Field"),
        ("/chat/completions", {**CHUNK, "choices": [{"delta": {}}]}, None, "index: Field required"),
        ("/chat/completions", {"error": {"message": "no"}}, None, "error.type: Field required"),
        ("/messages", {**PIECE, "delta": {"type": "text_delta"}}, PIECE["type"], "text: Field required"),
        (":streamGenerateContent", {"candidates": [{"finishReason": "NEW"}]}, None, "does not know"),
        (":streamGenerateContent", {"candidates": [{"index": "0"}]}, None, "index: Input should be"),
    ],
)
def test_refuses(path, document, name, why):
    assert why in judge(path, document, name)


def test_embeddings_may_be_base64():
    kind = next(row[1] for row in TYPES if row[0] == "/embeddings")
    answer = {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": "AAAAPw=="}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    assert body_complaint(kind, json.dumps(answer)) is None


def test_events_are_cut_out_of_a_stream():
    stream = ': hello\n\nevent: ping\ndata: {"type":"ping"}\n\ndata: {"a":1}\r\n\r\ndata: cut o'
    assert list(events(stream)) == [("ping", '{"type":"ping"}'), (None, '{"a":1}')]


def test_everything_is_checked(chat, claude, gemini, wire):
    before = wire.checked
    chat.chat.completions.create(model="gpt-sim", messages=[{"role": "user", "content": "x"}])
    claude.messages.create(model="gpt-sim", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    gemini.models.generate_content(model="gpt-sim", contents="x")
    assert wire.checked == before + 3
