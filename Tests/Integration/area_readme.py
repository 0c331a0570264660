"""The examples of README and guide, run as they stand, and their tables: each row is held against the program."""
import glob, os, re, signal, socket, subprocess, tempfile

from harness import (ROOT, SLUICE, STDOUT, Area, Daemon, ForwardClient, Skip, accepts, forward_source, free_port,
                     need_msgpack, wait_until)

area = Area("readme", needs=need_msgpack)


README = os.path.join(ROOT, "README.md")
GUIDE = sorted(glob.glob(os.path.join(ROOT, "docs", "*.md")))


def blocks(path=README, language="console"):
    with open(path) as file:
        return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)


def script_and_output(block):
    """Lines that begin with `$ ` are typed; all others are what comes back."""
    lines = block.splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")], [line for line in lines if not line.startswith("$ ")]


def pattern(line):
    """`…` stands for anything, such as a time."""
    return ".*".join(re.escape(part) for part in line.split("…"))


def ready(command):
    """What a shell waits for before the next line: the daemon that a command starts listens, with all its threads, as it
    would for a person."""
    path = re.search(r"-c (\S+)", command).group(1)
    port = (re.findall(r"^\s*port (\d+)", open(os.path.join(ROOT, path)).read(), re.M) or ["24224"])[0]
    return f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.05; done; sleep 0.3"


@area.test("every console block prints what it shows", seconds=60)
def console(_):
    assert len(blocks()) >= 3
    show(README)


@area.test("every console block of the guide prints what it shows", seconds=90)
def guide(_):
    assert len(GUIDE) >= 4
    for path in GUIDE:
        show(path)


@area.test("each error of the first hour is told as the golden file has it", seconds=90)
def errors(_):
    show(os.path.join(ROOT, "Tests/Golden/first-hour/ERRORS.md"))


@area.test("every configuration of the guide is one that can be run, and every link of the guide leads somewhere")
def configurations(_):
    count = 0
    for path in GUIDE:
        for block in blocks(path, "conf"):
            count += 1
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
                file.write(block)
                file.flush()
                run = subprocess.run([SLUICE, "check", file.name], capture_output=True, text=True, timeout=20)
                said = [line for line in run.stderr.splitlines() if ": warning: " in line and "no <source>" not in line]
                assert run.returncode == 0 and not said, f"{path}:\n{block}\n{run.stdout}{run.stderr}"
    assert count >= 8, f"{count} configurations"
    for path in [README, *GUIDE]:
        text = open(path).read()
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
            other = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            assert os.path.exists(other), f"{path}: there is no {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", open(other).read(), re.MULTILINE)
                anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
                assert anchor in anchors, f"{path}: {other} has no part {anchor}"


@area.test("the guide says of each alert what it means, and of none that there is not")
def alerts(_):
    with open(os.path.join(ROOT, "config/monitoring/alerts.yaml")) as rules, open(os.path.join(ROOT, "docs/operations.md")) as text:
        named, told = re.findall(r"- alert: (\w+)", rules.read()), re.findall(r"^\| `(Sluice\w+)` \|", text.read(), re.MULTILINE)
    assert told == named, f"{set(told) ^ set(named) or 'the order is another one'}"


