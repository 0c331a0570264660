"""What the integration tests share: the test table, the daemon under test, waiting, ports, a forward client."""
import contextlib, json, os, re, shutil, socket, struct, subprocess, tempfile, time

from ports import free_port  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SLUICE = os.path.abspath(os.environ.get("SLUICE_BIN", os.path.join(ROOT, ".build", "release", "sluice")))
CACHE = os.path.join(ROOT, ".build", "integration")  # what takes time to fetch; may be deleted

EVENT = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} [+-]\d{4}) (\S+): (\{.*\})$")


class Skip(Exception):
    """Raised where a part is missing: what, and how to get it."""


class Area:
    """The tests of one file. `needs` raises Skip; `setup` is a context whose value each test gets as its argument."""

    def __init__(self, name, needs=lambda: None, setup=contextlib.nullcontext):
        self.name, self.needs, self.setup, self.tests = name, needs, setup, []

    def test(self, sentence, seconds=30):
        def add(function):
            self.tests.append((function.__name__, sentence, seconds, function))
            return function

        return add


def shared_folder(name):
    """A folder of the workspace that a user's checkout does not have."""
    chosen = os.environ.get("SLUICE_TEST_SERVERS") if name == "servers" else None
    places = [chosen] if chosen else [os.path.join(ROOT, "..", "shared", name), os.path.join("/work/shared", name)]
    for place in places:
        if os.path.isdir(place):
            return os.path.abspath(place)
    return None


def need_program(name, package):
    if not (found := shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")):
        raise Skip(f"no {name}: apt-get install {package}")
    return found


def need_msgpack():
    try:
        import msgpack  # noqa: F401
    except ImportError:
        raise Skip("no msgpack for Python: pip install msgpack") from None


def wait_until(condition, seconds, what):
    """The first true value of `condition`. `what` may be a function, for a message that shows the state at the end."""
    end = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)


# MARK: - Ports

def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# MARK: - Processes

def end_process(process, seconds=10):
    """SIGTERM, and SIGKILL for one that does not listen."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class Daemon:
    """`sluice run` on a configuration of the test, with its standard output and its log in files.

    A context: whatever happens, no process stays. `start` after `stop` goes on in the same files.
    """

    def __init__(self, config, port=None, environment=None, options=()):
        self.folder = tempfile.mkdtemp(prefix="daemon-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
        self.config, self.port, self.options = os.path.join(self.folder, "sluice.conf"), port, list(options)
        self.environment = {**os.environ, "TZ": "UTC", "STATE_DIRECTORY": f"{self.folder}/state", **(environment or {})}
        self.out_path, self.log_path = os.path.join(self.folder, "out"), os.path.join(self.folder, "log")
        self.process = None
        with open(self.config, "w") as file:
            file.write(config)

    def __enter__(self):
        """Starts it, unless `launch` has."""
        try:
            return self if self.process else self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process:
            end_process(self.process)

    def launch(self):
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([SLUICE, "run", "-c", self.config, *self.options], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=log, env=self.environment, cwd=self.folder)
        return self

    def start(self, seconds=10):
        """Returns when the port accepts."""
        self.launch()
        if self.port:
            wait_until(lambda: self.process.poll() is not None or accepts(self.port), seconds,
                       lambda: f"nothing listens on port {self.port}; log:\n{self.log()}")
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with status {self.process.returncode}; log:\n{self.log()}")
        return self

    def stop(self, seconds=15):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {seconds} s after it should have ended; log:\n{self.log()}") from None

    def signal(self, number):
        self.process.send_signal(number)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def events(self, tag=None):
        """What the stdout output wrote, as (time, tag, record)."""
        out = []
        with open(self.out_path, encoding="utf-8") as file:
            for line in file:
                if (match := EVENT.match(line)) and tag in (None, match.group(2)):
                    out.append((match.group(1), match.group(2), json.loads(match.group(3))))
        return out

    def wait_for_events(self, count, tag=None, seconds=10):
        wait_until(lambda: len(self.events(tag)) >= count, seconds,
                   lambda: f"{len(self.events(tag))} of {count} events; log:\n{self.log()}")
        return self.events(tag)


def run_sluice(*arguments, text="", seconds=10, environment=None):
    """A short command of the program: its finished process, with output as text."""
    return subprocess.run([SLUICE, *arguments], input=text, capture_output=True, text=True, timeout=seconds,
                          env={**os.environ, "TZ": "UTC", **(environment or {})})


# MARK: - Configurations

def forward_source(port, more=""):
    return f"<source>\n  @type forward\n  bind 127.0.0.1\n  port {port}\n{more}</source>\n"


STDOUT = "<match **>\n  @type stdout\n</match>\n"


def elasticsearch_store(port, more="", buffer="flush_interval 1s\n"):
    """As in the issue, in today's spelling."""
    return f"""@type elasticsearch
    host 127.0.0.1
    port {port}
    logstash_format true
    logstash_prefix fluentd
    logstash_dateformat %Y%m%d
    include_tag_key true
    tag_key @log_name
    {more}
    <buffer>
      {buffer}
    </buffer>
"""


def default_filters():
    """Those of config/default.conf."""
    text = open(os.path.join(ROOT, "config", "default.conf")).read()
    return "".join(re.findall(r"^<filter.*?^</filter>\n", text, re.MULTILINE | re.DOTALL))


# MARK: - A forward client

def event_time(seconds, nanoseconds=0):
    import msgpack

    return msgpack.ExtType(0, struct.pack(">II", seconds, nanoseconds))


def packed(entries):
    import msgpack

    return b"".join(msgpack.packb([time, record]) for time, record in entries)


class ForwardClient:
    """Writes forward messages and waits for acks; `stream` replaces the socket, for TLS."""

    def __init__(self, port, stream=None):
        import msgpack

        self.stream = stream or socket.create_connection(("127.0.0.1", port), 5)
        self.stream.settimeout(10)
        self.unpacker, self.sent = msgpack.Unpacker(strict_map_key=False), 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def send(self, message):
        import msgpack

        self.stream.sendall(msgpack.packb(message))

    def receive(self):
        while True:
            for value in self.unpacker:
                return value
            if not (data := self.stream.recv(65536)):
                raise AssertionError("the daemon closed the connection")
            self.unpacker.feed(data)

    def deliver(self, tag, entries, **options):
        """One PackedForward message; returns when its ack has come."""
        self.sent += 1
        chunk = f"chunk-{self.sent}"
        self.send([tag, packed(entries), {"size": len(entries), "chunk": chunk, **options}])
        answer = self.receive()
        assert answer == {"ack": chunk}, f"ack of {chunk}: got {answer}"
