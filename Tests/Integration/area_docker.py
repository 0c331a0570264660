"""The Docker daemon and its fluentd log driver: the client that this program is for."""
import contextlib, os, re, shutil, subprocess, tempfile, time

from harness import (ROOT, Area, Daemon, STDOUT, Skip, default_filters, forward_source, free_port, need_program,
                     wait_until)

COMMANDS = ["sh", "echo", "printf", "sleep", "cat", "seq", "head", "tr", "true"]
IMAGE = "sluice-test-busybox"


def needs():
    need_program("dockerd", "docker.io")
    need_program("docker", "docker.io")
    need_program("busybox", "busybox-static")
    if os.geteuid() != 0:
        raise Skip("dockerd needs root")


class Docker:
    """A Docker daemon of our own, without network, and the image of one static program."""

    def __init__(self):
        # Not below the scratch folder: a socket's path has at most 107 bytes.
        self.folder = tempfile.mkdtemp(prefix="dockerd-")
        self.address = f"unix://{self.folder}/docker.sock"

    def __enter__(self):
        folder = self.folder
        with open(f"{folder}/log", "wb") as log:
            self.process = subprocess.Popen(
                [need_program("dockerd", "docker.io"), "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
                 "--pidfile", f"{folder}/dockerd.pid", "-H", self.address, "--bridge=none", "--iptables=false",
                 "--storage-driver=vfs"], stdout=log, stderr=log)
        try:
            wait_until(lambda: self.process.poll() is not None or self.command("version", check=False).returncode == 0,
                       20, self.log_tail)
            if self.process.poll() is not None:
                raise Skip(f"dockerd cannot start here: {self.log_tail().splitlines()[-1]}")
            self._import_image()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            if names := self.command("ps", "-aq", check=False).stdout.split():
                self.command("rm", "-f", *names, check=False)
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self):
        with open(f"{self.folder}/log", errors="replace") as log:
            return log.read()[-1500:]

    def _import_image(self):
        root = f"{self.folder}/root"
        os.makedirs(f"{root}/bin")
        shutil.copy(need_program("busybox", "busybox-static"), f"{root}/bin/busybox")
        for name in COMMANDS:
            os.symlink("busybox", f"{root}/bin/{name}")
        tar = subprocess.run(["tar", "-C", root, "-c", "."], check=True, capture_output=True).stdout
        self.command("import", "-", IMAGE, input=tar)

    def command(self, *arguments, seconds=20, check=True, input=None):
        """A docker command. It passes signals on to the container, hence KILL."""
        result = subprocess.run(["timeout", "-s", "KILL", str(seconds), "docker", "-H", self.address, *arguments],
                                capture_output=True, input=input)
        result.stdout, result.stderr = result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
        if check and result.returncode:
            raise AssertionError(f"docker {arguments[0]}: status {result.returncode}: {result.stderr.strip()}")
        return result

    def arguments(self, address, script, log_options, options):
        out = ["run", "--network=none", "--log-driver=fluentd", "--log-opt", f"fluentd-address={address}"]
        for key, value in log_options.items():
            out += ["--log-opt", f"{key}={value}"]
        return [*out, *options, IMAGE, "/bin/sh", "-c", script]

    def run(self, port, script, log_options=None, options=(), address=None):
        """A container from its start to its end."""
        arguments = self.arguments(address or f"127.0.0.1:{port}", script, log_options or {}, ["--rm", *options])
        return self.command(*arguments)

    @contextlib.contextmanager
    def running(self, port, script, log_options=None, options=()):
        """A container in the background; its id."""
        arguments = self.arguments(f"127.0.0.1:{port}", script, log_options or {}, ["-d", *options])
        container = self.command(*arguments).stdout.strip()
        try:
            yield container
        finally:
            self.command("rm", "-f", container, check=False)


area = Area("docker", needs=needs, setup=Docker)


def stdout_daemon(port, filters=""):
    return Daemon(forward_source(port) + filters + STDOUT, port)


def lines(events):
    return [record["log"] for _, _, record in events]


