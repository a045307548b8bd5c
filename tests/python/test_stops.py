"""Why an answer ends."""

import pytest
import stub as answers

QUESTION = [{"role": "user", "content": "Count to a hundred."}]


def test_length_of_chat(chat, model):
    ask = {"model": model("tokens=50"), "messages": QUESTION, "max_tokens": 5}
    assert chat.chat.completions.create(**ask).choices[0].finish_reason == "length"
    chunks = [chunk for chunk in chat.chat.completions.create(**ask, stream=True) if chunk.choices]
    assert chunks[-1].choices[0].finish_reason == "length"


def test_newer_limit_of_chat(chat, model):
    ask = {"model": model("tokens=50"), "messages": QUESTION, "max_completion_tokens": 5}
    assert chat.chat.completions.create(**ask).choices[0].finish_reason == "length"


def test_length_of_messages(claude, model):
    ask = {"model": model("tokens=50"), "messages": QUESTION, "max_tokens": 5}
    assert claude.messages.create(**ask).stop_reason == "max_tokens"
    with claude.messages.stream(**ask) as stream:
        assert stream.get_final_message().stop_reason == "max_tokens"


def test_refusal(chat, claude, model):
    ask = {"model": model("refusal"), "messages": QUESTION}
    choice = chat.chat.completions.create(**ask).choices[0]
    assert choice.message.refusal or choice.finish_reason == "content_filter"
    assert claude.messages.create(**ask, max_tokens=50).stop_reason == "refusal"


def test_stop_sequence_of_chat(chat, stub, stopping):
    name = f"stub-{stopping}-stop-of-chat"
    stub.answers[name] = (200, stopped(stopping))
    answer = chat.chat.completions.create(model=name, messages=QUESTION, stop=["END", "STOP"])
    assert answer.choices[0].finish_reason == "stop" and answer.choices[0].message.content == "1 2 3 "
    assert asked_to_stop(stopping, stub.asked[name]) == ["END", "STOP"]


def test_stop_sequence_of_messages(claude, stub, stopping):
    name = f"stub-{stopping}-stop-of-messages"
    stub.answers[name] = (200, stopped(stopping))
    ask = {"model": name, "max_tokens": 50, "messages": QUESTION, "stop_sequences": ["END"]}
    answer = claude.messages.create(**ask)
    # Only Anthropic tells a stop sequence from a plain end.
    expected = ("stop_sequence", "END") if stopping == "anthropic" else ("end_turn", None)
    assert (answer.stop_reason, answer.stop_sequence) == expected
    assert asked_to_stop(stopping, stub.asked[name]) == ["END"]


@pytest.fixture(params=["openai", "anthropic", "gemini"])
def stopping(request):
    """The formats that have stop sequences: Responses has none."""
    return request.param


def stopped(upstream):
    if upstream == "anthropic":
        return answers.message("1 2 3 ", "stop_sequence", "END")
    return answers.saying(upstream, "1 2 3 ")


def asked_to_stop(upstream, asked):
    if upstream == "gemini":
        return asked["generationConfig"]["stopSequences"]
    return asked[{"openai": "stop", "anthropic": "stop_sequences"}[upstream]]
