"""Runs each server in turn with the same images, and drives it with wrk. ../README.md describes the measurements."""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import quality
import report
import sources
from load import drive
from servers import COMMANDS, HERE, NODE, PROGRAMS, THUMBOR, Server, address

CORES = 2
WARM_SECONDS = 1
WARM_CLIENTS = 8


def main():
    options = arguments()
    jobs = selected(options)
    results = {"settings": settings(options), "jobs": []}
    with TemporaryDirectory(prefix="safelight-servers-") as scratch:
        scratch = Path(scratch)
        folder = scratch / "images"
        folder.mkdir()
        for job in jobs:
            print(job["name"], file=sys.stderr, flush=True)
            results["jobs"].append(measure(job, folder, scratch, options))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "servers.json").write_text(json.dumps(results, indent=1) + "\n")
    table = report.markdown(results)
    (options.out / "servers.md").write_text(table)
    print(table)


def arguments():
    names = lambda text: text.split(",")
    numbers = lambda text: [int(number) for number in text.split(",")]
    parser = argparse.ArgumentParser(description="Prints the rates and latencies of servers side by side.")
    parser.add_argument("--out", type=Path, required=True, help="folder for servers.md and servers.json")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; default 3")
    parser.add_argument("--seconds", type=int, default=15, help="duration of one measurement in seconds; default 15")
    parser.add_argument("--jobs", type=names, help="names of jobs, separated by commas; default all")
    parser.add_argument("--servers", type=names, help="names of servers, separated by commas; default all")
    parser.add_argument("--clients", type=numbers, default=[1, 8, 64, 256], help="numbers of clients; default 1,8,64,256")
    return parser.parse_args()


def selected(options):
    """Returns the jobs to run, each with its servers to run."""
    jobs = tomllib.loads((HERE / "jobs.toml").read_text())["job"]
    unknown = set(options.jobs or []) - {job["name"] for job in jobs}
    if unknown:
        raise SystemExit(f"unknown job {', '.join(sorted(unknown))}: jobs.toml lists the jobs")
    unknown = set(options.servers or []) - set(COMMANDS)
    if unknown:
        raise SystemExit(f"unknown server {', '.join(sorted(unknown))}: expected {', '.join(COMMANDS)}")
    jobs = [job for job in jobs if not options.jobs or job["name"] in options.jobs]
    for job in jobs:
        job["servers"] = [name for name in job["servers"] if not options.servers or name in options.servers]
    return [job for job in jobs if job["servers"]]


def measure(job, folder, scratch, options):
    path = sources.link(job["source"], folder)
    responses = {}
    rounds = {clients: {name: [] for name in job["servers"]} for clients in options.clients}
    for number in range(options.rounds):
        first = number % len(job["servers"])
        for name in job["servers"][first:] + job["servers"][:first]:
            server = Server(name, folder, scratch, CORES)
            try:
                target = address(name, job, path)
                if name not in responses:
                    responses[name] = check(server, target, job, path, scratch)
                drive(server, target, WARM_CLIENTS, WARM_SECONDS)
                for clients in options.clients:
                    rounds[clients][name].append(drive(server, target, clients, options.seconds))
            finally:
                server.close()
    return {
        "name": job["name"],
        "text": f"{path.name}, {path.stat().st_size} bytes: {what(job)}.",
        "responses": {name: responses[name] for name in job["servers"]},
        "clients": {str(clients): report.summary(runs) for clients, runs in rounds.items()},
        "rounds": rounds,
    }


def what(job):
    if job.get("task") == "strip":
        return "without its metadata; nginx sends the file as it is"
    return f"{job['width']} x {job['height']}, JPEG of quality 80"


def check(server, target, job, path, scratch):
    """Returns the status, the size and the quality of one response, which must be an image of the right size."""
    status, body = server.fetch(target)
    if status != 200:
        server.fail(f"responds to {target} with {status}")
    response = {"status": status, "bytes": len(body)}
    answer = scratch / f"answer-{server.name}.jpg"
    answer.write_bytes(body)
    if job.get("task") == "strip":
        if not quality.is_same_picture(answer, path):
            server.fail(f"responds to {target} with other pixels")
        return response
    return response | quality.measure(answer, path, (job["width"], job["height"]), PROGRAMS / "score", scratch)


def settings(options):
    def said(*command, folder=HERE):
        done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, cwd=folder)
        # nginx and wrk print their versions to standard error and standard output, respectively.
        return (done.stdout + done.stderr).strip()

    def version(package):
        return json.loads((NODE / "node_modules" / package / "package.json").read_text())["version"]

    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    commit = said("git", "rev-parse", "--short", "HEAD")
    # The folder may contain earlier measurements.
    if said("git", "status", "--porcelain", "--", ":(top)", ":(top,exclude)benches/runs"):
        commit += " with changes"
    thumbor = said(THUMBOR / "bin/python", "-c", "import thumbor, PIL; print(thumbor.__version__ + ', Pillow ' + PIL.__version__)")
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "processor": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "cores": CORES,
        "load when it began": f"{os.getloadavg()[0]:.1f}",
        "safelight": f"{said('rustc', '--version')}, profile {os.environ['SERVERS_PROFILE']}",
        "ipx": f"{version('ipx')}, sharp {version('sharp')}, Node.js {said('node', '--version')}",
        "thumbor": f"{thumbor}, {CORES} processes",
        "nginx": said("nginx", "-v").removeprefix("nginx version: "),
        "seconds": options.seconds,
        "rounds": options.rounds,
        "command": f"benches/servers/run {' '.join(sys.argv[1:])}",
    }


if __name__ == "__main__":
    main()
