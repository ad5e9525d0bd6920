"""The servers: how each is started, and the address of each job."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from usage import Tree
from worker import affinity

HERE = Path(__file__).resolve().parents[1]
PROGRAMS, NODE, THUMBOR = (Path(os.environ[key]) for key in ("SERVERS_PROGRAMS", "SERVERS_NODE", "SERVERS_THUMBOR"))
QUALITY = 80
START_SECONDS = 30


def safelight(folder, port, _scratch, _cores):
    return [str(PROGRAMS / "safelight"), "serve", str(folder), "--listen", f"127.0.0.1:{port}", "--log", "warn"]


def ipx(folder, port, _scratch, _cores):
    return ["node", str(NODE / "ipx.mjs"), str(folder), str(port)]


def thumbor(folder, port, scratch, cores):
    conf = scratch / "thumbor.conf"
    conf.write_text((HERE / "thumbor.conf").read_text() + f"FILE_LOADER_ROOT_PATH = {str(folder)!r}\n")
    program = [str(THUMBOR / "bin/python"), str(THUMBOR / "bin/thumbor")]
    return [*program, "--conf", str(conf), "--ip", "127.0.0.1", "--port", str(port), "--processes", str(cores)]


def nginx(folder, port, scratch, cores):
    conf = (HERE / "nginx.conf").read_text()
    for word, value in (("PORT", port), ("FOLDER", folder), ("SCRATCH", scratch)):
        conf = conf.replace(word, str(value))
    conf = conf.replace("worker_processes 2", f"worker_processes {cores}")
    # Its master process changes the user of the workers if it is root.
    if os.getuid() == 0:
        conf = "user root;\n" + conf
    (scratch / "nginx.conf").write_text(conf)
    return ["nginx", "-p", str(scratch), "-c", str(scratch / "nginx.conf")]


COMMANDS = {"safelight": safelight, "ipx": ipx, "thumbor": thumbor, "nginx": nginx}

# The address of a transform of `name` to `w` x `h`.
TRANSFORMS = {
    "safelight": "/{name}?width={w}&height={h}&fit=fill&format=jpeg&quality={q}",
    "ipx": "/f_jpeg,q_{q},fit_fill,s_{w}x{h}/{name}",
    "thumbor": "/unsafe/{w}x{h}/filters:stretch():quality({q}):format(jpeg)/{name}",
}


def address(server, job, path):
    """Returns the path and query of `job` on `server`."""
    if job.get("task") == "strip":
        return f"/{path.name}"
    return TRANSFORMS[server].format(name=path.name, w=job["width"], h=job["height"], q=QUALITY)


class Server:
    """A running server with the images of `folder`, on the last `cores` cores."""

    def __init__(self, name, folder, scratch, cores):
        self.name = name
        self.port = free_port()
        scratch = scratch / f"{name}-{self.port}"
        scratch.mkdir()
        self.log = (scratch / "output.log").open("w+")
        command = COMMANDS[name](folder, self.port, scratch, cores)
        with affinity(cores):
            self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=scratch)
        self.tree = Tree(self.process.pid)
        self.await_port()

    def await_port(self):
        """Waits until the server accepts connections."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                # No server tells when it listens in a way that all share.
                time.sleep(0.05)
        self.fail("does not accept connections")

    def fetch(self, target):
        """Returns the status and the body of one response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    def fail(self, problem):
        self.close()
        self.log.seek(0)
        print(self.log.read()[-2000:], file=sys.stderr)
        raise SystemExit(f"{self.name} {problem}; its output is above")

    def close(self):
        self.tree.terminate()
        self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
