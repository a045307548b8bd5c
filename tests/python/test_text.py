"""Plain answers, whole and streamed."""

import pytest
import stub as answers

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]
PIRATE = "Talk like a pirate."


def test_chat(chat, model):
    answer = chat.chat.completions.create(model=model("tokens=6"), messages=QUESTION)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content.startswith("Answer from")
    assert answer.choices[0].finish_reason == "stop"


def test_chat_streamed(chat, model):
    whole = chat.chat.completions.create(model=model("tokens=40"), messages=QUESTION)
    chunks = list(chat.chat.completions.create(model=model("tokens=40"), messages=QUESTION, stream=True))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 5, "it came in pieces"
    # Azure says something of the prompt first, in a chunk without choices and id.
    chunks = [chunk for chunk in chunks if chunk.choices]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_chat_stream_helper(chat, model):
    with chat.chat.completions.stream(model=model("tokens=20"), messages=QUESTION) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
    assert "".join(deltas) == stream.get_final_completion().choices[0].message.content


def test_messages(claude, model):
    answer = claude.messages.create(model=model("tokens=6"), max_tokens=100, messages=QUESTION)
    assert answer.type == "message" and answer.id.startswith("msg_") and answer.role == "assistant"
    assert text_in(answer.content).startswith("Answer from")
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)


def test_messages_streamed(claude, model):
    ask = {"model": model("tokens=40"), "max_tokens": 100, "messages": QUESTION}
    whole = claude.messages.create(**ask)
    events = list(claude.messages.create(**ask, stream=True))
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    texts = [delta.text for delta in deltas if delta.type == "text_delta"]
    assert "".join(texts) == text_in(whole.content)
    assert len(texts) > 5, "it came in pieces"
    kinds = [event.type for event in events if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_messages_stream_helper(claude, model):
    ask = {"model": model("tokens=20"), "max_tokens": 100, "messages": QUESTION}
    with claude.messages.stream(**ask) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == text_in(final.content) == text_in(claude.messages.create(**ask).content)


def test_the_last_question_is_answered(chat, claude, model):
    turns = [
        *QUESTION,
        {"role": "assistant", "content": "It scatters."},
        {"role": "user", "content": "Grüße, 日本 🌍?"},
    ]
    spoken = chat.chat.completions.create(model=model("echo"), messages=turns)
    assert spoken.choices[0].message.content == "Grüße, 日本 🌍?"
    with claude.messages.stream(model=model("echo&chunk-bytes=1"), max_tokens=100, messages=turns) as stream:
        assert stream.get_final_text() == "Grüße, 日本 🌍?"


def test_reasoning(chat, claude, model):
    ask = {"model": model("reasoning=9&tokens=5"), "messages": QUESTION}
    whole = chat.chat.completions.create(**ask).choices[0].message
    assert whole.reasoning_content.startswith("Thinking about") and whole.content.startswith("Answer from")
    chunks = chat.chat.completions.create(**ask, stream=True)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert (
        "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
        == whole.reasoning_content
    )
    with claude.messages.stream(**ask, max_tokens=100) as stream:
        thinking, *rest = stream.get_final_message().content
    assert thinking.type == "thinking" and thinking.thinking == whole.reasoning_content
    assert text_in(rest) == whole.content


def text_in(content):
    """The text of an answer. Gemini 3 signs texts, too: after one comes an empty thought with the signature."""
    text, *proofs = content
    assert all(block.type == "thinking" and not block.thinking for block in proofs)
    return text.text


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_prompt_of_chat(chat, stub, stubbed, role):
    name = f"stub-{stubbed}-{role}"
    stub.answers[name] = (200, answers.saying(stubbed, "Arr."))
    messages = [{"role": role, "content": PIRATE}, *QUESTION]
    answer = chat.chat.completions.create(model=name, messages=messages)
    assert answer.choices[0].message.content == "Arr."
    assert_asked(stubbed, stub.asked[name])
    if stubbed == "openai":
        assert stub.asked[name]["messages"] == messages


def test_system_prompt_of_responses(chat, stub, stubbed):
    # OpenAI has this client's own format, too.
    spoken = "responses" if stubbed == "openai" else stubbed
    name = f"stub-{stubbed}-system-of-responses"
    stub.answers[name] = (200, answers.saying(spoken, "Arr."))
    assert chat.responses.create(model=name, instructions=PIRATE, input=QUESTION).output_text == "Arr."
    assert_asked(spoken, stub.asked[name])


def test_system_prompt_of_messages(claude, stub, stubbed):
    name = f"stub-{stubbed}-system-of-messages"
    stub.answers[name] = (200, answers.saying(stubbed, "Arr."))
    system = [{"type": "text", "text": PIRATE, "cache_control": {"type": "ephemeral"}}]
    answer = claude.messages.create(model=name, max_tokens=100, system=system, messages=QUESTION)
    assert answer.content[0].text == "Arr."
    assert_asked(stubbed, stub.asked[name])
    if stubbed == "anthropic":
        assert stub.asked[name]["system"] == system, "the provider's own format passes as it is"


def test_system_prompt_of_google(gemini, stub, stubbed):
    name = f"stub-{stubbed}-system-of-google"
    stub.answers[name] = (200, answers.saying(stubbed, "Arr."))
    answer = gemini.models.generate_content(
        model=name, contents=QUESTION[0]["content"], config={"system_instruction": PIRATE}
    )
    assert answer.text == "Arr."
    assert_asked(stubbed, stub.asked[name])


def assert_asked(upstream, asked):
    """The prompt and the question, where each format of a provider has them."""
    if upstream == "openai":
        first, second = asked["messages"]
        assert first["role"] in ("system", "developer")
        prompt, question = first["content"], second["content"]
    elif upstream == "anthropic":
        (turn,) = asked["messages"]
        prompt, question = asked["system"], turn["content"]
        assert turn["role"] == "user"
        assert asked["max_tokens"] > 0, "Anthropic needs it"
    elif upstream == "gemini":
        (turn,) = asked["contents"]
        prompt, question = asked["systemInstruction"]["parts"], turn["parts"]
    else:
        *before, turn = asked["input"]
        prompt, question = (before[0]["content"] if before else asked["instructions"]), turn["content"]
    assert (text_of(prompt), text_of(question)) == (PIRATE, QUESTION[0]["content"])


def text_of(content):
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
