// The official clients for Node.js: streams and tools, on each format of a provider.
"use strict";

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");

const Anthropic = require("@anthropic-ai/sdk").default;
const OpenAI = require("openai").default;
const { UPSTREAMS, startGateway } = require("./gateway.js");

const QUESTION = [{ role: "user", content: "What is the weather in Rome?" }];
const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const NAMES = ["weather", "tides"];

// The clients of the gateway that is being tested.
let openai, anthropic;

function checkArguments(given) {
  assert.deepEqual(Object.keys(given).sort(), ["city", "days"]);
  assert.ok(typeof given.city === "string" && Number.isInteger(given.days));
}

function testUpstream(upstream, name) {
  const model = (behaviour) => `${name}?${behaviour}`;

  describe(`with a provider of the format ${upstream}`, { timeout: 30_000 }, () => {
    test("chat, streamed", async () => {
      const stream = openai.chat.completions.stream({
        model: model("tokens=40"),
        messages: QUESTION,
        stream_options: { include_usage: true },
      });
      let text = "";
      stream.on("content", (delta) => (text += delta));
      const final = await stream.finalChatCompletion();
      assert.equal(text, final.choices[0].message.content);
      assert.match(text, /^Answer from/);
      assert.equal(final.choices[0].finish_reason, "stop");
      assert.equal((await stream.totalUsage()).completion_tokens, 40);
    });

    test("chat, a loop over tools", async () => {
      const asked = [];
      const tools = NAMES.map((tool) => ({
        type: "function",
        function: {
          name: tool,
          description: `Tells the ${tool}.`,
          parameters: SCHEMA,
          parse: JSON.parse,
          function: (given) => {
            checkArguments(given);
            asked.push(tool);
            return "fine";
          },
        },
      }));
      const runner = openai.chat.completions.runTools({
        model: model("tools=2&reasoning=9"),
        messages: QUESTION,
        tools,
        stream: true,
      });
      assert.match(await runner.finalContent(), /^Answer from/);
      assert.deepEqual(asked.sort(), [...NAMES].sort());
    });

    test("responses, streamed", async () => {
      const stream = openai.responses.stream({ model: model("tokens=40"), input: QUESTION });
      let text = "";
      stream.on("response.output_text.delta", (event) => (text += event.delta));
      const final = await stream.finalResponse();
      assert.equal(final.status, "completed");
      assert.equal(text, final.output_text);
      assert.match(text, /^Answer from/);
    });

    test("responses, tools and their results", async () => {
      const tools = NAMES.map((tool) => ({
        type: "function",
        name: tool,
        description: `Tells the ${tool}.`,
        parameters: SCHEMA,
        strict: true,
      }));
      const ask = { model: model("tools=2&reasoning=9"), tools };
      const first = await openai.responses.stream({ ...ask, input: QUESTION }).finalResponse();
      const calls = first.output.filter((item) => item.type === "function_call");
      assert.deepEqual(calls.map((call) => call.name), NAMES);
      for (const call of calls) checkArguments(JSON.parse(call.arguments));
      const said = first.output.map(({ parsed_arguments: _, ...item }) => item);
      const results = calls.map((call) => ({
        type: "function_call_output",
        call_id: call.call_id,
        output: "fine",
      }));
      const second = await openai.responses.create({ ...ask, input: [...QUESTION, ...said, ...results] });
      assert.match(second.output_text, /^Answer from/);
    });

    test("messages, streamed", async () => {
      const stream = anthropic.messages.stream({
        model: model("tokens=40"),
        max_tokens: 100,
        messages: QUESTION,
      });
      let text = "";
      stream.on("text", (delta) => (text += delta));
      const final = await stream.finalMessage();
      assert.equal(text, final.content[0].text);
      assert.deepEqual([final.stop_reason, final.usage.output_tokens], ["end_turn", 40]);
    });

    test("messages, thinking, tools and their results", async () => {
      const ask = {
        model: model("tools=2&reasoning=9"),
        max_tokens: 2_000,
        thinking: { type: "enabled", budget_tokens: 1_024 },
        tools: NAMES.map((tool) => ({
          name: tool,
          description: `Tells the ${tool}.`,
          input_schema: SCHEMA,
        })),
      };
      const first = await anthropic.messages.stream({ ...ask, messages: QUESTION }).finalMessage();
      assert.equal(first.stop_reason, "tool_use");
      assert.match(first.content[0].thinking, /^Thinking about/);
      const calls = first.content.filter((block) => block.type === "tool_use");
      assert.deepEqual(calls.map((call) => call.name), NAMES);
      for (const call of calls) checkArguments(call.input);
      const results = calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "fine" }));
      const messages = [
        ...QUESTION,
        { role: "assistant", content: first.content },
        { role: "user", content: results },
      ];
      const second = await anthropic.messages.stream({ ...ask, messages }).finalMessage();
      // Gemini 3 signs texts, too: after one comes an empty thought with the signature.
      const { text } = second.content.find((block) => block.type === "text");
      assert.match(text, /^Answer from/);
    });
  });
}

function testErrors() {
  test("errors are the clients' own", async () => {
    const missing = { model: "nobody", messages: QUESTION };
    await assert.rejects(openai.chat.completions.create(missing), OpenAI.NotFoundError);
    await assert.rejects(openai.responses.create({ model: "nobody", input: "x" }), OpenAI.NotFoundError);
    await assert.rejects(anthropic.messages.create({ ...missing, max_tokens: 9 }), Anthropic.NotFoundError);
  });
}

for (const adaptor of ["ext-proc", "http"]) {
  describe(`through the adaptor ${adaptor}`, () => {
    let gateway;
    before(async () => {
      gateway = await startGateway(adaptor);
      openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "client-key", maxRetries: 0 });
      anthropic = new Anthropic({ baseURL: gateway.url, apiKey: "client-key", maxRetries: 0 });
    });
    after(() => gateway?.stop());

    for (const [upstream, [, , name]] of Object.entries(UPSTREAMS)) testUpstream(upstream, name);
    testErrors();
  });
}
