"""The official clients before a gateway with Envoy, and simulated providers of all formats behind it."""

import json
import urllib.request
from types import SimpleNamespace

import anthropic
import httpx2
import openai
import pytest
from google import genai
from process import start_gateway, start_simulator
from stub import Stub
from wire import Wire

PROVIDER_KEY = "sk-provider-0123456789abcdef"

# For each format of a provider: how a ProviderKey says it, the path of its API, and a model's name. It matters in
# places: Gemini 3 refuses tool calls that come back without their signature, and only some models of Bedrock's can be
# held to a schema.
UPSTREAMS = {
    "openai": ({"provider": "OpenAI"}, "/v1", "gpt-sim"),
    "responses": ({"provider": "Custom", "format": "OpenAIResponses"}, "/v1", "responses-sim"),
    "anthropic": ({"provider": "Anthropic"}, "", "claude-sim"),
    "gemini": ({"provider": "Custom", "format": "GeminiGenerate"}, "/v1beta", "gemini-3-sim"),
    "azure": ({"provider": "AzureOpenAI", "azure": {"apiVersion": "2024-10-21"}}, "", "azure-sim"),
    "bedrock": ({"provider": "Bedrock", "aws": {"region": "us-east-1"}}, "", "anthropic.claude-sonnet-4-5-sim"),
    "vertex": (
        {"provider": "VertexAI", "vertex": {"project": "a-project", "location": "global"}},
        "/v1/projects/a-project/locations/global/publishers/google",
        "gemini-3-vertex-sim",
    ),
}
# Formats in which the stub answers. Those of the clouds are no others, but for Bedrock's.
STUBBED = ["openai", "responses", "anthropic", "gemini"]
# Names of their own, as an operator would give them.
ALIASES = {"openai": ["gpt-*", "chat"], "anthropic": ["claude-*", "assistant"]}


def manifests(simulator, stub):
    """A provider of each format at the simulator, the same for calls that fail, and the same at the stub."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "stringData": {
            "key": PROVIDER_KEY,
            "aws": json.dumps({"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": PROVIDER_KEY}),
        },
    }
    documents = [secret]
    for upstream, (provider, path, model) in UPSTREAMS.items():
        for name, base, models in [
            (upstream, simulator, ALIASES.get(upstream, [f"{model}*"])),
            (f"{upstream}-fails", simulator, [f"fails-{upstream}*"]),
            (f"{upstream}-stub", stub, [f"stub-{upstream}*"]),
        ]:
            key = {
                **provider,
                "endpoint": base + path,
                "secretRefs": [{"name": "keys", "key": "aws" if upstream == "bedrock" else "key"}],
                "prices": [{"model": "*", "inputPerMillion": "1", "outputPerMillion": "2"}],
            }
            route = {"models": models, "rules": [{"steps": [{"targets": [{"providerKey": name}]}]}]}
            documents += [manifest("ProviderKey", name, key), manifest("LLMRoute", name, route)]
        # The same once more, with a cache.
        route = {"models": [f"cached-{upstream}*"], "rules": [{"steps": [{"targets": [{"providerKey": upstream}]}]}]}
        documents.append(manifest("LLMRoute", f"cached-{upstream}", route))
    routes = [{"kind": "LLMRoute", "name": f"cached-{upstream}"} for upstream in UPSTREAMS]
    cache = {"targetRefs": routes, "ttl": "10m", "partition": "Client"}
    documents.append(manifest("CachePolicy", "cache", cache))
    # JSON is YAML.
    return "\n---\n".join(json.dumps(document) for document in documents)


def manifest(kind, name, spec):
    return {
        "apiVersion": "wayleave.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


@pytest.fixture(scope="session")
def stub():
    stub = Stub()
    yield stub
    stub.stop()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, stub):
    """The running gateway: `url` for clients, `admin` for its administration."""
    folder = tmp_path_factory.mktemp("gateway")
    simulator, simulator_url = start_simulator(folder / "simulator.log")
    try:
        (folder / "manifests").mkdir()
        (folder / "manifests" / "all.yaml").write_text(manifests(simulator_url, stub.url))
        process, url, admin = start_gateway(folder / "manifests", folder / "gateway.log")
        yield SimpleNamespace(url=url, admin=admin)
        process.stop()
        assert PROVIDER_KEY not in process.log.read_text(), "the log holds a credential"
    finally:
        simulator.stop()


@pytest.fixture(scope="session")
def wire():
    """Taps for clients: what they get is held against the clients' own types."""
    return Wire()


@pytest.fixture(autouse=True)
def accepted_by_the_clients_types(wire):
    """Every body and every event that a client gets in any test."""
    yield
    refused, wire.refused = wire.refused, []
    assert not refused, f"{len(refused)} in all:\n" + "\n".join(refused[:3])


@pytest.fixture(scope="session")
def chat(gateway, wire):
    """The OpenAI client. It does not try again by itself, so that every error is seen."""
    http = openai.DefaultHttpxClient(transport=wire.tap())
    with openai.OpenAI(
        base_url=f"{gateway.url}/v1", api_key="client-key", max_retries=0, http_client=http
    ) as client:
        yield client


@pytest.fixture(scope="session")
def claude(gateway, wire):
    """The Anthropic client."""
    http = anthropic.DefaultHttpxClient(transport=wire.tap())
    with anthropic.Anthropic(
        base_url=gateway.url, api_key="client-key", max_retries=0, http_client=http
    ) as client:
        yield client


@pytest.fixture(scope="session")
def gemini(gateway, wire):
    """Google's client. It does not try again, unless it is told to."""
    with httpx2.Client(transport=wire.tap()) as http:
        options = genai.types.HttpOptions(base_url=gateway.url, httpx_client=http)
        yield genai.Client(api_key="client-key", http_options=options)


@pytest.fixture(params=list(UPSTREAMS))
def upstream(request):
    """The format of the provider: each test that takes it runs against all of them."""
    return request.param


@pytest.fixture(params=STUBBED)
def stubbed(request):
    """The format of a provider that is the stub."""
    return request.param


@pytest.fixture
def model(upstream):
    """Names a model of that provider. The behaviour says what the simulator does."""
    _, _, prefix = UPSTREAMS[upstream]
    return lambda behaviour="": f"{prefix}?{behaviour}" if behaviour else prefix


def in_path(name):
    return name.replace("?", "%3F").replace("&", "%26")


@pytest.fixture
def path_model(model):
    """Like `model`, for clients that write the model into the path and take no `?` in it."""
    return lambda behaviour="": in_path(model(behaviour))


@pytest.fixture
def failing(upstream):
    """Like `model`, with a key of its own: an error takes its key out of service for a while."""
    return lambda behaviour: f"fails-{upstream}?{behaviour}"


@pytest.fixture
def path_failing(failing):
    """Like `failing`, for clients that write the model into the path."""
    return lambda behaviour: in_path(failing(behaviour))


@pytest.fixture
def cached(upstream):
    """Like `model`, on a route with a cache."""
    return lambda behaviour: f"cached-{upstream}?{behaviour}"


@pytest.fixture
def ledger(gateway):
    """Reads the records of a call."""

    def read(call):
        with urllib.request.urlopen(f"{gateway.admin}/ledger?call={call}") as response:
            return json.load(response)

    return read
