"""Runs the simulator and the gateway as processes, as a user would."""

import json
import os
import pathlib
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program():
    """The wayleave program: WAYLEAVE_BIN, else the one that cargo built."""
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    path = pathlib.Path(os.environ.get("WAYLEAVE_BIN") or pathlib.Path(target) / "debug" / "wayleave")
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}: cargo build -p wayleave-cli, or set WAYLEAVE_BIN")
    return str(path)


class Process:
    """A process whose first line on stdout says that it is ready. Its stderr goes to a file."""

    def __init__(self, arguments, log):
        self.log = pathlib.Path(log)
        with self.log.open("w") as stderr:
            self._process = subprocess.Popen(
                [program(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        # A process that neither starts nor ends is ended: then its stdout ends, too.
        patience = threading.Timer(60, self._process.kill)
        patience.start()
        self.first_line = self._process.stdout.readline()
        patience.cancel()
        if not self.first_line:
            self.stop()
            raise RuntimeError(f"`wayleave {arguments[0]}` did not start:\n{self.log.read_text()}")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_simulator(log):
    """The simulated provider: its process and its base URL."""
    process = Process(["sim", "--listen", "127.0.0.1:0"], log)
    return process, process.first_line.split()[-1]


def start_gateway(manifests, log):
    """The gateway: its process, and the URLs for calls and for its administration."""
    listen = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    process = Process(["up", "-f", str(manifests), *listen, "--output", "json"], log)
    ready = json.loads(process.first_line)
    return process, f"http://{ready['address']}", f"http://{ready['admin']}"
