"""CPU time and memory of a process and all its descendants, from /proc."""

import os
import re
import signal
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


class Tree:
    """The process `root` and its descendants."""

    def __init__(self, root):
        self.root = root

    def stats(self):
        """Returns the fields of /proc/PID/stat after the name, for each process of the tree."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                # The name is in parentheses, and may contain spaces.
                found[int(path.parent.name)] = path.read_text().rsplit(")", 1)[1].split()
            except OSError:
                # The process has exited.
                continue
        members = [self.root]
        for pid in members:
            members += [child for child, fields in found.items() if int(fields[1]) == pid]
        return {pid: found[pid] for pid in members if pid in found}

    def cpu_seconds(self):
        """Returns user and system time of the tree, including that of descendants that have exited."""
        return sum(int(ticks) for fields in self.stats().values() for ticks in fields[11:15]) * TICK

    def reset_peak(self):
        """Begins a new peak of resident memory (proc(5), clear_refs)."""
        for pid in self.stats():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_bytes(self):
        """Returns the sum of the peaks of resident memory: at least the peak of the sum. Shared pages count once for
        each process."""
        def peak(pid):
            status = Path(f"/proc/{pid}/status").read_text()
            return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024

        return sum(peak(pid) for pid, fields in self.stats().items() if fields[0] != "Z")

    def terminate(self):
        """Ends the tree, the root first, so that it starts no process again."""
        for pid in self.stats():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
