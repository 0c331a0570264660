"""The cases captured from Fluentd, replayed by ../shared/conformance."""
import json, os, subprocess, sys, tempfile

from harness import ROOT, SLUICE, Area, Skip, need_msgpack, shared_folder


def needs():
    need_msgpack()
    if not shared_folder("conformance"):
        raise Skip("no ../shared/conformance; the project's own golden tests run with 'swift test'")


area = Area("conformance", needs=needs)


def cases():
    """The captured cases, with the deviations of this checkout (Tests/Golden/deviations.json) added to theirs."""
    golden = shared_folder("golden")
    folder = tempfile.mkdtemp(prefix="cases-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    deviations = {}
    for place in (golden, os.path.join(ROOT, "Tests", "Golden")):
        with open(os.path.join(place, "deviations.json")) as file:
            deviations.update(json.load(file))
    for name in os.listdir(golden):
        if name != "deviations.json":
            os.symlink(os.path.join(golden, name), os.path.join(folder, name))
    with open(os.path.join(folder, "deviations.json"), "w") as file:
        json.dump(deviations, file)
    return folder


# Tags made of paths are compared: a folder of a test run, with a dot in its name, would be another number of parts.
ENVIRONMENT = {**os.environ, "TMPDIR": "/tmp"}


@area.test("every golden case behaves as Fluentd did, or as deviations.json asks", seconds=240)
def golden(_):
    runner = os.path.join(shared_folder("conformance"), "conformance")
    result = subprocess.run([sys.executable, runner, "--daemon", f"{SLUICE} run -c {{config}}", "--cases", cases()],
                            capture_output=True, text=True, timeout=235, env=ENVIRONMENT)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


# Suites of scenarios whose plugins are there.
SCENARIOS = ["forward-output", "http", "tail", "file-output", "record-transformer", "concat", "rewrite-tag",
             "kubernetes-plugins", "syslog", "socket", "elasticsearch", "monitor"]


@area.test("every scenario of " + ", ".join(SCENARIOS) + " goes as with Fluentd, or as deviations.json asks", seconds=600)
def scenarios(_):
    runner = os.path.join(shared_folder("conformance"), "conformance")
    result = subprocess.run([sys.executable, runner, "--daemon", f"{SLUICE} run -c {{config}}", "--cases", cases(),
                             "--suite", ",".join(SCENARIOS)], capture_output=True, text=True, timeout=590, env=ENVIRONMENT)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
