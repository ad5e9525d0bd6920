"""A tool in a process of its own, which answers one job at a time."""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path


class Worker:
    """A process that may use `cores` cores and speaks lines of JSON."""

    def __init__(self, command, cores):
        with affinity(cores):
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.command = command
        # It says "ready" once everything is loaded.
        self.process.stdout.readline()

    def run(self, task, path, *, source="memory", repeat=1, output=None):
        """Times of one `task` in nanoseconds, and the bytes of its answer."""
        job = {"input": str(path), "task": task, "from": source, "repeat": repeat, "output": output and str(output)}
        print(json.dumps(job), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.command[0]} ended with {self.process.wait()} at {task} of {path}")
        return json.loads(line)

    def peak_bytes(self):
        """Most bytes that were resident so far. Not `ru_maxrss`, which starts with those of the parent."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def affinity(cores):
    """What starts within sees no more than `cores` cores, and sizes its pools of threads by that."""
    all_cores = os.sched_getaffinity(0)
    if len(all_cores) < cores:
        raise SystemExit(f"a job wants {cores} cores, and there are {len(all_cores)}")
    os.sched_setaffinity(0, sorted(all_cores)[-cores:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def peak_memory(command, task, path, cores):
    """Most bytes that are resident in a process that has loaded its code, and in one that has done `task` once
    with a file that it reads itself."""
    worker = Worker(command, cores)
    base = worker.peak_bytes()
    worker.run(task, path, source="file")
    peak = worker.peak_bytes()
    worker.close()
    return {"base_bytes": base, "peak_bytes": peak}
