"""A program under load, and what the kernel says about it."""
import os, re, signal, subprocess, time

from programs import Failure, Sink, end, free_port, wait_for_port

STRAYS_SECONDS = 0.2  # for documents that should not come


class Daemon:
    """One process, from its start to its end, with a sink of its own when it delivers.

    `command` makes the words of the process from (port, sink's port or None, folder); with `flushes` it delivers all that it
    has on SIGUSR1.
    """

    def __init__(self, name, programs, command, delivers, flushes=True, environment=None):
        self.name, self.programs, self.flushes = name, programs, flushes
        self.folder = os.path.join(programs.folder, "daemons", name)
        os.makedirs(self.folder, exist_ok=True)
        self.process, self.sink = None, None
        try:
            self.sink = Sink(programs) if delivers else None
            self.port = free_port()
            words = command(self.port, self.sink and self.sink.port, self.folder)
            with open(self.log_path, "wb") as log:
                started = time.monotonic()
                self.process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                                                env={**os.environ, "STATE_DIRECTORY": f"{self.folder}/state",
                                                     **(environment or {})})
            wait_for_port(self.port, self.process, name)
            self.ready_ms = (time.monotonic() - started) * 1000
        except Failure as failure:
            self.end()
            raise Failure(f"{failure}{self.last_words()}") from None

    @property
    def log_path(self):
        return os.path.join(self.folder, "log")

    def last_words(self):
        """The end of its log, for a message."""
        try:
            with open(self.log_path, errors="replace") as file:
                lines = file.read().strip().splitlines()[-3:]
        except OSError:
            return ""
        return "".join(f"\n    {line[:300]}" for line in lines)

    def end(self):
        if self.process:
            end(self.process)
        if self.sink:
            self.sink.end()

    # MARK: - A run

    def run(self, load):
        """Sends a load and waits for the end of it. Figures: events, seconds, cpu (s), and what the generator says."""
        try:
            return self.measured(load)
        except Failure as failure:
            raise Failure(f"{failure}{self.last_words()}") from None

    def measured(self, load):
        before, cpu = self.sink.stats()["docs"] if self.sink else 0, self.cpu()
        sent = self.programs.answer(load.program, *load.words(self.port))
        events, seconds = sent["events"], sent["seconds"]
        if self.sink:
            # What is delivered is the daemon's work, how long it lets a chunk grow is its configuration's.
            if self.flushes:
                self.process.send_signal(signal.SIGUSR1)
            stats = self.sink.wait_for(before + events)
            seconds = stats["t_last"] - sent["t0"]
        cpu = self.cpu() - cpu
        if self.sink:
            time.sleep(STRAYS_SECONDS)
            seen = self.sink.stats()["docs"] - before
            if seen != events:
                raise Failure(f"{events:,} events were acknowledged and {seen:,} delivered")
        return {**sent, "seconds": seconds, "cpu": cpu, "cpu_ns": cpu / events * 1e9, "events_per_s": events / seconds,
                "cores": cpu / seconds, "generator_cores": sent["own_cpu"] / seconds}

    # MARK: - What the kernel says

    def cpu(self):
        """CPU seconds so far, of all threads: the kernel's process clock, exact to nanoseconds."""
        if self.process.poll() is not None:
            raise Failure(f"the process ended with status {self.process.returncode}")
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def proc(self, name):
        with open(f"/proc/{self.process.pid}/{name}") as file:
            return file.read()

    def peak_mb(self):
        return int(re.search(r"VmHWM:\s+(\d+)", self.proc("status")).group(1)) / 1024

    def memory_mb(self, kind):
        """`Rss` or `Anonymous`, now."""
        return int(re.search(rf"^{kind}:\s+(\d+)", self.proc("smaps_rollup"), re.MULTILINE).group(1)) / 1024

    def switches(self):
        """For each thread, how often the kernel has taken the processor from it, of its own will or not."""
        return {task: sum(int(count) for count in re.findall(r"ctxt_switches:\s+(\d+)", self.proc(f"task/{task}/status")))
                for task in os.listdir(f"/proc/{self.process.pid}/task")}
