// The simulator and the gateway as processes, as a user would run them.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");

const ROOT = path.resolve(__dirname, "../..");
const START_MS = 60_000;

// For each format of a provider: how a ProviderKey says it, the path of its API, and a model's name.
const UPSTREAMS = {
  openai: [{ provider: "OpenAI" }, "/v1", "gpt-sim"],
  responses: [{ provider: "Custom", format: "OpenAIResponses" }, "/v1", "responses-sim"],
  anthropic: [{ provider: "Anthropic" }, "", "claude-sim"],
  gemini: [{ provider: "Custom", format: "GeminiGenerate" }, "/v1beta", "gemini-3-sim"],
};

function program() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
  const found = process.env.WAYLEAVE_BIN ?? path.join(target, "debug", "wayleave");
  if (!fs.existsSync(found)) {
    throw new Error(`there is no ${found}: cargo build -p wayleave-cli, or set WAYLEAVE_BIN`);
  }
  return found;
}

// Starts a process whose first line on stdout says that it is ready; its stderr goes to a file.
async function start(args, log) {
  const stderr = fs.openSync(log, "w");
  const child = spawn(program(), args, { stdio: ["ignore", "pipe", stderr] });
  fs.closeSync(stderr);
  // A process that neither starts nor ends is ended: then its stdout ends, too.
  const patience = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const lines = readline.createInterface({ input: child.stdout });
  const { value: line, done } = await lines[Symbol.asyncIterator]().next();
  clearTimeout(patience);
  if (done) throw new Error(`"wayleave ${args[0]}" did not start:\n${fs.readFileSync(log, "utf8")}`);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { line, stop };
}

function manifests(simulator) {
  const object = (kind, name, rest) => ({
    apiVersion: kind === "Secret" ? "v1" : "wayleave.dev/v1alpha1",
    kind,
    metadata: { name },
    ...rest,
  });
  const documents = [object("Secret", "keys", { stringData: { key: "sk-provider-0123456789abcdef" } })];
  for (const [name, [provider, base, model]] of Object.entries(UPSTREAMS)) {
    const key = { ...provider, endpoint: simulator + base, secretRefs: [{ name: "keys", key: "key" }] };
    const route = { models: [`${model}*`], rules: [{ steps: [{ targets: [{ providerKey: name }] }] }] };
    documents.push(object("ProviderKey", name, { spec: key }), object("LLMRoute", name, { spec: route }));
  }
  // JSON is YAML.
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

// The running gateway: `url` for clients, `stop` for the end.
async function startGateway(adaptor) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wayleave-node-"));
  const stops = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
    fs.rmSync(folder, { recursive: true });
  };
  try {
    const simulator = await start(["sim", "--listen", "127.0.0.1:0"], path.join(folder, "simulator.log"));
    stops.push(simulator.stop);
    const files = path.join(folder, "manifests");
    fs.mkdirSync(files);
    fs.writeFileSync(path.join(files, "all.yaml"), manifests(simulator.line.split(" ").at(-1)));
    const setting = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--adaptor", adaptor];
    const gateway = await start(["up", "-f", files, ...setting, "--output", "json"], path.join(folder, "gateway.log"));
    stops.push(gateway.stop);
    return { url: `http://${JSON.parse(gateway.line).address}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

module.exports = { UPSTREAMS, startGateway };
