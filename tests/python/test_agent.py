"""An agent framework that loops over tools, as each kind of client, on each format of a provider."""

import asyncio

import anthropic
import httpx2
import openai
import pydantic
import pytest
from google import genai
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


class Advice(pydantic.BaseModel):
    take_umbrella: bool
    why: str


def model_of(client, gateway, http, name, path_name):
    """The framework's model of a client's format, at the gateway."""
    if client == "google":
        options = genai.types.HttpOptions(base_url=gateway.url, httpx_async_client=http)
        return GoogleModel(
            path_name,
            provider=GoogleProvider(client=genai.Client(api_key="client-key", http_options=options)),
        )
    settings = {"api_key": "client-key", "max_retries": 0, "http_client": http}
    if client == "anthropic":
        claude = anthropic.AsyncAnthropic(base_url=gateway.url, **settings)
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=claude))
    provider = OpenAIProvider(openai_client=openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", **settings))
    return {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}[client](name, provider=provider)


@pytest.fixture(params=["chat", "responses", "anthropic", "google"])
def run(request, gateway, wire, model, path_model):
    """Runs a task with an agent that speaks one client's format to a model that behaves as told."""

    def run(behaviour, task, **kinds):
        async def begin():
            async with httpx2.AsyncClient(transport=wire.async_tap()) as http:
                spoken = model_of(
                    request.param, gateway, http, model(behaviour), path_model(behaviour)
                )
                return await task(Agent(spoken, instructions="Use the tools.", **kinds))

        return asyncio.run(begin())

    return run


def equip(agent):
    """Two tools, and what was asked of them."""
    asked = []

    @agent.tool_plain
    def weather(city: str, days: int) -> str:
        """Tells the weather."""
        asked.append(("weather", city, days))
        return "sunny"

    @agent.tool_plain
    def tides(harbour: str) -> dict[str, float]:
        """Tells the tides."""
        asked.append(("tides", harbour))
        return {"high": 4.2, "low": 0.3}

    return asked


def calls_in(messages):
    parts = [part for message in messages if isinstance(message, ModelResponse) for part in message.parts]
    return [part for part in parts if isinstance(part, ToolCallPart)]


def test_loop(run):
    """Three turns of a conversation, each with both tools; all that was said goes back every time."""

    async def task(agent):
        asked, history = equip(agent), []
        for turn in range(3):
            result = await agent.run(f"Question {turn}", message_history=history)
            assert result.output.startswith("Answer from")
            history = result.all_messages()
            assert {name for name, *_ in asked[2 * turn :]} == {"weather", "tides"}
        calls = calls_in(history)
        assert len(asked) == len(calls) == 6
        assert len({call.tool_call_id for call in calls}) == 6, "no call is mistaken for an earlier one"
        assert result.usage.input_tokens > 0 and result.usage.output_tokens > 0

    run("tools=2&reasoning=9", task)


def test_streamed_loop(run):
    async def task(agent):
        asked = equip(agent)
        history = []
        for turn in range(2):
            async with agent.run_stream(f"Question {turn}", message_history=history) as result:
                pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
            assert "".join(pieces).startswith("Answer from") and len(pieces) > 2
            history = result.all_messages()
        assert len(asked) == len(calls_in(history)) == 4

    run("tools=2&reasoning=9", task)


def test_typed_output(run):
    """The framework forces a call of a tool of its own, whose arguments are the answer."""

    async def task(agent):
        result = await agent.run("Do I need an umbrella?")
        assert isinstance(result.output, Advice)

    run("tools=1", task, output_type=Advice)