@area.test("plain: each line is an event with the container's id and name, its stream and whole seconds")
def plain(docker):
    port = free_port()
    with stdout_daemon(port) as daemon:
        docker.run(port, r"echo one; echo; echo 'drei äöü'; printf 'bad \377 byte\n'; sleep 0.3; echo five >&2",
                   {"tag": "service.plain"}, ["--name", "plain"])
        events = daemon.wait_for_events(5, "service.plain")
        assert lines(events) == ["one", "", "drei äöü", "bad \ufffd byte", "five"], lines(events)
        for time_text, _, record in events:
            assert set(record) == {"container_id", "container_name", "source", "log"}, record
            assert re.fullmatch("[0-9a-f]{64}", record["container_id"]) and record["container_name"] == "/plain", record
            assert ".000000000 +0000" in time_text, time_text
        assert [r["source"] for _, _, r in events] == ["stdout"] * 4 + ["stderr"]


@area.test("the JSON and the Ruby service come out taken apart, with the time at which Docker read the line")
def parsed(docker):
    port = free_port()
    with stdout_daemon(port, default_filters()) as daemon:
        docker.run(port, """echo '{"event": "request", "path": "/healthcheck?", "request_id": null, "status": 200}'""",
                   {"tag": "service.post", "fluentd-sub-second-precision": "true"})
        docker.run(port, """echo "I, [2019-12-17T18:15:04.146453 #1]  INFO -- : service=ui | event=show_all_posts | """
                   """request_id=bf36 | message='Showed the page'" """, {"tag": "service.ui"})
        (at, _, post), = daemon.wait_for_events(1, "service.post")
        assert post == {"event": "request", "path": "/healthcheck?", "request_id": None, "status": 200}, post
        assert not at.split(".")[1].startswith("000000000"), at
        (_, _, ui), = daemon.wait_for_events(1, "service.ui")
        assert ui == {"timestamp": "2019-12-17T18:15:04.146453", "pid": "1", "loglevel": "INFO", "progname": "",
                      "service": "ui", "event": "show_all_posts", "request_id": "bf36",
                      "message": "Showed the page"}, ui


@area.test("sub-second precision: times have nanoseconds and rise from line to line")
def sub_second(docker):
    port = free_port()
    with stdout_daemon(port) as daemon:
        docker.run(port, "for i in 1 2 3; do echo $i; sleep 0.1; done",
                   {"tag": "service.sub", "fluentd-sub-second-precision": "true"})
        times = [t for t, _, _ in daemon.wait_for_events(3, "service.sub")]
        assert times == sorted(set(times)) and any(not t.split(".")[1].startswith("000000000") for t in times), times


@area.test("request-ack: 200 lines, each answered before the next, arrive once and in order")
def request_ack(docker):
    port = free_port()
    with stdout_daemon(port) as daemon:
        start = time.monotonic()
        docker.run(port, "seq 200", {"tag": "service.ack", "fluentd-request-ack": "true"})
        # A lost ack is sent for again after 10 s.
        assert time.monotonic() - start < 8, "an ack was late"
        assert lines(daemon.wait_for_events(200)) == [str(i) for i in range(1, 201)]


@area.test("labels and environment variables that the driver adds are fields like any other")
def attributes(docker):
    port = free_port()
    with stdout_daemon(port) as daemon:
        docker.run(port, "echo x", {"tag": "service.attributes", "labels": "team", "env": "STAGE"},
                   ["--label", "team=blue", "-e", "STAGE=test"])
        (_, _, record), = daemon.wait_for_events(1)
        assert (record["team"], record["STAGE"], record["log"]) == ("blue", "test", "x"), record


@area.test("a line over 16 KiB comes in parts that can be put together, and one of 16 KiB in one")
def partial(docker):
    port = free_port()
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; head -c 16000 /dev/zero | tr '\\0' y; echo"
    with stdout_daemon(port) as daemon:
        docker.run(port, script, {"tag": "service.partial"})
        records = [r for _, _, r in daemon.wait_for_events(4)]
        parts, whole = records[:3], records[3]
        assert "".join(r["log"] for r in parts) == "x" * 40000
        assert [r["partial_ordinal"] for r in parts] == ["1", "2", "3"], parts
        assert [r["partial_last"] for r in parts] == ["false", "false", "true"]
        assert len({r["partial_id"] for r in parts}) == 1 and all(r["partial_message"] == "true" for r in parts)
        assert whole["log"] == "y" * 16000 and "partial_message" not in whole