def show(path):
    if accepts(24224):
        raise Skip("port 24224, which the README uses, is taken: stop what listens there")
    for block in blocks(path):
        commands, expected = script_and_output(block)
        script = "\n".join(
            f"{command}\n{ready(command)}" if command.endswith("&") else command for command in commands)
        script += "\nstatus=$?; wait; exit $status"
        environment = {**os.environ, "TZ": "UTC", "STATE_DIRECTORY": f"{os.environ['SLUICE_TEST_SCRATCH']}/readme", "PATH": os.path.dirname(SLUICE) + ":" + os.environ["PATH"]}
        run = subprocess.run(["bash", "-m", "-c", script], cwd=ROOT, env=environment, text=True, timeout=30,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        shown = [line for line in run.stdout.splitlines() if not re.match(r"\[\d+\]|bash: ", line)]
        if expected and expected[-1].startswith("[exit status"):
            assert expected.pop() == f"[exit status {run.returncode}]", f"{commands[-1]}: status {run.returncode}"
        wait_until(lambda: not accepts(24224), 5, "the daemon of the README does not go away")
        assert len(shown) == len(expected), f"{commands[0]}: expected\n" + "\n".join(expected) + "\ngot\n" + run.stdout
        for want, got in zip(expected, shown):
            assert re.fullmatch(pattern(want), got), f"{commands[0]}: expected\n  {want}\ngot\n  {got}"


# MARK: - Tables

def row(name):
    """A row of a table by the beginning of its first cell."""
    with open(os.path.join(ROOT, "README.md")) as file:
        rows = [line for line in file if line.startswith(f"| {name}")]
    assert len(rows) == 1, f"{len(rows)} rows begin with {name}"
    return rows[0]


def constant(path, expression):
    """A number of the program, as its source has it: `64 << 20`, `72.0 * 3600`."""
    with open(os.path.join(ROOT, "Sources", path)) as file:
        found = re.search(expression, file.read())
    assert found, f"{path} has no {expression}"
    assert re.fullmatch(r"[0-9_ .*<]+", found.group(1)), f"{path}: {found.group(1)} is no number"
    return eval(found.group(1).replace("_", ""))


def size(count):
    for unit, name in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]:
        if count % unit == 0:
            return f"{count // unit} {name}"


LIMITS = [
    ("`chunk_size_limit` (source)", "Inputs/Forward/ForwardLimits.swift", r"var messageBytes = (.*)", size),
    ("`chunk_size_limit` (source)", "Inputs/Forward/ForwardLimits.swift", r"let maximumBytes = (.*)", size),
    ("`decompression_size_limit`", "Inputs/Forward/ForwardLimits.swift", r"var decompressedBytes = (.*)", size),
    ("`decompression_size_limit`", "Inputs/Forward/ForwardLimits.swift", r"let maximumBytes = (.*)", size),
    ("nesting of records", "Events/JSON/JSONScanner.swift", r"let depth = (.*)", "{:.0f} levels".format),
    ("`chunk_limit_size`", "Buffering/BufferSettings.swift", r"var chunkLimitBytes = (.*)", size),
    ("`total_limit_size`", "Buffering/BufferSettings.swift", r"var totalLimitBytes = (.*)", size),
    ("`timeout` (parser)", "Grok/Matching/MatchLimits.swift", r"timeoutNanoseconds: Int64 = (.*)",
     lambda value: f"{value / 1e9} s"),
    ("`match_limit` (parser)", "Grok/Matching/MatchLimits.swift", r"matchSteps: UInt32 = (.*)", "{:,} steps".format),
    ("`handshake_timeout`", "Inputs/Forward/ForwardLimits.swift", r"var handshakeBytes = (.*)", size),
    ("`bulk_message_request_threshold`", "Outputs/Elasticsearch/ElasticsearchSettings.swift",
     r"requestLimitBytes: Int\? = (.*)", size),
    ("`unfinished_limit_size`", "Inputs/Forward/IntakeBudget.swift", r"let defaultLimitBytes = (.*)", size),
    ("`request_timeout`", "Outputs/Elasticsearch/ElasticsearchSettings.swift", r"patientBulkTimeoutSeconds = (.*)",
     "{:.0f} s".format),
    ("a message of output `forward`", "Outputs/Forward/ForwardOutputSettings.swift",
     r"var messageLimitBytes = (.*)", size),
    ("standard output that nobody reads", "Outputs/Stdout/TextSink.swift", r"let defaultLimitBytes = (.*)", size),
    ("standard output that nobody reads", "Logging/LogWriter.swift", r"let defaultLimitBytes = (.*)", size),
    ("`retry_timeout`", "Buffering/Delivery/RetrySchedule.swift", r"var timeoutSeconds = (.*)",
     lambda value: f"{value / 3600:.0f} h"),
    ("`Retry-After`", "Buffering/Delivery/RetrySchedule.swift", r"maxIntervalSeconds \?\? (\d+)", "{:.0f} s".format),
    ("messages of a configuration", "ConfigFile/Diagnostics/Diagnostics.swift", r"maximumCount: Int = (\d+)", str),
    ("the log", "Logging/LogFormat.swift", r"maximumLineBytes = (.*)", "{:,} bytes".format),
    ("the log", "Logging/LogFormat.swift", r"maximumMessageBytes = (.*)", "message {:,}".format),
    ("the log", "Logging/LogFormat.swift", r"maximumValueBytes = (.*)", "value {:,}".format),
]


