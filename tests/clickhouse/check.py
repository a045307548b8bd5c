"""Checks that the ledger's table and its inserts are what a new ClickHouse takes: `make clickhouse-new`.

The suites run against an old server, since what that takes should hold for all. This runs a new one, as a Python module
behind an HTTP server of ours, and a data plane that migrates it and writes to it.
"""

import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chdb import session

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from process import Process, start_simulator  # noqa: E402

CALLS = 30
KEY = "sk-provider-0123456789abcdef"


class ClickHouse:
    """The module's one session; it takes one statement at a time."""

    def __init__(self, folder):
        self._session = session.Session(str(folder))
        self._lock = threading.Lock()
        self.inserts = 0

    def ask(self, statement, data=b""):
        with self._lock:
            return str(self._session.query(f"{statement}\n{data.decode()}", "TabSeparated"))

    def rows(self, statement):
        with self._lock:
            return [json.loads(line) for line in str(self._session.query(statement, "JSONEachRow")).splitlines() if line]


def serve(clickhouse):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            settings = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            settings.pop("database")
            query = settings.pop("query", "")
            try:
                for name, value in settings.items():
                    clickhouse.ask(f"SET {name} = {value}")
                status, text = 200, clickhouse.ask(query, data)
                clickhouse.inserts += "JSONEachRow" in query
            except Exception as error:  # What ClickHouse says is told on.
                status, text = 400, str(error)
                print(f"{query}: {text}", file=sys.stderr)
            self.send_response(status)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def manifests(simulator):
    def document(kind, name, **rest):
        version = "v1" if kind == "Secret" else "wayleave.dev/v1alpha1"
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest}

    prices = [{"model": "*", "inputPerMillion": "1", "outputPerMillion": "2"}]
    refs = [{"name": "keys", "key": "key"}]
    steps = [{"targets": [{"providerKey": "sim", "model": model}]} for model in ("m?status=500", "m")]
    documents = [
        document("Secret", "keys", stringData={"key": KEY}),
        document("ProviderKey", "sim", spec={
            "provider": "OpenAI", "endpoint": f"{simulator}/v1", "secretRefs": refs, "prices": prices,
        }),
        document("LLMRoute", "chat", spec={"models": ["chat"], "rules": [{"steps": steps}]}),
    ]
    return "\n---\n".join(json.dumps(each) for each in documents)


def call(base):
    body = {"model": "chat", "messages": [{"role": "user", "content": "Rain?"}]}
    headers = {"content-type": "application/json", "authorization": "Bearer sk-client"}
    request = urllib.request.Request(f"{base}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        answer.read()
        return answer.headers["x-wayleave-call-id"]


def wait(what, look):
    end = time.monotonic() + 60
    while not (seen := look()):
        if time.monotonic() > end:
            sys.exit(f"after a minute there was still not: {what}")
        time.sleep(0.05)
    return seen


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        clickhouse = ClickHouse(folder / "clickhouse")
        simulator, base = start_simulator(folder / "sim.log")
        (folder / "manifests").mkdir()
        (folder / "manifests" / "all.yaml").write_text(manifests(base))
        flags = ["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--output", "json"]
        flags += ["--ledger-spool", str(folder / "spool"), "--ledger-clickhouse", serve(clickhouse)]
        flags += ["--ledger-clickhouse-migrate"]
        plane = Process(["ext-proc", "-f", str(folder / "manifests"), *flags], folder / "plane.log")
        ready = json.loads(plane.first_line)
        try:
            answered = {call(f"http://{ready['http']}") for _ in range(CALLS)}
            statement = "SELECT * FROM wayleave_ledger FINAL"
            wait("every record", lambda: clickhouse.inserts and len(clickhouse.rows(statement)) >= CALLS * 2)
            with urllib.request.urlopen(f"http://{ready['admin']}/ledger?limit=10000") as page:
                ledger = {record["id"]: record for record in json.load(page)}
            rows = {row["id"]: row for row in clickhouse.rows(statement)}
        finally:
            plane.stop()
            simulator.stop()
        assert {row["call"] for row in rows.values() if row["kind"] == "call"} == answered
        assert rows.keys() == ledger.keys(), (len(rows), len(ledger))
        for name, row in rows.items():
            for column in ("call", "client", "class", "status", "model_asked", "reason", "attempts"):
                assert row[column] == ledger[name].get(column), (column, row, ledger[name])
            assert int(row["cost_ticks"]) == ledger[name]["cost_ticks"], row
        # The same rows once more collapse.
        before = len(rows)
        clickhouse.ask("INSERT INTO wayleave_ledger SELECT * FROM wayleave_ledger")
        assert len(clickhouse.rows(statement)) == before
        version = clickhouse.ask("SELECT version()").strip()
        print(f"ClickHouse {version} takes the ledger's table and its rows: {before} of {CALLS} calls")


main()
# The module's threads do not like to be ended one by one.
sys.stdout.flush()
os._exit(0)
