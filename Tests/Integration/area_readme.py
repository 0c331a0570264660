"""The README's examples: each console block is run as it stands, and must print what it shows."""
import os, re, subprocess

from harness import ROOT, SLUICE, Area, Skip, accepts, wait_until

area = Area("readme")


def blocks():
    with open(os.path.join(ROOT, "README.md")) as file:
        return re.findall(r"^```console\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)


def script_and_output(block):
    """Lines that begin with `$ ` are typed; all others are what comes back."""
    lines = block.splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")], [line for line in lines if not line.startswith("$ ")]


def pattern(line):
    """`…` stands for anything, such as a time."""
    return ".*".join(re.escape(part) for part in line.split("…"))


@area.test("every console block prints what it shows", seconds=60)
def console(_):
    assert len(blocks()) >= 3
    if accepts(24224):
        raise Skip("port 24224, which the README uses, is taken: stop what listens there")
    for block in blocks():
        commands, expected = script_and_output(block)
        # A daemon in the background has to listen before the next line is typed, as it would for a person.
        script = "\n".join(
            f"{command}\nuntil (exec 3<>/dev/tcp/127.0.0.1/24224) 2>/dev/null; do sleep 0.05; done"
            if command.endswith("&") else command for command in commands)
        script += "\nstatus=$?; wait; exit $status"
        environment = {**os.environ, "TZ": "UTC", "PATH": os.path.dirname(SLUICE) + ":" + os.environ["PATH"]}
        run = subprocess.run(["bash", "-m", "-c", script], cwd=ROOT, env=environment, text=True, timeout=30,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        shown = [line for line in run.stdout.splitlines() if not re.match(r"\[\d+\]|bash: ", line)]
        if expected and expected[-1].startswith("[exit status"):
            assert expected.pop() == f"[exit status {run.returncode}]", f"{commands[-1]}: status {run.returncode}"
        wait_until(lambda: not accepts(24224), 5, "the daemon of the README does not go away")
        assert len(shown) == len(expected), f"{commands[0]}: expected\n" + "\n".join(expected) + "\ngot\n" + run.stdout
        for want, got in zip(expected, shown):
            assert re.fullmatch(pattern(want), got), f"{commands[0]}: expected\n  {want}\ngot\n  {got}"
