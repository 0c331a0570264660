"""The runs of a round: a load each on a daemon of its own, and their figures round by round."""
import os
from dataclasses import dataclass, field

import configurations
from programs import ROOT, Failure
from daemon import Daemon

BATCH = 500  # events between two acks
WINDOW = 8  # batches on their way
WARM_UP = 20_000  # events
LIMIT_EVENTS = 200_000
CLIENTS = 64  # where acks are timed
BUSY = {"rate": 100_000, "batch": 10}
QUIET = {"rate": 5_000, "batch": 1}  # as Docker sends with fluentd-request-ack
CONNECTIONS = 1000
TAGS = 1000
OTHERS = 50  # filters for other tags


def binary():
    return os.path.abspath(os.environ.get("SLUICE_BIN", os.path.join(ROOT, ".build", "release", "sluice")))


@dataclass(frozen=True)
class Load:
    """As fast as it is taken (loadgen.c)."""
    events: int
    mode: str = "packed"
    batch: int = BATCH
    window: int = WINDOW
    connections: int = 1
    tags: int = 0
    fields: int = 0
    program = "loadgen"

    def words(self, port):
        # Every connection sends two batches at least.
        events = max(self.events, 2 * self.batch * self.connections)
        return [port, self.mode, events, self.batch, self.window, self.connections, self.tags, self.fields]


@dataclass(frozen=True)
class Paced:
    """At `rate` events a second from CLIENTS (pacer.c), an ack for each `batch`."""
    events: int
    rate: int
    batch: int
    program = "pacer"

    def words(self, port):
        return [port, self.events, self.rate, CLIENTS, self.batch]


@dataclass
class Run:
    """`text` is the configuration for (port of the sink or None, folder); `load` the words of Load but for the events."""
    name: str
    text: object
    load: dict = field(default_factory=dict)
    threads: int = None
    delivers: bool = True
    share: float = 1  # of the events of an ordinary run
    pace: dict = None  # the words of Paced, in the place of Load's
    limit: bool = False  # limit-net in place of the daemon
    beside_limit: bool = False  # limit.c is measured at once before it

    def command(self, programs):
        def words(port, sink, folder):
            if self.limit:
                return [programs("limit-net"), str(port), str(sink)]
            path = os.path.join(folder, "sluice.conf")
            with open(path, "w") as file:
                file.write(configurations.source(port, self.threads) + self.text(sink, folder))
            return [binary(), "run", "-c", path]
        return words

    def start(self, programs, environment=None, name=None):
        return Daemon(name or self.name, programs, self.command(programs), self.delivers, not self.limit, environment)

    def sized(self, events):
        events = int(events * self.share)
        return Paced(events, **self.pace) if self.pace else Load(events, **self.load)

    def warm_up(self):
        return Load(WARM_UP, **self.load)


def to_elasticsearch(filters, in_files=False):
    return lambda sink, folder: filters + configurations.elasticsearch(sink, f"{folder}/buffer" if in_files else None)


def to_nothing(filters):
    return lambda sink, folder: filters + configurations.NULL


def all_runs():
    pipeline, lines = configurations.pipeline(), configurations.JSON_LINES
    others = configurations.filters_of_others(OTHERS)
    message, tagged = {"mode": "message"}, {"mode": "message", "batch": TAGS}
    filters = dict(text=to_nothing(pipeline), delivers=False, share=2)
    # Events a second, and no event waits for anybody: more of them, so that it takes a second.
    loops = {**filters, "share": 4}
    # What is held against each other stands side by side.
    return [
        Run("limit-net", None, limit=True, beside_limit=True),
        Run("es-packed", to_elasticsearch(pipeline), beside_limit=True),
        Run("file-buffer", to_elasticsearch(pipeline, in_files=True)),
        Run("es-message", to_elasticsearch(pipeline), message, beside_limit=True),
        Run("connections", to_elasticsearch(pipeline), {**message, "batch": 50, "window": 2, "connections": CONNECTIONS}),
        Run("filters", **filters, beside_limit=True),
        Run("no-filters", to_elasticsearch(""), beside_limit=True),
        Run("decoding", to_nothing(""), delivers=False, share=4, beside_limit=True),
        Run("one-loop-four", **loops, load={"connections": 4}, threads=1),
        Run("two-loops-four", **loops, load={"connections": 4}, threads=2),
        Run("one-loop-hot", **loops, threads=1),
        Run("two-loops-hot", **loops, threads=2),
        Run("one-tag", to_elasticsearch(lines), {**tagged, "tags": 1}, share=0.5),
        Run("many-tags", to_elasticsearch(lines), {**tagged, "tags": TAGS}, share=0.5),
        Run("other-filters", to_elasticsearch(others + lines), {**tagged, "tags": 1}, share=0.5),
        Run("five-fields", to_elasticsearch(lines), {"tags": 1, "fields": 5}, share=0.5),
        Run("fifty-fields", to_elasticsearch(lines), {"tags": 1, "fields": 50, "batch": 100}, share=0.2),
        Run("acks", to_elasticsearch(pipeline), message, share=0.3, pace=BUSY),
        Run("single-acks", to_elasticsearch(pipeline), message, share=0.02, pace=QUIET),
    ]


def run_named(name):
    return next(run for run in all_runs() if run.name == name)


class Results:
    """The figures of the runs. A run that failed has none, only what happened."""

    def __init__(self):
        self.rounds = {}

    def add(self, name, figures):
        self.rounds.setdefault(name, []).append(figures)

    def of(self, run, key):
        return [figures[key] for figures in self.rounds[run]]

    def ratios(self, run, base, key="cpu_ns"):
        """Of two runs, round by round: what else the machine did fell on both alike."""
        return [a / b for a, b in zip(self.of(run, key), self.of(base, key))]


def limit_cost(programs):
    """CPU nanoseconds an event of limit.c, which is the measure of the others."""
    answer = programs.answer("limit", LIMIT_EVENTS)
    if answer["unmatched"]:
        raise Failure(f"limit.c: {answer['unmatched']} lines without a match")
    return answer["seconds"] / answer["events"] * 1e9
