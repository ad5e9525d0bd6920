"""Runs sharp, Pillow and Safelight in rotation on the same inputs. ../README.md describes the measurements."""

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

import inputs
import numpy
import PIL
import quality
import report
from worker import Worker, peak_memory

PEERS = Path(__file__).resolve().parents[1]
# Duration of a measurement: long enough for the resolution of clocks and the effects of schedulers.
MEASUREMENT_NS = 50_000_000
MAX_REPEATS = 2000

# Prepared by ../run.
PROGRAMS, NODE, INPUTS = (Path(os.environ[key]) for key in ("PEERS_PROGRAMS", "PEERS_NODE", "PEERS_INPUTS"))
PROFILE = os.environ["PEERS_PROFILE"]
COMMANDS = {
    "sharp": ["node", str(NODE / "sharp.mjs")],
    "Pillow": [sys.executable, str(PEERS / "workers/pillow.py")],
    "Safelight": [str(PROGRAMS / "worker")],
}


def main():
    options = arguments()
    jobs = tomllib.loads((PEERS / "jobs.toml").read_text())["job"]
    if options.jobs:
        unknown = set(options.jobs) - {job["name"] for job in jobs}
        if unknown:
            raise SystemExit(f"unknown job {', '.join(sorted(unknown))}: jobs.toml lists the jobs")
        jobs = [job for job in jobs if job["name"] in options.jobs]
    paths = {job["input"]: inputs.find(job["input"], INPUTS) for job in jobs}
    commands = COMMANDS
    if options.before:
        # The first tool is the base of the ratios.
        commands = {"before": [str(options.before)], "Safelight": COMMANDS["Safelight"]}
    results = {"settings": settings(options), "jobs": []}
    workers = {}
    with TemporaryDirectory() as scratch:
        for job in jobs:
            cores = job.get("cores", 1)
            if cores not in workers:
                workers[cores] = {tool: Worker(command, cores) for tool, command in commands.items()}
            print(job["name"], file=sys.stderr, flush=True)
            result = measure(job, paths[job["input"]], commands, workers[cores], options.rounds, Path(scratch))
            results["jobs"].append(result)
    for of_cores in workers.values():
        for worker in of_cores.values():
            worker.close()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "peers.json").write_text(json.dumps(results, indent=1) + "\n")
    table = report.markdown(results)
    (options.out / "peers.md").write_text(table)
    print(table)


def arguments():
    parser = argparse.ArgumentParser(description="Prints sharp, Pillow and Safelight side by side.")
    parser.add_argument("--out", type=Path, required=True, help="folder for peers.md and peers.json")
    parser.add_argument("--rounds", type=int, default=11, help="number of rounds; default 11")
    parser.add_argument("--jobs", type=lambda names: names.split(","), help="names of jobs, separated by commas; default all")
    parser.add_argument("--before", type=Path, help="worker of an earlier build, to compare with instead of sharp and Pillow")
    return parser.parse_args()


def measure(job, path, commands, workers, rounds_wanted, scratch):
    cores = job.get("cores", 1)
    kind = job.get("task", "transform")
    task = {"kind": kind}
    size = None
    if kind == "transform":
        size = (job["width"], job["height"])
        task |= {"width": size[0], "height": size[1], "format": job["format"], "quality": job.get("quality")}

    tools = list(workers)
    answers = {tool: scratch / tool for tool in tools}
    repeats = {}
    for tool, worker in workers.items():
        # The first run loads and compiles; the second gives the duration of one.
        worker.run(task, path, output=answers[tool])
        once = worker.run(task, path)["wall_ns"]
        repeats[tool] = min(max(MEASUREMENT_NS // max(once, 1), 1), MAX_REPEATS)
    rounds = {tool: [] for tool in tools}
    for number in range(rounds_wanted):
        first = number % len(tools)
        for tool in tools[first:] + tools[:first]:
            rounds[tool].append(workers[tool].run(task, path, repeat=repeats[tool]))

    results = report.summary(rounds)
    for tool, result in results.items():
        result["bytes"] = rounds[tool][0]["bytes"]
        if size:
            result |= quality.measure(answers[tool], path, size, PROGRAMS / "score", scratch)
        elif kind == "strip":
            result["is_lossless"] = quality.is_same_picture(answers[tool], path)
        result |= peak_memory(commands[tool], task, path, cores)
    return {"name": job["name"], "text": describe(job, path, kind), "tools": results, "rounds": rounds}


def describe(job, path, kind):
    source = f"{path.name}, {path.stat().st_size} bytes"
    with PIL.Image.open(path) as picture:
        source += f", {picture.width} x {picture.height}"
    what = {"strip": "without its metadata", "show": "its EXIF as JSON"}.get(kind)
    if not what:
        what = f"{job['width']} x {job['height']} {job['format']}"
        what += f" of quality {job['quality']}" if "quality" in job else ""
    cores = job.get("cores", 1)
    return f"{source}: {what}; {cores} core{'s' if 1 < cores else ''}."


def settings(options):
    def said(*command, folder=PEERS):
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.strip()

    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    versions = json.loads(
        said("node", "-p", "JSON.stringify(require('sharp').versions)", folder=NODE)
    )
    parts = [f"{name} {versions[name]}" for name in ("vips", "mozjpeg", "webp", "aom", "heif", "zlib-ng") if name in versions]
    commit = said("git", "rev-parse", "--short", "HEAD")
    # The folder may contain earlier measurements.
    if said("git", "status", "--porcelain", "--", ":(top)", ":(top,exclude)benches/runs"):
        commit += " with changes"
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "processor": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "load when it began": f"{os.getloadavg()[0]:.1f}",
        "Safelight": f"{said('rustc', '--version')}, profile {PROFILE}",
        "sharp": f"{versions['sharp']} ({', '.join(parts)}), Node.js {said('node', '--version')}, cache off",
        "Pillow": f"{PIL.__version__}, Python {platform.python_version()}, numpy {numpy.__version__} for the reference",
        "rounds": options.rounds,
        "command": f"benches/peers/run {' '.join(sys.argv[1:])}",
    }


if __name__ == "__main__":
    main()
