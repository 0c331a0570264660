"""The C programs of this folder, and the bulk server that counts documents."""
import json, os, resource, socket, subprocess, sys, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "Integration"))
from ports import free_port  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
PORT_SECONDS = 30  # for a program to listen
RUN_SECONDS = 120  # for the acks of a run
STALL_SECONDS = 15  # without a document, after which none is waited for


class Failure(Exception):
    """What could not be measured, or was lost: one sentence."""


class Programs:
    """Compiled on first use into a folder of the run."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        out = os.path.join(self.folder, name)
        if not os.path.exists(out):
            options = ["-shared", "-fPIC"] if name == "allocations" else ["-lpcre2-8"]
            command = ["cc", "-O3", "-march=native", "-pthread", os.path.join(HERE, name + ".c"), "-o", out, *options]
            if subprocess.run(command).returncode:
                raise Failure(f"cannot compile {name}.c; 'make deps' installs what it needs")
        return out

    def answer(self, name, *words, seconds=RUN_SECONDS):
        """What a program prints, which is one JSON object, and under `own_cpu` its CPU seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run([self(name), *map(str, words)], capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{name} has not ended within {seconds} s: not all acks came") from None
        if done.returncode:
            raise Failure(done.stderr.strip() or f"{name} ended with status {done.returncode}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {**json.loads(done.stdout), "own_cpu": own}


def wait_for_port(port, process, what):
    """Returns when the port accepts; looks every millisecond, as the time to it is a figure."""
    end = time.monotonic() + PORT_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failure(f"{what} ended with status {process.returncode} before its port opened")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.001)
    raise Failure(f"{what} did not open port {port} within {PORT_SECONDS} s")


def end(process):
    """SIGTERM, and SIGKILL for one that does not listen."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Sink:
    """sink.c at work."""

    def __init__(self, programs):
        self.port = free_port()
        self.process = subprocess.Popen([programs("sink"), str(self.port)])
        wait_for_port(self.port, self.process, "the sink")

    def stats(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/__stats", timeout=10) as answer:
            return json.load(answer)

    def wait_for(self, documents):
        """Its figures when so many documents are in, or none has come for long."""
        stats, seen_at = self.stats(), time.monotonic()
        while stats["docs"] < documents and time.monotonic() < seen_at + STALL_SECONDS:
            time.sleep(0.02)
            before, stats = stats, self.stats()
            if stats["docs"] > before["docs"]:
                seen_at = time.monotonic()
        return stats

    def end(self):
        self.process.kill()
        self.process.wait()
