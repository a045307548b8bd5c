"""OpenAI's responses."""

import json

import openai
import pydantic
import pytest
from test_errors import BREAKS, NEVER_BEGAN, STATUSES

QUESTION = "What is the weather in Rome?"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [
    {
        "type": "function",
        "name": name,
        "description": f"Tells the {name}.",
        "parameters": SCHEMA,
        "strict": True,
    }
    for name in ("weather", "tides")
]


class Weather(pydantic.BaseModel):
    city: str
    days: int


def calls_of(answer):
    return [item for item in answer.output if item.type == "function_call"]


def results(calls):
    return [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name}: fine"}
        for call in calls
    ]


def test_text(chat, model):
    answer = chat.responses.create(model=model("tokens=6"), input=QUESTION, instructions="Be short.")
    assert answer.object == "response" and answer.id.startswith("resp_")
    assert (answer.status, answer.error, answer.incomplete_details) == ("completed", None, None)
    assert answer.output_text.startswith("Answer from")
    # Gemini 3 signs texts, too.
    assert [item.type for item in answer.output if item.type != "reasoning"] == ["message"]


def test_the_last_question_is_answered(chat, model):
    turns = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "It is sunny."},
        {"role": "user", "content": [{"type": "input_text", "text": "Grüße, 日本 🌍?"}]},
    ]
    assert chat.responses.create(model=model("echo"), input=turns).output_text == "Grüße, 日本 🌍?"
    first = chat.responses.create(model=model("tokens=4"), input=QUESTION)
    turns = [turns[0], *first.output, {"role": "user", "content": "And tomorrow?"}]
    assert chat.responses.create(model=model("echo"), input=turns).output_text == "And tomorrow?"


def test_streamed(chat, model):
    ask = {"model": model("tokens=40"), "input": QUESTION}
    whole = chat.responses.create(**ask)
    events = list(chat.responses.create(**ask, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events][:2] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 5, "it came in pieces"
    assert "".join(event.delta for event in deltas) == whole.output_text == events[-1].response.output_text
    ids = {getattr(event, "item_id", None) for event in deltas}
    assert ids == {events[-1].response.output[0].id}, "the item is the same throughout"
    assert events[0].response.id == events[-1].response.id


def test_stream_helper(chat, model):
    with chat.responses.stream(model=model("tokens=20"), input=QUESTION) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(deltas) == final.output_text and final.status == "completed"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "tides"}])
def test_forced_calls(chat, model, choice):
    answer = chat.responses.create(model=model(), input=QUESTION, tools=TOOLS, tool_choice=choice)
    (call,) = calls_of(answer)
    assert call.call_id and call.name == ("weather" if choice == "required" else "tides")
    Weather.model_validate_json(call.arguments, strict=True)
    assert answer.status == "completed"


def test_parallel_calls_and_results(chat, model):
    ask = {"model": model("tools=2"), "tools": TOOLS}
    first = chat.responses.create(**ask, input=QUESTION)
    calls = calls_of(first)
    assert len({call.call_id for call in calls}) == 2
    turns = [{"role": "user", "content": QUESTION}, *first.output, *results(calls)]
    assert chat.responses.create(**ask, input=turns).output_text.startswith("Answer from")


def test_calls_streamed_and_results(chat, model):
    ask = {"model": model("tools=2"), "tools": TOOLS}
    with chat.responses.stream(**ask, input=QUESTION) as stream:
        events = list(stream)
        first = stream.get_final_response()
    pieces = [event for event in events if event.type == "response.function_call_arguments.delta"]
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert [event.arguments for event in done] == [call.arguments for call in calls_of(first)]
    for event in done:
        mine = [piece.delta for piece in pieces if piece.output_index == event.output_index]
        assert "".join(mine) == event.arguments
        json.loads(event.arguments)
    assert len(done) == 2
    turns = [{"role": "user", "content": QUESTION}, *first.to_dict()["output"], *results(calls_of(first))]
    for item in turns:
        item.pop("parsed_arguments", None)
    with chat.responses.stream(**ask, input=turns) as stream:
        assert stream.get_final_response().output_text.startswith("Answer from")


def test_parse(chat, model):
    answer = chat.responses.parse(model=model(), input=QUESTION, text_format=Weather)
    assert isinstance(answer.output_parsed, Weather)
    with chat.responses.stream(model=model(), input=QUESTION, text_format=Weather) as stream:
        assert stream.get_final_response().output_parsed == answer.output_parsed


