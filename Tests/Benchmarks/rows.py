"""The rows of the table, from the figures of the runs."""
from programs import Failure
from runs import BUSY, CLIENTS, CONNECTIONS, OTHERS, QUIET, TAGS
from table import Row

COST = "CPU an event, as a multiple of limit.c"
MEMORY = "Peak memory (RSS), the sink keeping up"
CORES = "Cores: events/s as a multiple of one loop's"
MANY = "CPU an event, as a multiple of the plain case"


def rows_of_runs(results, errors, measured):
    """The rows whose runs were all `measured`; `errors` says by run what went wrong."""
    def make(runs, name, group, what, unit, figures, target=None, at_least=False):
        if not all(run in measured for run in runs):
            return None
        error = next((f"{run}: {errors[run]}" for run in runs if run in errors), None)
        return Row(name, group, what, unit, [] if error else figures(), target, at_least, error)

    def cost(run, what, target):
        return make([run], run, COST, what, "x", lambda: results.of(run, "times_limit"), target)

    def memory(run, what, target=64):
        return make([run], f"{run}-memory", MEMORY, what, "MB", lambda: [max(results.of(run, "peak_mb"))], target)

    def against(run, base, what, target, key="cpu_ns", group=MANY, at_least=False):
        return make([run, base], f"{run}-of-{base}", group, what, "x", lambda: results.ratios(run, base, key), target, at_least)

    def alone(run, key, name, group, what, unit, target=None):
        return make([run], name, group, what, unit, lambda: results.of(run, key), target)

    def paced(pace):
        each = f"an ack for {pace['batch']} messages" if pace["batch"] > 1 else "an ack for each"
        return f"Acks: {CLIENTS} connections, Message, {pace['rate']:,} events a second, {each}"

    limits = [figures["limit_ns"] for rounds in results.rounds.values() for figures in rounds if "limit_ns" in figures]
    rows = [
        Row("limit", "The machine", "limit.c, CPU an event", "ns", limits) if limits else None,
        cost("limit-net", "limit-net: the same with sockets", None),
        cost("es-packed", "pipeline to Elasticsearch, PackedForward", 1.8),
        cost("es-message", "pipeline to Elasticsearch, Message", 2.0),
        cost("filters", "filters only, PackedForward", 1.1),
        cost("no-filters", "no filters to Elasticsearch, PackedForward", 1.25),
        cost("decoding", "decoding only, PackedForward", None),
        alone("limit-net", "events_per_s", "limit-net-speed", "Events a second", "limit-net, PackedForward", "/s"),
        alone("es-packed", "events_per_s", "es-speed", "Events a second", "pipeline to Elasticsearch, PackedForward", "/s"),
        against("es-packed", "limit-net", "the same, as a multiple of limit-net's", 1.0, "events_per_s", "Events a second", True),
        memory("es-packed", "pipeline to Elasticsearch, PackedForward"),
        memory("es-message", "pipeline to Elasticsearch, Message"),
        memory("filters", "filters only, PackedForward"),
        memory("no-filters", "no filters to Elasticsearch, PackedForward"),
        against("two-loops-four", "one-loop-four", "two loops, four connections, filters only", 1.8, "events_per_s", CORES, True),
        against("two-loops-hot", "one-loop-hot", "two loops, one connection, filters only", 1.5, "events_per_s", CORES, True),
        alone("two-loops-four", "cores", "two-loops-cores", CORES, "cores that the daemon took, two loops, four connections", "cores"),
        alone("two-loops-four", "generator_cores", "two-loops-generator", CORES, "cores that the generator took meanwhile", "cores"),
        alone("acks", "p50_ms", "acks-median", paced(BUSY), "half of them within", "ms"),
        alone("acks", "p99_ms", "acks", paced(BUSY), "99 of 100 within", "ms", 5),
        alone("acks", "late_ms", "acks-late", paced(BUSY), "of which the generator was late by", "ms"),
        alone("single-acks", "p50_ms", "single-acks-median", paced(QUIET), "half of them within", "ms"),
        alone("single-acks", "p99_ms", "single-acks", paced(QUIET), "99 of 100 within", "ms"),
        against("connections", "es-message", f"{CONNECTIONS:,} connections, Message", 1.3),
        against("many-tags", "one-tag", f"{TAGS:,} tags in turn, Message", 1.2),
        against("other-filters", "one-tag", f"{OTHERS} filters that do not match, Message", 1.2),
        make(["fifty-fields", "five-fields"], "fifty-fields-of-five-fields", MANY, "a field of 50, as a multiple of one of 5", "x",
             lambda: [r / 10 for r in results.ratios("fifty-fields", "five-fields")], 1.1),
        against("file-buffer", "es-packed", "a buffer in files, as a multiple of memory", 1.3),
    ]
    return [row for row in rows if row]


def measured(name, group, lines, measure):
    """Rows of one measurement that is no run: `lines` are (name, what, unit, target), `measure` gives the figures by name."""
    try:
        figures, error = measure(), None
    except Failure as failure:
        figures, error = {}, str(failure)
    except (OSError, ValueError) as failure:
        figures, error = {}, f"{name}: {failure}"
    out = []
    for one, what, unit, target in lines:
        missing = None if error or figures.get(one) else f"{name}: nothing was measured"
        out.append(Row(one, group, what, unit, figures.get(one, []), target, error=error or missing))
    return out
