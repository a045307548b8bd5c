"""A provider that gives fixed answers and keeps what it was asked: for what the simulator cannot say or tell."""

import http.server
import json
import threading


class Stub:
    """Answers by the model's name. `asked` holds the bodies of all requests, by model."""

    def __init__(self):
        self.answers = {}
        self.asked = {}
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                # Google's format has the model in the path.
                model = body.get("model") or self.path.rsplit("/", 1)[-1].split(":")[0]
                stub.asked[model] = body
                status, answer = stub.answers.get(model, (404, {"error": {"message": "no such answer"}}))
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def completion(text, finish_reason="stop"):
    """An answer of the OpenAI format."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "stub",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    }


def message(text, stop_reason="end_turn", stop_sequence=None):
    """An answer of the Anthropic format."""
    return {
        "id": "msg_stub",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": {"input_tokens": 9, "output_tokens": 3},
    }


def response(*output):
    """An answer of the Responses format."""
    return {
        "id": "resp_stub",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "stub",
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 12,
        },
    }


def generated(*parts):
    """An answer of Google's format."""
    return {
        "candidates": [
            {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12},
        "modelVersion": "stub",
        "responseId": "stub",
    }


def saying(upstream, text):
    """A plain answer in a provider's format."""
    if upstream == "openai":
        return completion(text)
    if upstream == "anthropic":
        return message(text)
    if upstream == "gemini":
        return generated({"text": text})
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    return response(
        {"type": "message", "id": "msg_stub", "status": "completed", "role": "assistant", "content": content}
    )


def thinking(upstream, proof):
    """Reasoning with its proof, and the call of a tool, in a provider's format."""
    if upstream == "anthropic":
        answer = message("", "tool_use")
        answer["content"] = [
            {"type": "thinking", "thinking": "Hm.", "signature": proof},
            {"type": "tool_use", "id": "toolu_stub", "name": "weather", "input": {"city": "Rome"}},
        ]
        return answer
    if upstream == "gemini":
        call = {"name": "weather", "args": {"city": "Rome"}}
        return generated(
            {"text": "Hm.", "thought": True}, {"functionCall": call, "thoughtSignature": proof}
        )
    reasoning = {
        "type": "reasoning",
        "id": "rs_stub",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": proof,
    }
    call = {
        "type": "function_call",
        "id": "fc_stub",
        "call_id": "call_stub",
        "name": "weather",
        "arguments": '{"city":"Rome"}',
        "status": "completed",
    }
    return response(reasoning, call)
