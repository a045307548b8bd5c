"""Google's client."""

import asyncio

import httpx2
import pydantic
import pytest
from google import genai
from google.genai import errors, types
from test_errors import BREAKS, NEVER_BEGAN, STATUSES

QUESTION = "What is the weather in Rome?"


class Weather(pydantic.BaseModel):
    city: str
    days: int


def declared(*names):
    schema = {
        "type": "OBJECT",
        "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
        "required": ["city", "days"],
    }
    return [
        types.Tool(
            function_declarations=[
                types.FunctionDeclaration(name=name, description=f"Tells the {name}.", parameters=schema)
                for name in names
            ]
        )
    ]


TOOLS = declared("weather", "tides")


def user(text):
    return types.UserContent(text)


def responses_to(calls):
    parts = [
        types.Part(
            function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": "fine"})
        )
        for call in calls
    ]
    return types.Content(role="user", parts=parts)


def test_text(gemini, path_model):
    answer = gemini.models.generate_content(
        model=path_model("tokens=6"), contents=QUESTION, config={"system_instruction": "Be short."}
    )
    (candidate,) = answer.candidates
    assert answer.text.startswith("Answer from") and candidate.content.role == "model"
    assert candidate.finish_reason == types.FinishReason.STOP
    assert answer.response_id and answer.model_version


def test_the_last_question_is_answered(gemini, path_model):
    turns = [user(QUESTION), types.ModelContent("It is sunny."), user("Grüße, 日本 🌍?")]
    answer = gemini.models.generate_content(model=path_model("echo"), contents=turns)
    assert answer.text == "Grüße, 日本 🌍?"


def test_streamed(gemini, path_model):
    ask = {"model": path_model("tokens=40"), "contents": QUESTION}
    whole = gemini.models.generate_content(**ask)
    chunks = list(gemini.models.generate_content_stream(**ask))
    texts = [chunk.text or "" for chunk in chunks]
    assert "".join(texts) == whole.text
    assert len([text for text in texts if text]) > 5, "it came in pieces"
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert reasons[-1] == types.FinishReason.STOP and not any(reasons[:-1])
    assert len({chunk.response_id for chunk in chunks}) == 1
    assert chunks[-1].usage_metadata.total_token_count


def test_chat_helper(gemini, path_model):
    talk = gemini.chats.create(model=path_model("echo"))
    assert talk.send_message("one").text == "one"
    assert "".join(chunk.text or "" for chunk in talk.send_message_stream("two")) == "two"
    assert talk.send_message("three").text == "three"


@pytest.mark.parametrize("allowed", [None, ["tides"]])
def test_forced_calls(gemini, path_model, allowed):
    mode = {"function_calling_config": {"mode": "ANY", "allowed_function_names": allowed}}
    answer = gemini.models.generate_content(
        model=path_model(), contents=QUESTION, config={"tools": TOOLS, "tool_config": mode}
    )
    (call,) = answer.function_calls
    assert call.name == ("tides" if allowed else "weather")
    Weather.model_validate(call.args, strict=True)
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP


@pytest.mark.parametrize("streamed", [False, True])
def test_parallel_calls_and_results(gemini, path_model, streamed):
    ask = {
        "model": path_model("reasoning=9&tools=2"),
        "config": {"tools": TOOLS, "thinking_config": {"include_thoughts": True}},
    }
    if streamed:
        chunks = list(gemini.models.generate_content_stream(**ask, contents=QUESTION))
        parts = [
            part
            for chunk in chunks
            for candidate in chunk.candidates or []
            for part in (candidate.content and candidate.content.parts) or []
        ]
    else:
        parts = gemini.models.generate_content(**ask, contents=QUESTION).candidates[0].content.parts
    thoughts = [part.text for part in parts if part.thought]
    assert "".join(thoughts).startswith("Thinking about")
    calls = [part.function_call for part in parts if part.function_call]
    assert [call.name for call in calls] == ["weather", "tides"]
    for call in calls:
        Weather.model_validate(call.args, strict=True)
    # The model's turn goes back as it came, with its thoughts and signatures.
    turns = [user(QUESTION), types.Content(role="model", parts=parts), responses_to(calls)]
    second = gemini.models.generate_content(**ask, contents=turns)
    assert second.text.startswith("Answer from")


@pytest.mark.parametrize("streamed", [False, True])
def test_functions_called_by_the_client(gemini, path_model, streamed):
    """The client's own loop: it calls the functions and sends what they give."""
    asked = []

    def weather(city: str, days: int) -> str:
        """Tells the weather."""
        asked.append((city, days))
        return "sunny"

    ask = {"model": path_model("tools=1"), "contents": QUESTION, "config": {"tools": [weather]}}
    if streamed:
        text = "".join(chunk.text or "" for chunk in gemini.models.generate_content_stream(**ask))
    else:
        text = gemini.models.generate_content(**ask).text
    assert text.startswith("Answer from") and len(asked) == 1
    assert isinstance(asked[0][0], str) and isinstance(asked[0][1], int)


