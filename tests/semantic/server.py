"""An embedding server with OpenAI's API and a real, small model: POST /v1/embeddings.

Prints its port as soon as it takes calls. Ends with its standard input, or on SIGTERM.
"""

import base64
import http.server
import json
import os
import signal
import threading

# Before numpy is loaded: several calls at once shall not fight for the processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from model import Model

LONGEST_BODY = 8 << 20
MOST_INPUTS = 2048
ENCODINGS = ["float", "base64"]


class Refused(Exception):
    """A request that is wrong, and which of its members is."""

    def __init__(self, message, member=None, status=400):
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"message": message, "type": "invalid_request_error", "param": member, "code": None}
        }


def texts(request):
    """The texts of a request: `input` is one, or a list of them."""
    given = request.get("input")
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(text, str) and text for text in listed):
        raise Refused("`input` has to be a text or a list of texts, none of them empty", "input")
    if not 1 <= len(listed) <= MOST_INPUTS:
        raise Refused(f"`input` has to have 1 to {MOST_INPUTS} texts", "input")
    return listed


def answer(model, request):
    """The answer to a request. Every name of a model means the one that is here."""
    if not isinstance(request, dict) or not isinstance(request.get("model"), str):
        raise Refused("`model` has to be a text", "model")
    encoding = request.get("encoding_format") or "float"
    if encoding not in ENCODINGS:
        raise Refused(f"`encoding_format` has to be one of {ENCODINGS}", "encoding_format")
    if request.get("dimensions") is not None:
        raise Refused("this model does not support `dimensions`", "dimensions")
    data = []
    tokens = 0
    for index, text in enumerate(texts(request)):
        vector, count = model.embed(text)
        tokens += count
        if encoding == "base64":
            embedding = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        else:
            embedding = vector.tolist()
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    return {
        "object": "list",
        "data": data,
        "model": request["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body go out in one piece each; without it the second would wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    model = None

    def do_POST(self):
        try:
            body = self._body()
            if self.path != "/v1/embeddings":
                raise Refused(f"there is no POST {self.path}, only POST /v1/embeddings", status=404)
            self._send(200, answer(self.model, body))
        except Refused as refused:
            self._send(refused.status, refused.body)

    def _body(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            raise Refused(f"the request needs a content-length of at most {LONGEST_BODY}", status=413)
        try:
            return json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            raise Refused(f"the body is not JSON: {error}") from error

    def _send(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    Handler.model = Model()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True

    def end(*_):
        # Waits for the loop's end: not from its own thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    def until_the_parent_ends():
        # Not by way of sys.stdin, whose lock this thread would still hold when the process ends.
        while os.read(0, 4096):
            pass
        end()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=until_the_parent_ends, daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
