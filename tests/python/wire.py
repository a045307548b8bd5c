"""What the gateway sends, held against the official clients' own types.

The clients build their objects without validation: a member that is missing or of a wrong type is noticed by nobody.
So a tap between a client and the network keeps every body, and holds it, and each event in it, strictly against the
type that the client declares for it. Members beyond the type are allowed.
"""

import base64
import json
import re
import warnings
from typing import Literal

import httpx2
import pydantic
from anthropic import types as claude
from google.genai import types as gemini
from openai import types as openai
from openai.types import chat, responses, shared


class GeminiStatus(pydantic.BaseModel):
    """Google's client reads errors without a type."""

    code: int
    message: str
    status: str


class GeminiError(pydantic.BaseModel):
    error: GeminiStatus


class OpenAIError(pydantic.BaseModel):
    error: shared.ErrorObject


class OpenAIModels(pydantic.BaseModel):
    """A page; the clients' own have machinery in them."""

    object: str
    data: list[openai.Model]


class ClaudeModels(pydantic.BaseModel):
    data: list[claude.ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


class GeminiModels(pydantic.BaseModel):
    models: list[gemini.Model]


class CompletionPiece(openai.CompletionChoice):
    """OpenAI documents this member as null until the end, and its client's one type for both lacks that."""

    finish_reason: Literal["stop", "length", "content_filter"] | None


class CompletionEvent(openai.Completion):
    choices: list[CompletionPiece]


# The end of a path: the type of a whole answer, of an event of a streamed one, of an error.
TYPES = [
    ("/chat/completions", chat.ChatCompletion, chat.ChatCompletionChunk, OpenAIError),
    ("/completions", openai.Completion, CompletionEvent, OpenAIError),
    ("/responses", responses.Response, responses.ResponseStreamEvent, OpenAIError),
    ("/embeddings", openai.CreateEmbeddingResponse, None, OpenAIError),
    ("/messages", claude.Message, claude.RawMessageStreamEvent, claude.ErrorResponse),
    ("/messages/count_tokens", claude.MessageTokensCount, None, claude.ErrorResponse),
    (":generateContent", gemini.GenerateContentResponse, None, GeminiError),
    (":streamGenerateContent", None, gemini.GenerateContentResponse, GeminiError),
    (":countTokens", gemini.CountTokensResponse, None, GeminiError),
]
MODELS = [
    (lambda headers: "anthropic-version" in headers, ClaudeModels, claude.ErrorResponse),
    (lambda headers: "x-goog-api-key" in headers, GeminiModels, GeminiError),
    (lambda _: True, OpenAIModels, OpenAIError),
]
ADAPTERS = {}


def adapter(kind):
    if kind not in ADAPTERS:
        ADAPTERS[kind] = pydantic.TypeAdapter(kind)
    return ADAPTERS[kind]


def complaint(kind, text):
    """Why a type refuses a JSON text, or None."""
    try:
        with warnings.catch_warnings():
            # Google's client only warns of a value that its enums do not have.
            warnings.simplefilter("error")
            adapter(kind).validate_json(text, strict=True, extra="ignore")
    except pydantic.ValidationError as error:
        told = [f"{'.'.join(map(str, reason['loc']))}: {reason['msg']}" for reason in meant(error.errors())]
        return f"{text[:600]}\n    is none of the client's: " + "\n    ".join(told)
    except UserWarning as warning:
        return f"{text[:600]}\n    has a value that the client does not know: {warning}"
    return None


def meant(reasons):
    """A union tells of all its members: those that are of another `type` were not meant."""
    others = [
        reason["loc"][:-1]
        for reason in reasons
        if reason["type"] == "literal_error" and reason["loc"][-1:] == ("type",)
    ]
    left = [
        reason for reason in reasons if not any(reason["loc"][: len(other)] == other for other in others)
    ]
    return (left or reasons)[:5]


def kinds(request):
    """The types of a request's answers, or None where nothing is known."""
    if request.url.path.endswith("/models"):
        found = ((whole, None, error) for asks, whole, error in MODELS if asks(request.headers))
        return next(found)
    found = [row for row in TYPES if request.url.path.endswith(row[0])]
    return max(found, key=lambda row: len(row[0]))[1:] if found else None


def events(content):
    """Names and data of all whole events of a stream."""
    for block in re.split(r"\r?\n\r?\n", content)[:-1]:
        lines = [line.split(":", 1) for line in block.splitlines() if ":" in line]
        fields = {name: value.removeprefix(" ") for name, value in lines if name}
        data = "\n".join(value.removeprefix(" ") for name, value in lines if name == "data")
        if data:
            yield fields.get("event"), data


def is_azures_own(document):
    """What Azure thinks of the prompt before it answers, and its errors, have fewer members; they pass as they are."""
    if "prompt_filter_results" in document:
        return document["choices"] == [] and document["object"] == ""
    return document.get("error", {}).keys() == {"code", "message"}


def event_complaint(kinds, name, data):
    _, event, error = kinds
    if data == "[DONE]":
        return None
    document = json.loads(data)
    if name == "ping" and document == {"type": "ping"}:
        return None
    if event is chat.ChatCompletionChunk and is_azures_own(document):
        return None
    if document.get("type") == "error" and event is claude.RawMessageStreamEvent or "error" in document:
        return complaint(error, data)
    # Formats whose events have names say the same in the data.
    if document.get("type", name) != name and event in (
        claude.RawMessageStreamEvent,
        responses.ResponseStreamEvent,
    ):
        return f"the event {name!r} says that it is a {document['type']!r}"
    return complaint(event, data)


def body_complaint(kind, text):
    if kind is openai.CreateEmbeddingResponse:
        # The client asks for base64 and decodes it before it makes its object.
        document = json.loads(text)
        for row in document["data"]:
            if isinstance(row["embedding"], str):
                base64.b64decode(row["embedding"], validate=True)
                row["embedding"] = [0.5]
        text = json.dumps(document)
    return complaint(kind, text)


class Wire:
    """Keeps what the types refuse, until somebody looks."""

    def __init__(self):
        self.refused = []
        self.checked = 0
        # Of the last answer.
        self.headers = {}

    def check(self, request, response, content):
        expected = kinds(request)
        if expected is None:
            return
        text = content.decode()
        whole, event, error = expected
        if response.headers["content-type"].startswith("text/event-stream"):
            found = [event_complaint(expected, name, data) for name, data in events(text)]
        else:
            found = [body_complaint(whole if response.status_code < 400 else error, text)]
        self.checked += len(found)
        about = f"{request.method} {request.url.path} {response.status_code}: "
        self.refused += [about + reason for reason in found if reason]

    def tap(self):
        return Tap(self)

    def async_tap(self):
        return AsyncTap(self)


class Copy(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """Hands on what is read, and has it checked when it is closed."""

    def __init__(self, stream, done):
        self._stream, self._done, self._content = stream, done, bytearray()

    def __iter__(self):
        for piece in self._stream:
            self._content += piece
            yield piece

    async def __aiter__(self):
        async for piece in self._stream:
            self._content += piece
            yield piece

    def close(self):
        self._stream.close()
        self._finish()

    async def aclose(self):
        await self._stream.aclose()
        self._finish()

    def _finish(self):
        done, self._done = self._done, None
        if done:
            done(bytes(self._content))


class Tap(httpx2.HTTPTransport):
    def __init__(self, wire):
        # Certificates take long to load, and are not needed here.
        super().__init__(verify=False)
        self._wire = wire

    def handle_request(self, request):
        response = super().handle_request(request)
        copied(self._wire, request, response)
        return response


class AsyncTap(httpx2.AsyncHTTPTransport):
    def __init__(self, wire):
        super().__init__(verify=False)
        self._wire = wire

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        copied(self._wire, request, response)
        return response


def copied(wire, request, response):
    wire.headers = response.headers
    assert "content-encoding" not in response.headers, "what is compressed cannot be checked"
    response.stream = Copy(response.stream, lambda content: wire.check(request, response, content))