def test_parse(gemini, path_model):
    config = {"response_mime_type": "application/json", "response_schema": Weather}
    answer = gemini.models.generate_content(model=path_model(), contents=QUESTION, config=config)
    assert isinstance(answer.parsed, Weather)
    config = {"response_mime_type": "application/json", "response_json_schema": Weather.model_json_schema()}
    answer = gemini.models.generate_content(model=path_model(), contents=QUESTION, config=config)
    assert Weather.model_validate(answer.parsed)


def test_limit(gemini, path_model):
    ask = {"model": path_model("tokens=50"), "contents": QUESTION, "config": {"max_output_tokens": 5}}
    answer = gemini.models.generate_content(**ask)
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    *_, last = gemini.models.generate_content_stream(**ask)
    assert last.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_refusal(gemini, path_model):
    answer = gemini.models.generate_content(model=path_model("refusal"), contents=QUESTION)
    reasons = [str(candidate.finish_reason.value) for candidate in answer.candidates or []]
    assert answer.prompt_feedback or reasons[0] in ("SAFETY", "PROHIBITED_CONTENT", "STOP")


@pytest.mark.parametrize("streamed", [False, True])
def test_usage(gemini, path_model, streamed):
    ask = {"model": path_model("cached=100&reasoning=5&tokens=7"), "contents": QUESTION}
    if streamed:
        *_, answer = gemini.models.generate_content_stream(**ask)
    else:
        answer = gemini.models.generate_content(**ask)
    usage = answer.usage_metadata
    assert usage.cached_content_token_count == 100 < usage.prompt_token_count
    output = usage.candidates_token_count + (usage.thoughts_token_count or 0)
    assert output >= 12 and usage.total_token_count == usage.prompt_token_count + output


def test_image(gemini, path_model):
    picture = types.Part.from_bytes(data=b"\x89PNG\r\n\x1a\n", mime_type="image/png")
    contents = [types.Part(text="What is this?"), picture]
    answer = gemini.models.generate_content(model=path_model("echo"), contents=contents)
    assert answer.text == "What is this?" and answer.usage_metadata.prompt_token_count > 50


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("behaviour", "status"), [(behaviour, status) for behaviour, _, status in STATUSES])
def test_errors(gemini, path_failing, behaviour, status, stream):
    expected = errors.ClientError if status < 500 else errors.ServerError
    ask = {"model": path_failing(behaviour), "contents": QUESTION}
    with pytest.raises(expected) as raised:
        if stream:
            list(gemini.models.generate_content_stream(**ask))
        else:
            gemini.models.generate_content(**ask)
    assert raised.value.code == status and raised.value.message
    assert raised.value.status and raised.value.status.isupper(), "Google's names, such as RESOURCE_EXHAUSTED"


def test_errors_of_the_gateway(gemini, path_failing, path_model):
    with pytest.raises(errors.ClientError) as raised:
        gemini.models.generate_content(model=path_failing("status=429&retry-after=2"), contents=QUESTION)
    assert raised.value.code == 429 and raised.value.response.headers["retry-after"] == "2"
    with pytest.raises(errors.ClientError) as raised:
        gemini.models.generate_content(model="nobody", contents=QUESTION)
    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")
    assert "nobody" in raised.value.message
    with pytest.raises(errors.ClientError) as raised:
        gemini.models.generate_content(model=path_model(), contents=[types.Content(role="nobody", parts=[])])
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("fault", BREAKS)
def test_stream_that_breaks(gemini, path_failing, fault):
    """The format has no mark at its end: an error, or an answer without a reason to finish."""
    texts, reasons = [], []
    try:
        for chunk in gemini.models.generate_content_stream(
            model=path_failing(f"tokens=50&{fault}"), contents=QUESTION
        ):
            texts.append(chunk.text or "")
            reasons += [candidate.finish_reason for candidate in chunk.candidates or []]
        raised = None
    except (errors.APIError, httpx2.HTTPError) as error:
        raised = error
    assert "".join(texts).startswith("Answer from"), "what came before the break arrived"
    assert raised is not None and not any(reasons)


@pytest.mark.parametrize(("fault", "stream"), NEVER_BEGAN)
def test_answers_that_never_began(gemini, path_failing, fault, stream):
    ask = {"model": path_failing(f"fault={fault}"), "contents": QUESTION}
    with pytest.raises(errors.ServerError):
        if stream:
            list(gemini.models.generate_content_stream(**ask))
        else:
            gemini.models.generate_content(**ask)


def test_what_is_not_served(gemini, path_model):
    """Tokens are not counted for this client, and its own error says so."""
    with pytest.raises(errors.ClientError) as raised:
        gemini.models.count_tokens(model=path_model(), contents=QUESTION)
    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")


def test_models(gemini):
    models = list(gemini.models.list())
    assert {"models/chat", "models/assistant"} <= {model.name for model in models}


def test_async(gateway, wire, path_model):
    async def ask():
        async with httpx2.AsyncClient(transport=wire.async_tap()) as http:
            options = types.HttpOptions(base_url=gateway.url, httpx_async_client=http)
            client = genai.Client(api_key="client-key", http_options=options)

            async def streamed(text):
                stream = await client.aio.models.generate_content_stream(
                    model=path_model("echo"), contents=text
                )
                return "".join([chunk.text or "" async for chunk in stream])

            return await asyncio.gather(*(streamed(f"question {number}") for number in range(10)))

    assert asyncio.run(ask()) == [f"question {number}" for number in range(10)]
