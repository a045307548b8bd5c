"""Proofs of reasoning, such as signatures: a client sends back what it got, and the provider gets its own again."""

import base64
import json

import pytest
import stub as answers
from google.genai import types

# With both characters in which the two alphabets of base64 differ.
PROOF = base64.b64encode(b"what only the provider that made it can read \xfb\xff\xbf\xfe\xff").decode()
QUESTION = [{"role": "user", "content": "What is the weather in Rome?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(params=["responses", "anthropic", "gemini"])
def thinker(request, stub):
    """Asks twice of a provider that thinks, and tells what it was asked at last."""
    upstream = request.param

    def asked_of(client, loop):
        name = f"stub-{upstream}-proof-for-{client}"
        stub.answers[name] = (200, answers.thinking(upstream, PROOF))
        first = loop.begin(name)
        stub.answers[name] = (200, answers.saying(upstream, "Sunny."))
        assert loop.go_on(name, first) == "Sunny."
        return proofs_in(upstream, stub.asked[name])

    return asked_of


def proofs_in(upstream, asked):
    if upstream == "responses":
        return [item["encrypted_content"] for item in asked["input"] if item.get("type") == "reasoning"]
    if upstream == "anthropic":
        blocks = [block for turn in asked["messages"] for block in turn["content"] if isinstance(block, dict)]
        return [block["signature"] for block in blocks if block["type"] == "thinking"]
    parts = [part for content in asked["contents"] for part in content["parts"]]
    # Google's client, which passes unchanged, writes the other name and the other alphabet.
    found = [part.get("thoughtSignature") or part.get("thought_signature") for part in parts]
    return [proof.replace("-", "+").replace("_", "/") for proof in found if proof]


class Chat:
    def __init__(self, client):
        function = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
        self._ask = client.chat.completions.create
        self._tools = [{"type": "function", "function": function}]

    def begin(self, model):
        return self._ask(model=model, messages=QUESTION, tools=self._tools).choices[0].message

    def go_on(self, model, message):
        (call,) = message.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        answer = self._ask(model=model, messages=[*QUESTION, message, result], tools=self._tools)
        return answer.choices[0].message.content


class Responses:
    def __init__(self, client):
        self._ask = client.responses.create
        tool = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}
        self._setting = {"tools": [tool], "store": False, "include": ["reasoning.encrypted_content"]}

    def begin(self, model):
        return self._ask(model=model, input=QUESTION, **self._setting).output

    def go_on(self, model, output):
        (call,) = [item for item in output if item.type == "function_call"]
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        return self._ask(model=model, input=[*QUESTION, *output, result], **self._setting).output_text


class Messages:
    def __init__(self, client):
        self._ask = client.messages.create
        self._setting = {
            "max_tokens": 2_000,
            "thinking": {"type": "enabled", "budget_tokens": 1_024},
            "tools": [{"name": "weather", "input_schema": SCHEMA}],
        }

    def begin(self, model):
        return self._ask(model=model, messages=QUESTION, **self._setting).content

    def go_on(self, model, content):
        (call,) = [block for block in content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
        turns = [
            *QUESTION,
            {"role": "assistant", "content": content},
            {"role": "user", "content": [result]},
        ]
        return self._ask(model=model, messages=turns, **self._setting).content[0].text


class Google:
    def __init__(self, client):
        self._ask = client.models.generate_content
        declaration = {"name": "weather", "description": "Tells it.", "parameters_json_schema": SCHEMA}
        self._config = {
            "tools": [{"function_declarations": [declaration]}],
            "thinking_config": {"include_thoughts": True},
        }
        self._question = types.UserContent(QUESTION[0]["content"])

    def begin(self, model):
        return self._ask(model=model, contents=self._question, config=self._config).candidates[0].content

    def go_on(self, model, content):
        (call,) = [part.function_call for part in content.parts if part.function_call]
        response = types.FunctionResponse(id=call.id, name=call.name, response={"result": "sunny"})
        result = types.Content(role="user", parts=[types.Part(function_response=response)])
        turns = [self._question, content, result]
        return self._ask(model=model, contents=turns, config=self._config).text


def test_chat(chat, thinker):
    assert thinker("chat", Chat(chat)) == [PROOF]


def test_responses(chat, thinker):
    assert thinker("responses", Responses(chat)) == [PROOF]


def test_messages(claude, thinker):
    assert thinker("messages", Messages(claude)) == [PROOF]


def test_google(gemini, thinker):
    assert thinker("google", Google(gemini)) == [PROOF]


@pytest.mark.parametrize("upstream", ["responses", "anthropic", "gemini"])
def test_nobody_gets_the_proof_of_another(claude, stub, upstream):
    """A conversation that moves to another provider goes on without what only the first can read."""
    others = {"responses": "anthropic", "anthropic": "gemini", "gemini": "responses"}
    first, second = f"stub-{upstream}-moves", f"stub-{others[upstream]}-moved"
    stub.answers[first] = (200, answers.thinking(upstream, PROOF))
    stub.answers[second] = (200, answers.saying(others[upstream], "Sunny."))
    loop = Messages(claude)
    assert loop.go_on(second, loop.begin(first)) == "Sunny."
    assert PROOF not in json.dumps(stub.asked[second])
