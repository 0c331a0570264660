"""What is measured apart from the rounds: the start, a daemon with nothing to do, allocations, grok."""
import os, re, struct, subprocess, time

import configurations
from programs import HERE, Failure
from rows import measured
from runs import WARM_UP, Load, Run, binary, run_named, to_elasticsearch, to_nothing

PARSERS = 113
START_TARGET_MS = 60
COUNTED_EVENTS = 100_000


def start(programs, starts):
    """Milliseconds from the start of the process to its open port."""
    def figures():
        text, out = to_nothing(configurations.many_parsers(PARSERS)), []
        for number in range(starts):
            daemon = Run(f"start-{number}", text, delivers=False).start(programs)
            out.append(daemon.ready_ms)
            daemon.end()
        return {"start": out}

    return measured("start", "Start", [("start", f"to the open port, with {PARSERS} grok parsers", "ms", START_TARGET_MS)],
                    figures)


def idle(programs, seconds):
    """One that has done nothing yet and one that has delivered, after as many seconds of rest as are then counted."""
    def figures():
        pipeline, out = to_elasticsearch(configurations.pipeline()), {}
        daemons = []
        try:
            for name in ("fresh", "after-load"):
                daemons.append(Run(f"idle-{name}", pipeline).start(programs))
            daemons[1].run(Load(10 * WARM_UP))
            time.sleep(seconds)
            before, started = [daemon.switches() for daemon in daemons], time.monotonic()
            time.sleep(seconds)
            passed = time.monotonic() - started
            for daemon, count in zip(daemons, before):
                out[f"{daemon.name}-rss"] = [daemon.memory_mb("Rss")]
                out[f"{daemon.name}-anonymous"] = [daemon.memory_mb("Anonymous")]
                # A thread that has ended meanwhile is left out, and one that has begun counts from its beginning.
                woken = sum(now - count.get(thread, 0) for thread, now in daemon.switches().items())
                out[f"{daemon.name}-switches"] = [woken / passed]
        finally:
            for daemon in daemons:
                daemon.end()
        return out

    lines = []
    for name, when in (("fresh", "after the start"), ("after-load", "after a load")):
        lines += [(f"idle-{name}-rss", f"RSS {when}", "MB", 15),
                  (f"idle-{name}-anonymous", f"anonymous {when}", "MB", 4),
                  (f"idle-{name}-switches", f"wake-ups a second {when}", "a second", 1)]
    return measured("idle", f"Idle for {seconds} s", lines, figures)


def allocations_of(run, programs):
    """Allocations an event of a run's daemon, once warm: counted in a process of its own, since counting costs time."""
    counts = os.path.join(programs.folder, f"{run.name}.allocations")

    def count():
        with open(counts, "rb") as file:
            return struct.unpack("Q", file.read(8))[0]

    daemon = run.start(programs, {"LD_PRELOAD": programs("allocations"), "ALLOCATIONS_FILE": counts},
                       f"{run.name}-allocations")
    try:
        daemon.run(run.warm_up())
        before = count()
        events = daemon.run(Load(COUNTED_EVENTS, **run.load))["events"]
        return (count() - before) / events
    finally:
        daemon.end()


def allocations(programs):
    """The packed path allocates nothing in the steady state: what is shown as 0.00 lets a table grow now and then."""
    lines = [("es-packed", "pipeline to Elasticsearch, PackedForward", 0.005), ("filters", "filters only, PackedForward", 0.005),
             ("es-message", "pipeline to Elasticsearch, Message", None)]
    return measured("allocations", "Allocations an event, in the steady state",
                    [(f"{name}-allocations", what, "/event", target) for name, what, target in lines],
                    lambda: {f"{name}-allocations": [allocations_of(run_named(name), programs)] for name, _, _ in lines})


# MARK: - Grok

LAST_ALONE, LIST = "service/path, hit", "the same with SYSLOGLINE"


def grok_targets():
    """(name in the output of `grok`, target): a hit costs half of what PCRE2 takes, a miss that a literal decides a tenth."""
    return [("RUBY_LOGGER, hit", 0.5), ("COMBINEDAPACHELOG, hit", 0.5), ("service/event, hit", 0.5), (LAST_ALONE, 0.5),
            ("RUBY_LOGGER, miss", 0.1), ("COMBINEDAPACHELOG, miss", 0.1)]


def grok_table(seconds):
    """The table of the program `grok` beside this one: for each name, its cells by the words of the header."""
    done = subprocess.run([os.path.join(HERE, "grok")], capture_output=True, text=True,
                          env={**os.environ, "SLUICE_BIN": binary(), "BENCH_SECONDS": str(seconds)})
    if done.returncode:
        raise Failure(f"grok: {(done.stderr or done.stdout).strip()[-300:]}")
    header, *lines = (re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines() if line.strip())
    return {cells[0]: dict(zip(header[1:], cells[1:])) for cells in lines if len(cells) == len(header)}


def grok(seconds):
    """`seconds` for each expression."""
    def figures():
        table = grok_table(seconds)
        out = {name: [float(table[name]["match/C"])] for name, _ in grok_targets() if name in table}
        if LIST in table and LAST_ALONE in table:
            out[LIST] = [float(table[LIST]["match ns"]) / float(table[LAST_ALONE]["match ns"])]
        return out

    lines = [(name, f"{name}, as a multiple of PCRE2", "x", target) for name, target in grok_targets()]
    lines.append((LIST, "a list that begins with SYSLOGLINE, as a multiple of its last alone", "x", 1.3))
    return measured("grok", "Grok: a line", lines, figures)
