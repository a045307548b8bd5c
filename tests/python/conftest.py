"""The official clients before a gateway with Envoy, and simulated providers of both formats behind it."""

import json
import urllib.request
from types import SimpleNamespace

import anthropic
import openai
import pytest
from process import start_gateway, start_simulator
from stub import Stub

PROVIDER_KEY = "sk-provider-0123456789abcdef"


def manifests(simulator, stub):
    """A provider of each format at the simulator, the same for calls that fail, and the same at the stub."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "stringData": {"key": PROVIDER_KEY},
    }
    documents = [secret]
    for name, provider, path, models in [
        ("openai", "OpenAI", "/v1", ["gpt-*", "chat"]),
        ("anthropic", "Anthropic", "", ["claude-*", "assistant"]),
        ("openai-fails", "OpenAI", "/v1", ["fails-openai*"]),
        ("anthropic-fails", "Anthropic", "", ["fails-anthropic*"]),
        ("openai-stub", "OpenAI", "/v1", ["stub-openai*"]),
        ("anthropic-stub", "Anthropic", "", ["stub-anthropic*"]),
    ]:
        prices = [{"model": "*", "inputPerMillion": "1", "outputPerMillion": "2"}]
        base = (stub if name.endswith("stub") else simulator) + path
        key = {
            "provider": provider,
            "endpoint": base,
            "secretRefs": [{"name": "keys", "key": "key"}],
            "prices": prices,
        }
        route = {"models": models, "rules": [{"steps": [{"targets": [{"providerKey": name}]}]}]}
        for kind, spec in [("ProviderKey", key), ("LLMRoute", route)]:
            metadata = {"name": name}
            documents.append(
                {"apiVersion": "wayleave.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
            )
    # JSON is YAML.
    return "\n---\n".join(json.dumps(document) for document in documents)


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
def chat(gateway):
    """The OpenAI client. It does not try again by itself, so that every error is seen."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="client-key", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def claude(gateway):
    """The Anthropic client."""
    with anthropic.Anthropic(base_url=gateway.url, api_key="client-key", max_retries=0) as client:
        yield client


@pytest.fixture(params=["openai", "anthropic"])
def upstream(request):
    """The format of the provider: each test that takes it runs against both."""
    return request.param


@pytest.fixture
def model(upstream):
    """Names a model of that provider. The behaviour says what the simulator does."""
    prefix = {"openai": "gpt-sim", "anthropic": "claude-sim"}[upstream]
    return lambda behaviour="": f"{prefix}?{behaviour}" if behaviour else prefix


@pytest.fixture
def failing(upstream):
    """Like `model`, with a key of its own: an error takes its key out of service for a while."""
    return lambda behaviour: f"fails-{upstream}?{behaviour}"


@pytest.fixture
def ledger(gateway):
    """Reads the records of a call."""

    def read(call):
        with urllib.request.urlopen(f"{gateway.admin}/ledger?call={call}") as response:
            return json.load(response)

    return read
