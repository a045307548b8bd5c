"""Models, embeddings, base URLs, and the asynchronous clients."""

import asyncio

import anthropic
import httpx2
import openai
import pytest

QUESTION = [{"role": "user", "content": "Hello"}]


def test_models_of_openai(chat):
    models = list(chat.models.list())
    assert {"chat", "assistant"} <= {model.id for model in models}
    assert all(model.object == "model" for model in models)


def test_models_of_anthropic(claude):
    models = list(claude.models.list())
    assert {"chat", "assistant"} <= {model.id for model in models}
    assert all(model.type == "model" and model.display_name for model in models)


@pytest.mark.parametrize("name", ["chat", "assistant"])
def test_listed_models_answer(chat, claude, name):
    assert chat.chat.completions.create(model=name, messages=QUESTION).choices[0].message.content
    assert claude.messages.create(model=name, max_tokens=20, messages=QUESTION).content[0].text


@pytest.mark.parametrize("name", ["gpt-embedding", "azure-sim-embedding"])
def test_embeddings(chat, name):
    answer = chat.embeddings.create(
        model=name, input=["a red apple", "a green apple"], dimensions=64
    )
    assert [row.index for row in answer.data] == [0, 1]
    assert all(len(row.embedding) == 64 and isinstance(row.embedding[0], float) for row in answer.data)
    assert answer.usage.prompt_tokens > 0
    plain = chat.embeddings.create(
        model=name, input="a red apple", dimensions=64, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(answer.data[0].embedding, abs=1e-6)


def test_embeddings_need_a_provider_that_has_them(chat):
    with pytest.raises(openai.APIStatusError) as raised:
        chat.embeddings.create(model="claude-embedding", input="x")
    assert raised.value.status_code in (400, 503) and raised.value.message


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_any_base_url_of_openai(gateway, path):
    with openai.OpenAI(base_url=gateway.url + path, api_key="client-key") as client:
        assert client.chat.completions.create(model="gpt-sim", messages=QUESTION).choices[0].message.content
        assert client.models.list().data
        assert client.embeddings.create(model="gpt-sim", input="x").data


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_any_base_url_of_anthropic(gateway, path):
    with anthropic.Anthropic(base_url=gateway.url + path, api_key="client-key") as client:
        assert client.messages.create(model="claude-sim", max_tokens=20, messages=QUESTION).content[0].text
        assert client.models.list().data


def test_async_openai(gateway, wire, model):
    async def ask():
        http = httpx2.AsyncClient(transport=wire.async_tap())
        async with openai.AsyncOpenAI(
            base_url=f"{gateway.url}/v1", api_key="client-key", http_client=http
        ) as client:

            async def streamed(text):
                stream = await client.chat.completions.create(
                    model=model("echo"), messages=[{"role": "user", "content": text}], stream=True
                )
                return "".join(
                    [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
                )

            return await asyncio.gather(*(streamed(f"question {number}") for number in range(10)))

    assert asyncio.run(ask()) == [f"question {number}" for number in range(10)]


def test_async_anthropic(gateway, wire, model):
    async def ask():
        http = httpx2.AsyncClient(transport=wire.async_tap())
        async with anthropic.AsyncAnthropic(
            base_url=gateway.url, api_key="client-key", http_client=http
        ) as client:

            async def streamed(text):
                messages = [{"role": "user", "content": text}]
                async with client.messages.stream(
                    model=model("echo"), max_tokens=50, messages=messages
                ) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(streamed(f"question {number}") for number in range(10)))

    assert asyncio.run(ask()) == [f"question {number}" for number in range(10)]