@area.test("each limit of the README's table is the program's own number")
def limits(_):
    for name, path, expression, shown in LIMITS:
        value = constant(path, expression)
        text = shown(value)
        assert text in row(name), f"{path} has {text}, and the README says: {row(name)}"


@area.test("each signal of the README's table does what stands there", seconds=60)
def signals(_):
    for name in re.findall(r"SIG\w+", row("SIGTERM") + row("SIGUSR1") + row("SIGHUP")):
        port = free_port()
        with Daemon(forward_source(port) + STDOUT, port) as daemon:
            daemon.signal(getattr(signal, name))
            if name in row("SIGTERM"):
                assert daemon.wait(5) == 0, f"{name}: {daemon.log()}"
                continue
            said = "flushing all buffers" if name in row("SIGUSR1") else "reading the configuration again"
            wait_until(lambda: f"signal={name}" in daemon.log() and said in daemon.log(), 5, daemon.log)
            assert accepts(port), f"{name} has ended it"


@area.test("each exit status of the README's table can be had")
def statuses(_):
    said = {int(status) for status in re.findall(r"(?:\| |· )(\d+) ", row("exit status"))}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(forward_source(taken.getsockname()[1]) + STDOUT)
            file.flush()
            commands = {0: ["version"], 1: ["run", "-c", file.name], 2: ["check", "/none"], 64: ["nonsense"],
                        66: ["grok", "match", "-p", "%{INT:n}", "/none"]}
            for status, words in commands.items():
                found = subprocess.run([SLUICE, *words], capture_output=True, timeout=20).returncode
                assert found == status, f"sluice {' '.join(words)}: {found}"
    with open("/dev/full", "w") as full:
        assert subprocess.run([SLUICE, "version"], stdout=full, stderr=subprocess.DEVNULL).returncode == 74
    assert said == {*commands, 74}, f"the README has {sorted(said)}"


@area.test("what the README says of records that are not parsed is so", seconds=60)
def unparsed(_):
    def outcome(record, options, behind=""):
        """Whether the record came to @ERROR, and whether it went on."""
        port = free_port()
        config = (forward_source(port) + f"<filter **>\n@type parser\nkey_name log\n{options}\n<parse>\n@type regexp\n"
                  "expression /^(?<time>[^ ]+) (?<a>x)$/\ntime_format %Y\n</parse>\n</filter>\n" + behind
                  + "<match **>\n@type stdout\n</match>\n<label @ERROR>\n<filter **>\n@type record_transformer\n<record>\n"
                  "was refused\n</record>\n</filter>\n<match **>\n@type stdout\n</match>\n</label>\n")
        with Daemon(config, port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("t", [[1, record]])
            assert daemon.stop() == 0, daemon.log()
            records = [event[2] for event in daemon.events()]
        return any("was" in one for one in records), any("was" not in one for one in records)

    no_report = "emit_invalid_record_to_error false"
    transformer = "<filter **>\n@type record_transformer\n</filter>\n"
    for record in [{"other": 1}, {"log": None}, {"log": "nothing"}]:
        assert outcome(record, "") == (True, False), record
        assert outcome(record, "reserve_data true") == (True, True), record
        assert outcome(record, no_report) == (False, False), record
        assert outcome(record, no_report + "\nreserve_data true") == (False, True), record
    for record in [{"log": 5}, {"log": "soon x"}]:
        assert outcome(record, "") == (True, True), record
        assert outcome(record, "", transformer) == (True, False), record
        assert outcome(record, no_report + "\nreserve_data true") == (False, False), record
