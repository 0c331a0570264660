"""A real Kafka broker, which can be killed and started again in its place, and kcat to look into its topics."""
import os, signal, subprocess, tempfile, threading

from harness import Skip, end_process, free_port, need_program, shared_folder, wait_until

START_SECONDS = 60


class Broker:
    """One broker that is its own controller. A context: whatever happens, no process stays."""

    def __init__(self, *settings):
        servers = shared_folder("servers")
        if not servers or not os.path.isdir(os.path.join(servers, "kafka")):
            raise Skip("no Kafka: SLUICE_TEST_SERVERS names a folder with 'start' and 'kafka'")
        need_program("java", "default-jre-headless")
        need_program("kcat", "kcat")
        self.start_script, self.settings = os.path.join(servers, "start"), settings
        self.folder = tempfile.mkdtemp(prefix="kafka-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
        # The controller has the next port.
        self.port = free_port(2)
        self.address, self.process = f"127.0.0.1:{self.port}", None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process:
            end_process(self.process, 20)

    def start(self):
        self.process = subprocess.Popen([self.start_script, "kafka", str(self.port), self.folder, *self.settings],
                                        stdout=subprocess.PIPE, text=True)
        # Reads on, so that the script is never held by a full pipe.
        lines, ready = [], threading.Event()

        def read(stream):
            for line in stream:
                lines.append(line)
                ready.set()
            ready.set()

        threading.Thread(target=read, args=(self.process.stdout,), daemon=True).start()
        if not (ready.wait(START_SECONDS) and lines and lines[0].startswith("ready")):
            # A broker that is not ready in time ends, too: the test that asked for it is over.
            end_process(self.process, 20)
            with open(f"{self.folder}/server.log", errors="replace") as log:
                raise AssertionError(f"Kafka is not ready; the end of its log:\n{log.read()[-3000:]}")
        return self

    def kill(self):
        """SIGKILL to the broker itself; returns when its port is free."""
        children = open(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.process.wait(10)
        wait_until(lambda: not self.answers(), 10, "the killed broker's port is still taken")

    def answers(self):
        from harness import accepts

        return accepts(self.port)

    def messages(self, topic, form="%s"):
        """What is in a topic now, a line each; nothing while it does not exist or no broker answers."""
        try:
            result = subprocess.run(["kcat", "-b", self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q",
                                     "-X", "isolation.level=read_uncommitted", "-f", form + "\n"], capture_output=True,
                                    text=True, timeout=20)
        except subprocess.TimeoutExpired:
            return []
        return result.stdout.splitlines() if result.returncode == 0 else []

    def produce(self, topic, lines, *options):
        subprocess.run(["kcat", "-b", self.address, "-P", "-t", topic, "-X", "batch.size=100000",
                        *options], input="\n".join(lines) + "\n",
                       text=True, check=True, timeout=30, capture_output=True)
