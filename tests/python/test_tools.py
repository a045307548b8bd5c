"""Tools: calls, their streamed arguments, and their results."""

import json

import pytest

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
CHAT_TOOLS = [
    {
        "type": "function",
        "function": {"name": name, "description": f"Tells the {name}.", "parameters": SCHEMA},
    }
    for name in ("weather", "tides")
]
MESSAGES_TOOLS = [
    {"name": name, "description": f"Tells the {name}.", "input_schema": SCHEMA}
    for name in ("weather", "tides")
]
# Formats whose streams have each call in one piece.
WHOLE_CALLS = ["gemini", "vertex"]
QUESTION = [{"role": "user", "content": "What is the weather in Rome?"}]


def check_arguments(arguments):
    assert set(arguments) == {"city", "days"}
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "tides"}}])
def test_chat_forced(chat, model, choice):
    ask = {"model": model(), "messages": QUESTION, "tools": CHAT_TOOLS, "tool_choice": choice}
    choice_made = chat.chat.completions.create(**ask).choices[0]
    # OpenAI itself says `stop` where a tool is forced by its name.
    assert choice_made.finish_reason in ("tool_calls", "stop")
    (call,) = choice_made.message.tool_calls
    assert call.id and call.type == "function"
    assert call.function.name == ("weather" if choice == "required" else "tides")
    check_arguments(json.loads(call.function.arguments))


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "tides"}])
def test_messages_forced(claude, model, choice):
    ask = {"model": model(), "max_tokens": 100, "messages": QUESTION, "tools": MESSAGES_TOOLS}
    answer = claude.messages.create(**ask, tool_choice=choice)
    assert answer.stop_reason == "tool_use"
    (call,) = [block for block in answer.content if block.type == "tool_use"]
    assert call.id and call.name == ("weather" if choice["type"] == "any" else "tides")
    check_arguments(call.input)


def test_chat_never(chat, model):
    ask = {"model": model("tools=2"), "messages": QUESTION, "tools": CHAT_TOOLS, "tool_choice": "none"}
    assert not chat.chat.completions.create(**ask).choices[0].message.tool_calls


def test_chat_parallel_calls_and_results(chat, model):
    ask = {"model": model("tools=2"), "messages": QUESTION, "tools": CHAT_TOOLS}
    first = chat.chat.completions.create(**ask).choices[0]
    assert first.finish_reason == "tool_calls"
    calls = first.message.tool_calls
    assert len(calls) == 2 and len({call.id for call in calls}) == 2
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: fine"} for call in calls
    ]
    ask["messages"] = [*QUESTION, first.message, *results]
    second = chat.chat.completions.create(**ask).choices[0]
    assert second.finish_reason == "stop" and second.message.content.startswith("Answer from")


def test_messages_parallel_calls_and_results(claude, model):
    ask = {"model": model("tools=2"), "max_tokens": 100, "messages": QUESTION, "tools": MESSAGES_TOOLS}
    first = claude.messages.create(**ask)
    calls = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use" and len({call.id for call in calls}) == 2
    results = [
        {"type": "tool_result", "tool_use_id": calls[0].id, "content": "sunny"},
        {
            "type": "tool_result",
            "tool_use_id": calls[1].id,
            "is_error": True,
            "content": [{"type": "text", "text": "no"}],
        },
    ]
    thanks = {"type": "text", "text": "Thanks."}
    ask["messages"] = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [*results, thanks]},
    ]
    ask["model"] = model()
    second = claude.messages.create(**ask)
    assert second.stop_reason == "end_turn" and second.content[0].text.startswith("Answer from")


def test_chat_streamed_arguments(chat, model, upstream):
    ask = {"model": model("tools=2"), "messages": QUESTION, "tools": CHAT_TOOLS}
    calls, pieces = {}, 0
    for chunk in chat.chat.completions.create(**ask, stream=True):
        for piece in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            call = calls.setdefault(
                piece.index, {"id": piece.id, "name": piece.function.name, "arguments": ""}
            )
            call["arguments"] += piece.function.arguments or ""
            pieces += 1
    assert sorted(calls) == [0, 1] and pieces > (1 if upstream in WHOLE_CALLS else 6), "they came in pieces"
    assert all(call["id"] and call["name"] for call in calls.values())
    for call in calls.values():
        check_arguments(json.loads(call["arguments"]))


def test_chat_stream_helper(chat, model):
    with chat.chat.completions.stream(model=model("tools=2"), messages=QUESTION, tools=CHAT_TOOLS) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
    final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls" and len(done) == len(final.message.tool_calls) == 2
    for call in final.message.tool_calls:
        check_arguments(json.loads(call.function.arguments))


def test_messages_stream_helper(claude, model, upstream):
    ask = {"model": model("tools=2"), "max_tokens": 100, "messages": QUESTION, "tools": MESSAGES_TOOLS}
    with claude.messages.stream(**ask) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    calls = [block for block in final.content if block.type == "tool_use"]
    assert final.stop_reason == "tool_use" and len({call.id for call in calls}) == 2
    assert len([piece for piece in pieces if piece]) > (1 if upstream in WHOLE_CALLS else 4)
    for call in calls:
        check_arguments(call.input)


def test_chat_with_results_streamed(chat, model):
    """A whole loop, as agents run it."""
    messages = list(QUESTION)
    for _ in range(2):
        with chat.chat.completions.stream(
            model=model("tools=1"), messages=messages, tools=CHAT_TOOLS
        ) as stream:
            message = stream.get_final_completion().choices[0].message
        if not message.tool_calls:
            break
        messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        for call in messages[-1]["tool_calls"]:
            call["function"].pop("parsed_arguments", None)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": "sunny"})
    assert len(messages) == 3 and message.content.startswith("Answer from")


@pytest.mark.parametrize("streamed", [False, True])
def test_messages_thinking_and_calls_and_back(claude, model, streamed):
    ask = {
        "model": model("reasoning=9&tools=2"),
        "max_tokens": 2_000,
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "tools": MESSAGES_TOOLS,
    }
    if streamed:
        with claude.messages.stream(**ask, messages=QUESTION) as stream:
            kinds = [event.type for event in stream]
            first = stream.get_final_message()
        assert "thinking" in kinds and "input_json" in kinds
    else:
        first = claude.messages.create(**ask, messages=QUESTION)
    assert first.content[0].type == "thinking" and first.content[0].thinking.startswith("Thinking about")
    calls = [block for block in first.content if block.type == "tool_use"]
    assert len(calls) == 2
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"} for call in calls]
    turns = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    second = claude.messages.create(**ask, messages=turns)
    (text,) = [block.text for block in second.content if block.type == "text"]
    assert text.startswith("Answer from")
