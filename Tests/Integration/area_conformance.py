"""The cases captured from Fluentd, replayed by ../shared/conformance."""
import os, subprocess, sys

from harness import SLUICE, Area, Skip, need_msgpack, shared_folder


def needs():
    need_msgpack()
    if not shared_folder("conformance"):
        raise Skip("no ../shared/conformance; the project's own golden tests run with 'swift test'")


area = Area("conformance", needs=needs)


@area.test("every golden case behaves as Fluentd did, or as deviations.json asks", seconds=240)
def golden(_):
    runner = os.path.join(shared_folder("conformance"), "conformance")
    result = subprocess.run([sys.executable, runner, "--daemon", f"{SLUICE} run -c {{config}}"], capture_output=True,
                            text=True, timeout=235)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
