"""The load: wrk, which sends one request after the other on each of its connections."""

import json
import subprocess
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "report.lua"
# A request that takes longer is an error.
TIMEOUT_SECONDS = 60


def drive(server, target, clients, seconds):
    """Returns rate, latencies, CPU time and peak memory of `server` while `clients` request `target`."""
    threads = min(clients, 2)
    url = f"http://127.0.0.1:{server.port}{target}"
    command = ["wrk", "-t", threads, "-c", clients, "-d", f"{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
    command = [str(word) for word in (*command, "-s", SCRIPT, url)]
    server.tree.reset_peak()
    cpu, wall = server.tree.cpu_seconds(), time.monotonic()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu, wall = server.tree.cpu_seconds() - cpu, time.monotonic() - wall
    counts = json.loads(output.splitlines()[-1])
    return {
        "rate": counts["requests"] / counts["us"] * 1e6,
        "p50_ms": counts["p50_us"] / 1000,
        "p99_ms": counts["p99_us"] / 1000,
        "cores": cpu / wall,
        "peak_bytes": server.tree.peak_bytes(),
        "errors": counts["status_errors"] + counts["socket_errors"],
    }
