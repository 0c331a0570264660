"""What runs on every machine: systemd's journal, rsyslog and logger(1), logrotate, curl."""
import gzip, json, os, random, subprocess, threading, time

from harness import STDOUT, Area, Daemon, end_process, free_port, need_msgpack, need_program, wait_until

LONG = os.environ.get("SLUICE_LONG_TESTS") == "1"
area = Area("system")
FAST = "<match **>\n  @type file\n  path {folder}/out\n  append true\n  <format>\n    @type json\n  </format>\n  <inject>\n    tag_key tag\n  </inject>\n" \
       "  <buffer []>\n    @type file\n    path {folder}/buffer\n    flush_mode interval\n    flush_interval 0.2s\n  </buffer>\n</match>\n"


def scratch():
    return Daemon("").folder


def written(folder):
    """The records of the file output."""
    try:
        with open(f"{folder}/out.log", encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


# MARK: - The journal

JOURNAL_REMOTE = "/usr/lib/systemd/systemd-journal-remote"


def journal(path, numbers, second=1_715_000_000):
    """Adds entries to a journal's file with systemd's own program."""
    text = b"".join(
        f"__REALTIME_TIMESTAMP={(second + n) * 1_000_000}\n__MONOTONIC_TIMESTAMP={(n + 1) * 1_000_000}\n_BOOT_ID={'0' * 31}1\n"
        f"MESSAGE=line {n}\n_SYSTEMD_UNIT={'a' if n % 2 else 'b'}.service\nPRIORITY=6\n\n".encode() for n in numbers)
    subprocess.run([JOURNAL_REMOTE, "-o", path, "-"], input=text, check=True, capture_output=True)


@area.test("systemd: no entry is missing after kill -9 and rotation, and few come twice", 120)
def killed(_):
    if not os.access(JOURNAL_REMOTE, os.X_OK):
        need_program("systemd-journal-remote", "systemd-journal-remote")
    folder = scratch()
    os.mkdir(f"{folder}/journal")
    source = (f"<source>\n  @type systemd\n  path {folder}/journal\n  tag journal\n  read_from_head true\n"
              '  matches [{"_SYSTEMD_UNIT":"a.service"}]\n'
              f"  <storage>\n    @type local\n    path {folder}/position.json\n  </storage>\n  <entry>\n"
              '    field_map {"MESSAGE": "log"}\n    fields_strip_underscores true\n    fields_lowercase true\n  </entry>\n</source>\n')
    random.seed(7)
    numbers = lambda: [int(r["log"].split()[1]) for r in written(folder)]  # noqa: E731
    with Daemon(source + FAST.format(folder=folder)) as daemon:
        for round_ in range(5):
            journal(f"{folder}/journal/{round_}.journal", range(round_ * 2000, (round_ + 1) * 2000))
            wait_until(lambda: len(set(numbers())) > round_ * 1000, 20, daemon.log)
            time.sleep(random.random() * 0.3)
            daemon.process.kill()
            daemon.process.wait()
            if round_ == 2:
                os.remove(f"{folder}/journal/0.journal")
            daemon.start()
        expected = set(range(1, 10_000, 2))
        wait_until(lambda: set(numbers()) == expected, 30,
                   lambda: f"{len(expected - set(numbers()))} are missing; {daemon.log()[-2000:]}")
        assert written(folder)[0]["systemd_unit"] == "a.service" and written(folder)[0]["priority"] == "6"
        # At a kill what came behind the position comes again: of one round at most.
        assert len(numbers()) < len(expected) * 2, f"{len(numbers())} events of {len(expected)} entries"


# MARK: - Syslog's clients

def syslog_source(port, kind):
    more = {"udp": "", "tcp": "  <transport tcp>\n  </transport>\n",
            "counted": "  frame_type octet_count\n  <transport tcp>\n  </transport>\n"}[kind]
    return (f"<source>\n  @type syslog\n  bind 127.0.0.1\n  port {port}\n  tag sys\n  severity_key severity\n{more}"
            "  <parse>\n    @type syslog\n    message_format auto\n    with_priority true\n  </parse>\n</source>\n")


@area.test("logger(1) by UDP and TCP, RFC 3164 and RFC 5424, with octet counts and without")
def logger(_):
    program = need_program("logger", "bsdutils")
    ports = {kind: free_port() for kind in ("udp", "tcp", "counted")}
    with Daemon("".join(syslog_source(port, kind) for kind, port in ports.items()) + STDOUT, ports["tcp"]) as daemon:
        sent = []
        for kind, options in (("udp", ["--udp"]), ("tcp", ["--tcp"]), ("counted", ["--tcp", "--octet-count"])):
            for standard in ("--rfc3164", "--rfc5424"):
                text = f"größer than {kind} {standard}"
                sent.append(text)
                subprocess.run([program, *options, standard, "--server", "127.0.0.1", "--port", str(ports[kind]), "-p", "local3.warning",
                                "-t", "app", "--", text], check=True, timeout=10)
        events = daemon.wait_for_events(len(sent))
        assert sorted(record["message"] for _, _, record in events) == sorted(sent), events
        assert {tag for _, tag, _ in events} == {"sys.local3.warn"}, events
        assert {record["ident"] for _, _, record in events} == {"app"}, events


@area.test("rsyslog forwards by TCP with octet counts and by UDP, each message once", 60)
def rsyslog(_):
    program, sender = need_program("rsyslogd", "rsyslog"), need_program("logger", "bsdutils")
    folder = scratch()
    counted, udp = free_port(), free_port()
    with open(f"{folder}/rsyslog.conf", "w") as file:
        file.write('module(load="imuxsock" SysSock.Use="off")\n'
                   f'input(type="imuxsock" Socket="{folder}/log" UseSysTimeStamp="off" RateLimit.Interval="0")\n'
                   f'global(workDirectory="{folder}")\n'
                   f'action(type="omfwd" target="127.0.0.1" port="{counted}" protocol="tcp" TCP_Framing="octet-counted"\n'
                   '       template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" queue.type="LinkedList")\n'
                   f'action(type="omfwd" target="127.0.0.1" port="{udp}" protocol="udp" template="RSYSLOG_TraditionalForwardFormat")\n')
    with Daemon(syslog_source(counted, "counted") + syslog_source(udp, "udp") + STDOUT, counted) as daemon:
        rsyslogd = subprocess.Popen([program, "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/pid"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: os.path.exists(f"{folder}/log"), 10, "rsyslogd makes no socket")
            mine = lambda: [r for _, _, r in daemon.events() if r.get("ident") == "app"]  # noqa: E731
            for start in range(0, 2000, 100):
                text = "\n".join(f"message {n}" for n in range(start, start + 100))
                subprocess.run([sender, "-u", f"{folder}/log", "-t", "app", "-p", "user.info"], input=text, text=True, check=True, timeout=20)
                # Not more than the kernel keeps of datagrams that nobody has read yet.
                wait_until(lambda: len(mine()) >= 2 * start + 200, 10,
                           lambda: f"{len(mine())} of {2 * start + 200}; {daemon.log()[-1500:]}")
        finally:
            end_process(rsyslogd)
        messages = sorted(record["message"].strip() for record in mine())
        assert messages == sorted([f"message {n}" for n in range(2000)] * 2), messages[:5]


# MARK: - logrotate

class Writer(threading.Thread):
    """Writes numbered lines until it is told to stop; opens its file anew when asked, as a daemon does on a signal."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.count, self.reopen, self.ended = path, 0, threading.Event(), threading.Event()

    def run(self):
        file = open(self.path, "a")
        while not self.ended.is_set():
            if self.reopen.is_set():
                file.close()
                file = open(self.path, "a")
                self.reopen.clear()
            for _ in range(50):
                file.write(json.dumps({"n": self.count, "text": "x" * 80}) + "\n")
                self.count += 1
            file.flush()
            time.sleep(0.005)
        file.close()


def rotate(folder, how, rounds, before=lambda: None, after=lambda: None):
    program = need_program("logrotate", "logrotate")
    with open(f"{folder}/logrotate.conf", "w") as file:
        file.write(f"{folder}/app.log {{\n  rotate 20\n  {how}\n  missingok\n}}\n")
    os.chmod(f"{folder}/logrotate.conf", 0o644)
    for _ in range(rounds):
        time.sleep(0.6)
        before()
        subprocess.run([program, "-f", "-s", f"{folder}/state", f"{folder}/logrotate.conf"], check=True, capture_output=True, timeout=20)
        after()


def tail_source(folder):
    return (f"<source>\n  @type tail\n  path {folder}/app.log\n  pos_file {folder}/app.pos\n  tag app\n  read_from_head true\n"
            "  refresh_interval 0.2s\n  rotate_wait 2s\n  <parse>\n    @type json\n  </parse>\n</source>\n")


def numbers(folder):
    return [record["n"] for record in written(folder)]


@area.test("logrotate with create: every line once, while a program writes on and opens its file anew", 90)
def created(_):
    folder = scratch()
    writer = Writer(f"{folder}/app.log")
    open(writer.path, "w").close()
    with Daemon(tail_source(folder) + FAST.format(folder=folder)) as daemon:
        writer.start()
        rotate(folder, "create", 8, after=writer.reopen.set)
        writer.ended.set()
        writer.join()
        wait_until(lambda: len(numbers(folder)) >= writer.count, 30, lambda: f"{len(numbers(folder))} of {writer.count}; {daemon.log()[-1500:]}")
        time.sleep(0.5)
        assert sorted(numbers(folder)) == list(range(writer.count)), (len(numbers(folder)), writer.count)
        assert daemon.stop() == 0, daemon.log()


@area.test("a file that is renamed again and again under load, ten names deep: every line once", 400)
def rotated(_):
    """As logrotate renames, many times a second: a file is gone for good after ten rounds."""
    folder, rounds, kept = scratch(), 1000 if LONG else 60, 10
    writer = Writer(f"{folder}/app.log")
    open(writer.path, "w").close()
    with Daemon(tail_source(folder) + FAST.format(folder=folder)) as daemon:
        wait_until(lambda: "following a file" in daemon.log(), 10, daemon.log)
        writer.start()
        start = time.monotonic()
        for _ in range(rounds):
            time.sleep(0.08)
            for number in range(kept - 1, 0, -1):
                if os.path.exists(f"{folder}/app.log.{number}"):
                    os.rename(f"{folder}/app.log.{number}", f"{folder}/app.log.{number + 1}")
            os.rename(writer.path, f"{folder}/app.log.1")
            writer.reopen.set()
            # The next round would otherwise find no file.
            wait_until(lambda: os.path.exists(writer.path), 10, "the program has not opened its file anew")
        seconds = time.monotonic() - start
        writer.ended.set()
        writer.join()
        wait_until(lambda: len(numbers(folder)) >= writer.count, 60, lambda: f"{len(numbers(folder))} of {writer.count}; {daemon.log()[-1500:]}")
        time.sleep(0.5)
        found = numbers(folder)
        assert sorted(found) == list(range(writer.count)), (len(found), writer.count, len(set(found)))
        positions = open(f"{folder}/app.pos").read().splitlines()
        # Lines of files that have ended stay for a while.
        assert len(positions) <= kept + 1 + 100, positions
        assert daemon.stop() == 0, daemon.log()
        if LONG:
            print(f"    {rounds} rotations in {seconds:.0f} s, {writer.count} lines, each once; {len(positions)} positions at the end")


@area.test("logrotate with copytruncate: every line once, as long as nothing is written between the copy and the cut", 90)
def copied(_):
    """What is written between logrotate's copy and its ftruncate is gone for everybody, so the program pauses there."""
    folder = scratch()
    path, count = f"{folder}/app.log", 0
    with Daemon(tail_source(folder) + FAST.format(folder=folder)) as daemon:
        for _ in range(8):
            with open(path, "a") as file:
                for _ in range(2000):
                    file.write(json.dumps({"n": count, "text": "x" * 80}) + "\n")
                    count += 1
            # A file that is cut before it was read is gone as well: nobody can read it.
            wait_until(lambda: len(numbers(folder)) >= count, 20, lambda: f"{len(numbers(folder))} of {count}; {daemon.log()[-1500:]}")
            rotate(folder, "copytruncate", 1)
        time.sleep(0.5)
        assert sorted(numbers(folder)) == list(range(count)), (len(numbers(folder)), count)
        assert "is cut" in daemon.log() or "was cut" in daemon.log(), daemon.log()


# MARK: - curl

@area.test("curl: forms, JSON, MessagePack, gzip, chunked bodies, and Expect: 100-continue")
def curl(_):
    program = need_program("curl", "curl")
    need_msgpack()
    import msgpack
    port, folder = free_port(), scratch()
    source = f"<source>\n  @type http\n  bind 127.0.0.1\n  port {port}\n  body_size_limit 8m\n</source>\n"
    url = f"http://127.0.0.1:{port}/app"

    def file(name, content):
        with open(f"{folder}/{name}", "wb") as out:
            out.write(content)
        return f"@{folder}/{name}"

    big = json.dumps({"n": 6, "text": "y" * 3_000_000}).encode()
    requests = [
        ["-d", 'json={"n":1}'], ["-H", "Content-Type: application/json", "-d", '{"n":2}'],
        ["-H", "Content-Type: application/msgpack", "--data-binary", file("m", msgpack.packb({"n": 3}))],
        ["-H", "Content-Type: application/json", "-H", "Content-Encoding: gzip", "--data-binary", file("z", gzip.compress(b'{"n":4}'))],
        ["-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked", "--data-binary", file("c", b'{"n":5}')],
        ["-H", "Content-Type: application/json", "-H", "Expect: 100-continue", "--data-binary", file("b", big)],
        ["-F", 'json={"n":7}'], ["--http1.0", "-H", "Content-Type: application/json", "-d", '[{"n":8},{"n":9}]'],
    ]
    with Daemon(source + STDOUT, port) as daemon:
        for options in requests:
            done = subprocess.run([program, "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", *options, url],
                                  capture_output=True, text=True, timeout=20)
            status, seconds = done.stdout.split()
            assert status == "200", (options, done.stdout, done.stderr)
            # A client that gets no 100 waits for a second before it sends its body.
            assert float(seconds) < 0.9, (options, seconds)
        events = daemon.wait_for_events(9)
        assert [record["n"] for _, _, record in events] == list(range(1, 10)), events
        assert events[5][2]["text"] == "y" * 3_000_000
