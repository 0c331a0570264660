"""What `make bench` says: the allocations of an event, and that what is lost or cannot be measured is no figure."""
import contextlib, json, os, stat, subprocess, sys, tempfile
import xml.etree.ElementTree as XML

from harness import ROOT, SLUICE, Area, Skip, need_program

BENCHMARKS = os.path.join(ROOT, "Tests", "Benchmarks")
sys.path.insert(0, BENCHMARKS)  # before a package that happens to have one of the names
import apart, programs, runs, table


def needs():
    need_program("cc", "gcc")


@contextlib.contextmanager
def compiled():
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("SLUICE_TEST_SCRATCH")) as folder:
        yield programs.Programs(folder)


area = Area("bench", needs=needs, setup=compiled)


def bench(*words, binary=SLUICE):
    return subprocess.run([os.path.join(BENCHMARKS, "bench"), *words], capture_output=True, text=True,
                          env={**os.environ, "SLUICE_BIN": binary})


SMALL = ["--rounds", "1", "--events", "5000", "--format", "json"]


@area.test("allocations an event, in the steady state, are within allocation-limits.json", 120)
def allocations(compiled):
    if "debug" in os.path.realpath(SLUICE).split(os.sep):
        raise Skip("the limits are those of a release build: SLUICE_BIN=.build/release/sluice")
    with open(os.path.join(BENCHMARKS, "allocation-limits.json")) as file:
        limits = json.load(file)
    found = {name: apart.allocations_of(runs.run_named(name), compiled) for name in limits}
    over = [f"{name}: {found[name]:.3f}, at most {limits[name]}" for name in limits if found[name] > limits[name]]
    assert not over, "allocations an event: " + "; ".join(over)
    # The counter counts: a daemon that does anything allocates now and then.
    assert max(found.values()) > 0, f"nothing was counted: {found}"


@area.test("a run gives its rows in JSON and a chart, and a missed target is no failure", 120)
def figures(compiled):
    chart = os.path.join(compiled.folder, "chart.svg")
    done = bench(*SMALL, "--only", "limit-net,es-packed", "--svg", chart)
    assert done.returncode == 0, done.stderr + done.stdout
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert {"limit", "limit-net", "es-packed", "es-packed-of-limit-net", "es-packed-memory"} <= set(rows), list(rows)
    for row in rows.values():
        assert 0 < row["min"] <= row["median"] <= row["max"], row
    texts = [one.text for one in XML.parse(chart).iter("{http://www.w3.org/2000/svg}text")]
    assert "the same, as a multiple of limit-net's" in texts, texts


@area.test("events that were acknowledged and not delivered fail the row and the run", 120)
def lost(compiled):
    # A daemon that acknowledges everything and drops what the user interface's service logs.
    wrapper = os.path.join(compiled.folder, "loses")
    with open(wrapper, "w") as file:
        file.write(f"""#!/bin/sh
sed -i '1i <match service.ui>\\n  @type null\\n</match>' "$3"
exec {SLUICE} "$@"
""")
    os.chmod(wrapper, os.stat(wrapper).st_mode | stat.S_IXUSR)
    done = bench(*SMALL, "--only", "es-packed", binary=wrapper)
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert done.returncode == 1, f"status {done.returncode}"
    assert rows["es-packed"]["verdict"] == "failed" and "delivered" in rows["es-packed"]["error"], rows["es-packed"]
    # Nothing is a figure of it, neither what it costs nor how much memory it takes.
    assert all(row["verdict"] == "failed" for row in rows.values()), rows


@area.test("a program that does not start fails its rows, with its last words", 60)
def no_start(compiled):
    wrapper = os.path.join(compiled.folder, "ends")
    with open(wrapper, "w") as file:
        file.write("#!/bin/sh\necho no such luck\nexit 3\n")
    os.chmod(wrapper, 0o755)
    done = bench(*SMALL, "--only", "es-packed,start", binary=wrapper)
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert done.returncode == 1, f"status {done.returncode}"
    for name in ("es-packed", "start"):
        assert "status 3" in rows[name]["error"] and "no such luck" in rows[name]["error"], rows[name]


@area.test("a figure on the wrong side of its target is missed, whichever side that is", 5)
def verdicts(_):
    def verdict(figures, target, at_least=False):
        return table.Row("a", "b", "c", "x", figures, target, at_least).verdict

    assert verdict([1.9, 2.0, 9.0], 2.0) == "ok"
    assert verdict([2.0, 2.2, 2.1], 2.0) == "missed by 5 %"
    assert verdict([0.9], 1.0, at_least=True) == "missed by 10 %"
    assert verdict([1.1], 1.0, at_least=True) == "ok"
    assert verdict([1.1], None) == ""


@area.test("profile counts the instructions of an event, and names the functions that take them", 120)
def profile(_):
    need_program("valgrind", "valgrind")
    done = subprocess.run([os.path.join(BENCHMARKS, "profile"), "filters", "--events", "5000", "--callers", "memcpy"],
                          capture_output=True, text=True, env={**os.environ, "SLUICE_BIN": SLUICE})
    assert done.returncode == 0, done.stderr + done.stdout
    total = float(done.stdout.split()[0].replace(",", ""))
    listed = [float(line.split()[0]) for line in done.stdout.splitlines() if " %" not in line and line[:10].strip() and line[:1] == " "]
    # An event's work is thousands of instructions, and the functions that are listed make up most of them.
    assert 1000 < total < 1_000_000, done.stdout[:300]
    assert 0.5 * total < sum(listed[:40]) <= 1.01 * total, done.stdout