def test_parsed_arguments(chat, model):
    tools = [openai.pydantic_function_tool(Weather, name="weather")["function"]]
    tools = [{"type": "function", **tool} for tool in tools]
    answer = chat.responses.parse(model=model("tools=1"), input=QUESTION, tools=tools)
    (call,) = calls_of(answer)
    assert Weather.model_validate(call.parsed_arguments)


@pytest.mark.parametrize("streamed", [False, True])
def test_reasoning_and_back(chat, model, streamed):
    ask = {
        "model": model("reasoning=9&tools=1"),
        "tools": TOOLS,
        "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    if streamed:
        with chat.responses.stream(**ask, input=QUESTION) as stream:
            kinds = [event.type for event in stream]
            first = stream.get_final_response()
        assert "response.reasoning_summary_text.delta" in kinds
    else:
        first = chat.responses.create(**ask, input=QUESTION)
    reasoning, call = first.output
    assert (reasoning.type, call.type) == ("reasoning", "function_call")
    assert reasoning.summary[0].text.startswith("Thinking about")
    output = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
    turns = [{"role": "user", "content": QUESTION}, *output, *results([call])]
    second = chat.responses.create(**ask, input=turns)
    assert second.output_text.startswith("Answer from")


def test_limit(chat, model):
    ask = {"model": model("tokens=50"), "input": QUESTION, "max_output_tokens": 16}
    answer = chat.responses.create(**ask)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    *_, last = chat.responses.create(**ask, stream=True)
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"


def test_refusal(chat, model):
    answer = chat.responses.create(model=model("refusal"), input=QUESTION)
    parts = [part for item in answer.output if item.type == "message" for part in item.content]
    filtered = answer.status == "incomplete" and answer.incomplete_details.reason == "content_filter"
    assert filtered or [part.type for part in parts] == ["refusal"]


@pytest.mark.parametrize("streamed", [False, True])
def test_usage(chat, model, streamed):
    ask = {"model": model("cached=100&reasoning=5&tokens=7"), "input": QUESTION}
    if streamed:
        *_, last = chat.responses.create(**ask, stream=True)
        usage = last.response.usage
    else:
        usage = chat.responses.create(**ask).usage
    assert usage.input_tokens_details.cached_tokens == 100 < usage.input_tokens
    assert usage.output_tokens >= 12
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("behaviour", "name", "status"), STATUSES)
def test_errors(chat, failing, behaviour, name, status, stream):
    with pytest.raises(getattr(openai, name)) as raised:
        chat.responses.create(model=failing(behaviour), input=QUESTION, stream=stream)
    assert raised.value.status_code == status
    assert raised.value.body["message"] and raised.value.body["type"]


def test_errors_of_the_gateway(chat, failing, model):
    with pytest.raises(openai.RateLimitError) as raised:
        chat.responses.create(model=failing("status=429&retry-after=2"), input=QUESTION)
    assert raised.value.response.headers["retry-after"] == "2"
    with pytest.raises(openai.NotFoundError) as raised:
        chat.responses.create(model="nobody", input=QUESTION)
    assert raised.value.code == "model_not_found" and raised.value.param == "model"
    with pytest.raises(openai.BadRequestError):
        chat.responses.create(model=model(), input=[{"role": "nobody", "content": "x"}])


@pytest.mark.parametrize("fault", BREAKS)
def test_stream_that_breaks(chat, failing, fault):
    """The client hands the error on as an event; its helper raises, as there is no end."""
    ask = {"model": failing(f"tokens=50&{fault}"), "input": QUESTION}
    *events, last = chat.responses.create(**ask, stream=True)
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(texts).startswith("Answer from"), "what came before the break arrived"
    assert last.type in ("error", "response.failed")
    assert last.message if last.type == "error" else last.response.error.message
    with pytest.raises(RuntimeError), chat.responses.stream(**ask) as stream:
        stream.get_final_response()


@pytest.mark.parametrize(("fault", "stream"), NEVER_BEGAN)
def test_answers_that_never_began(chat, failing, fault, stream):
    with pytest.raises(openai.InternalServerError):
        chat.responses.create(model=failing(f"fault={fault}"), input=QUESTION, stream=stream)


def test_what_is_not_served(chat, model):
    """Responses are kept nowhere, and tokens counted for other clients only: the client's own error says so."""
    with pytest.raises(openai.NotFoundError):
        chat.responses.input_tokens.count(model=model(), input=QUESTION)
    with pytest.raises(openai.APIStatusError) as raised:
        chat.responses.retrieve("resp_0123456789")
    assert raised.value.status_code in (404, 405)
