"""A tool in a separate process, which runs one job at a time."""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path


class Worker:
    """A process that may use `cores` cores; jobs and results are lines of JSON."""

    def __init__(self, command, cores):
        with affinity(cores):
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.command = command
        # It prints "ready" when everything is loaded.
        self.process.stdout.readline()

    def run(self, task, path, *, source="memory", repeat=1, output=None):
        """Returns the times of one `task` in nanoseconds, and the size of its result in bytes."""
        job = {"input": str(path), "task": task, "from": source, "repeat": repeat, "output": output and str(output)}
        print(json.dumps(job), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.command[0]} exited with {self.process.wait()} during {task} of {path}")
        return json.loads(line)

    def peak_bytes(self):
        """Returns the peak resident memory in bytes. Not `ru_maxrss`, which starts with the value of the parent."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def affinity(cores):
    """Limits processes that start in this context to `cores` cores, so that their thread pools have that size."""
    all_cores = os.sched_getaffinity(0)
    if len(all_cores) < cores:
        raise SystemExit(f"a job needs {cores} cores, but this machine has {len(all_cores)}")
    os.sched_setaffinity(0, sorted(all_cores)[-cores:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def peak_memory(command, task, path, cores):
    """Returns the peak resident memory in bytes of a process that has only loaded its code, and of one that has run
    `task` once with a file that it reads itself."""
    worker = Worker(command, cores)
    base = worker.peak_bytes()
    worker.run(task, path, source="file")
    peak = worker.peak_bytes()
    worker.close()
    return {"base_bytes": base, "peak_bytes": peak}