@area.test("the pieces of a line over 16 KiB are one line again, with the filter of config/examples/docker-to-elasticsearch.conf")
def joined_by_example(docker):
    port = free_port()
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; head -c 16000 /dev/zero | tr '\\0' y; echo"
    text = open(f"{ROOT}/config/examples/docker-to-elasticsearch.conf").read()
    concat = re.search(r"^<filter.*?^</filter>\n", text, re.MULTILINE | re.DOTALL)[0]
    assert "@type concat" in concat, concat
    with stdout_daemon(port, concat) as daemon:
        docker.run(port, script, {"tag": "docker.pieces"})
        first, second = [r for _, _, r in daemon.wait_for_events(2)]
        assert first["log"] == "x" * 40000 and second["log"] == "y" * 16000
        assert not [key for key in first if key.startswith("partial")], first.keys()


@area.test("a line of 1 MB, in 62 parts, is one event again behind concat, beside another container that writes one", 60)
def joined(docker):
    port = free_port()
    concat = '<filter **>\n  @type concat\n  key log\n  use_partial_metadata true\n  separator ""\n</filter>\n'
    script = "head -c 1000000 /dev/zero | tr '\\0' {}; echo; echo short {}"
    with stdout_daemon(port, concat) as daemon:
        with docker.running(port, script.format("x", "x"), {"tag": "service.joined"}):
            docker.run(port, script.format("y", "y"), {"tag": "service.joined"})
            events = daemon.wait_for_events(4, seconds=30)
        assert sorted(lines(events), key=lambda text: (len(text), text)) == ["short x", "short y", "x" * 1_000_000, "y" * 1_000_000]
        assert not any(key.startswith("partial_") for _, _, record in events for key in record), [sorted(r) for _, _, r in events]


@area.test("a container from before the daemon (fluentd-async): its lines come later, in order, with their times")
def before_daemon(docker):
    port = free_port()
    with docker.running(port, "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done; sleep 60",
                        {"tag": "service.early", "fluentd-async": "true", "fluentd-sub-second-precision": "true"}):
        time.sleep(1.5)
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        with stdout_daemon(port) as daemon:
            events = daemon.wait_for_events(5, seconds=15)
            assert lines(events) == ["1", "2", "3", "4", "5"], lines(events)
            assert events[0][0] < started, f"{events[0][0]} is no time from before {started}"


@area.test("a daemon restart under a running container with acks: nothing is lost", seconds=60)
def restart(docker):
    port, count = free_port(), 120
    script = f"i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo $i; sleep 0.03; done; sleep 60"
    daemon = stdout_daemon(port)
    with daemon, docker.running(port, script, {"tag": "service.restart", "fluentd-async": "true",
                                               "fluentd-request-ack": "true"}):
        daemon.wait_for_events(15)
        assert daemon.stop() == 0, daemon.log()
        before = len(daemon.events())
        time.sleep(0.5)
        daemon.start()
        wait_until(lambda: str(count) in lines(daemon.events()), 40,
                   lambda: f"{len(daemon.events())} events; log:\n{daemon.log()}")
        got = lines(daemon.events())
        assert 15 <= before < count, f"the restart came too late: {before} of {count} lines"
        missing = [i for i in range(1, count + 1) if str(i) not in got]
        assert not missing, f"lost: {missing}"
        # One message is on its way at a time: only its ack can be lost.
        assert len(got) - count <= 1, f"{len(got) - count} lines came twice"


@area.test("without a tag option the tag is the container's short id")
def untagged(docker):
    port = free_port()
    with stdout_daemon(port) as daemon:
        docker.run(port, "echo x")
        (_, tag, record), = daemon.wait_for_events(1)
        assert re.fullmatch("[0-9a-f]{12}", tag) and record["container_id"].startswith(tag), (tag, record)


@area.test("the driver on a Unix socket (in_unix)")
def unix_socket(docker):
    path = f"{docker.folder}/sluice.sock"
    with Daemon(f"<source>\n  @type unix\n  path {path}\n</source>\n" + STDOUT) as daemon:
        wait_until(lambda: os.path.exists(path), 5, daemon.log)
        docker.run(None, "echo x", {"tag": "service.unix"}, address=f"unix://{path}")
        assert lines(daemon.wait_for_events(1, "service.unix")) == ["x"]
