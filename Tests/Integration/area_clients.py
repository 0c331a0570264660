"""Fluentd's own clients in Python and Go, TLS and log-in, and `sluice send`."""
import gzip, json, os, socket, ssl, subprocess, sys, time

from certificates import Certificates
from harness import (CACHE, HERE, STDOUT, Area, Daemon, ForwardClient, Skip, event_time, forward_source, free_port,
                     need_msgpack, need_program, packed, run_sluice, wait_until)

area = Area("clients", needs=need_msgpack)
AT = "2019-12-17 18:15:04.123456789 +0000"


def python_client():
    """The folder of fluent-logger, fetched once."""
    folder = os.path.join(CACHE, "python")
    if not os.path.isdir(os.path.join(folder, "fluent")):
        result = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", folder, "fluent-logger"],
                                capture_output=True, text=True)
        if result.returncode:
            raise Skip(f"fluent-logger cannot be installed: {result.stderr.strip().splitlines()[-1:]}")
    return folder


def go_client():
    """The program of client.go, compiled once from Debian's sources."""
    go, program = need_program("go", "golang-go"), os.path.join(CACHE, "client-go")
    source = os.path.join(HERE, "client.go")
    if not os.path.isdir("/usr/share/gocode/src/github.com/fluent/fluent-logger-golang"):
        raise Skip("no fluent-logger-golang: apt-get install golang-github-fluent-fluent-logger-golang-dev")
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        os.makedirs(CACHE, exist_ok=True)
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
                       "GOCACHE": os.path.join(CACHE, "go-build")}
        subprocess.run([go, "build", "-o", program, source], check=True, env=environment)
    return program


def run_python(script):
    environment = {**os.environ, "PYTHONPATH": python_client()}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, env=environment)
    assert result.returncode == 0, result.stderr


def unix_daemon():
    """A daemon that listens on a socket in its own folder, and the path of that."""
    daemon = Daemon("")
    path = os.path.join(daemon.folder, "s")
    with open(daemon.config, "w") as file:
        file.write(f"<source>\n  @type unix\n  path {path}\n</source>\n{STDOUT}")
    return daemon, path


def check_numbers(daemon, tag, count):
    numbers = [record["number"] for _, _, record in daemon.wait_for_events(count, tag)]
    assert numbers == list(range(count)), numbers


# MARK: - fluent-logger for Python

SENDER = """
from fluent import sender
s = sender.FluentSender('service', %s, nanosecond_precision=True)
for i in range(100):
    record = {'number': i, 'text': 'größer', 'none': None}
    assert s.emit_with_time('py', sender.EventTime(1576606504.5), record), s.last_error
s.close()
"""


@area.test("fluent-logger for Python delivers, with nanoseconds", seconds=90)
def python_tcp(_):
    python_client()
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        run_python(SENDER % f"host='127.0.0.1', port={port}")
        check_numbers(daemon, "service.py", 100)
        at, _, record = daemon.events("service.py")[0]
        assert at == "2019-12-17 18:15:04.500000000 +0000", at
        assert record == {"number": 0, "text": "größer", "none": None}, record


@area.test("fluent-logger's asynchronous sender, integer seconds, delivers what it had queued")
def python_async(_):
    python_client()
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        run_python("from fluent import asyncsender as a\n"
                   f"s = a.FluentSender('service', host='127.0.0.1', port={port})\n"
                   "for i in range(100): s.emit('async', {'number': i})\ns.close()\n")
        check_numbers(daemon, "service.async", 100)


@area.test("fluent-logger for Python on a Unix socket")
def python_unix(_):
    python_client()
    daemon, path = unix_daemon()
    with daemon:
        wait_until(lambda: os.path.exists(path), 5, daemon.log)
        run_python(SENDER % f"host='unix://{path}'")
        check_numbers(daemon, "service.py", 100)


# MARK: - fluent-logger for Go

def run_go(*arguments):
    result = subprocess.run([go_client(), *map(str, arguments)], capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stderr


@area.test("fluent-logger for Go delivers and gets an ack for each event", seconds=120)
def go_ack(_):
    go_client()
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        run_go("tcp", port, 200, "ack")
        check_numbers(daemon, "service.go", 200)
        at, _, record = daemon.events("service.go")[0]
        assert at == AT, at
        assert record == {"number": 0, "text": "größer", "list": [1, 2], "nested": {"yes": True}}, record


@area.test("fluent-logger for Go, asynchronous, delivers before it closes")
def go_async(_):
    go_client()
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        run_go("tcp", port, 200, "async")
        check_numbers(daemon, "service.go", 200)


@area.test("fluent-logger for Go on a Unix socket, with acks")
def go_unix(_):
    go_client()
    daemon, path = unix_daemon()
    with daemon:
        wait_until(lambda: os.path.exists(path), 5, daemon.log)
        run_go("unix", path, 50, "ack")
        check_numbers(daemon, "service.go", 50)


@area.test("fluent-logger for Go over TLS, with acks")
def go_tls(_):
    go_client()
    with tls_daemon() as (daemon, port, _):
        run_go("tls", port, 50, "ack")
        check_numbers(daemon, "service.go", 50)


# MARK: - TLS

class tls_daemon:
    """A context: the daemon with a server certificate, its port, the certificates."""

    def __init__(self, more=lambda certificates: ""):
        need_program("openssl", "openssl")
        self.certificates = Certificates()
        self.port = free_port()
        transport = (f"  <transport tls>\n    cert_path {self.certificates.certificate}\n"
                     f"    private_key_path {self.certificates.key}\n{more(self.certificates)}  </transport>\n")
        self.daemon = Daemon(forward_source(self.port, transport) + STDOUT, self.port)

    def __enter__(self):
        self.daemon.__enter__()
        return self.daemon, self.port, self.certificates

    def __exit__(self, *error):
        self.daemon.__exit__(*error)


def tls_stream(port, certificates, version=None, client=False, hostname="localhost"):
    context = ssl.create_default_context(cafile=certificates.authority)
    if version:
        context.minimum_version = context.maximum_version = version
    if client:
        context.load_cert_chain(certificates.client_certificate, certificates.client_key)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=hostname)


@area.test("TLS 1.2 and 1.3, small and large messages, gzip, and acks through it")
def tls_versions(_):
    with tls_daemon() as (daemon, port, certificates):
        count = 0
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with ForwardClient(port, tls_stream(port, certificates, version)) as client:
                for size in (1, 3000):
                    records = [{"number": count + i, "pad": "x" * 200} for i in range(size)]
                    client.deliver("service.tls", [[event_time(1576606504, 123456789), record] for record in records])
                    count += size
                entries = packed([[1576606504, {"number": count}]])
                client.send(["service.tls", gzip.compress(entries), {"chunk": "zipped", "compressed": "gzip"}])
                assert client.receive() == {"ack": "zipped"}
                count += 1
        check_numbers(daemon, "service.tls", count)


@area.test("client_cert_auth: a client without a certificate is refused, one with it is served")
def client_certificate(_):
    more = lambda c: f"    client_cert_auth true\n    ca_path {c.authority}\n"  # noqa: E731
    with tls_daemon(more) as (daemon, port, certificates):
        try:
            with ForwardClient(port, tls_stream(port, certificates)) as client:
                client.deliver("service.tls", [[1576606504, {"number": 99}]])
            raise AssertionError("a client without a certificate was served")
        except (OSError, AssertionError) as error:
            assert "was served" not in str(error), error
        with ForwardClient(port, tls_stream(port, certificates, client=True)) as client:
            client.deliver("service.tls", [[1576606504, {"number": 0}]])
        check_numbers(daemon, "service.tls", 1)


def complaints(daemon):
    return [line for line in daemon.log().splitlines() if "[warn]" in line or "[error]" in line]


@area.test("plain bytes on the TLS port end that connection with one line in the log, which says what to do")
def not_tls(_):
    with tls_daemon() as (daemon, port, certificates):
        with socket.create_connection(("127.0.0.1", port), 5) as stream:
            stream.settimeout(5)
            stream.sendall(b"\x93\xa9service.a\x00\x80")
            try:
                while stream.recv(100):
                    pass
            except ConnectionResetError:
                pass
        with ForwardClient(port, tls_stream(port, certificates)) as client:
            client.deliver("service.tls", [[1576606504, {"number": 0}]])
        check_numbers(daemon, "service.tls", 1)
        lines = [line for line in complaints(daemon) if "TLS port" in line]
        assert len(lines) == 1 and "transport tls" in lines[0], daemon.log()


@area.test("a connection to the TLS port that closes without a byte, as health checks do, is no warning")
def tls_probe(_):
    with tls_daemon() as (daemon, port, _):
        for _ in range(3):
            socket.create_connection(("127.0.0.1", port), 5).close()
        time.sleep(0.5)
        assert not complaints(daemon), complaints(daemon)


@area.test("a TLS client that closes between two messages without close_notify, as Python's does, is no warning")
def tls_abrupt_close(_):
    with tls_daemon() as (daemon, port, certificates):
        with ForwardClient(port, tls_stream(port, certificates)) as client:
            client.deliver("service.tls", [[1576606504, {"number": 0}]])
        check_numbers(daemon, "service.tls", 1)
        time.sleep(0.5)
        lines = [line for line in complaints(daemon) if "close_notify" in line]
        assert not lines, lines


# MARK: - sluice send

def send(tag, records, *options, environment=None):
    text = "".join(json.dumps(r) + "\n" for r in records)
    return run_sluice("send", tag, *options, text=text, environment=environment)


@area.test("sluice send delivers JSON lines, plain lines and msgpack, with acks, also in batches")
def sluice_send(_):
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        records = [{"number": i, "text": "größer", "deep": {"a": [None, 1.5]}} for i in range(50)]
        for options in (["--ack"], ["--ack", "--batch", "20"], []):
            result = send("service.send", records, "--port", str(port), *options)
            assert result.returncode == 0, result.stderr
        events = daemon.wait_for_events(150, "service.send")
        assert [r for _, _, r in events] == records * 3
        assert time.strftime("%Y-%m-%d") in events[0][0] and ".000000000 " not in events[0][0], events[0]
        result = run_sluice("send", "service.plain", "--port", str(port), "--format", "none", "--message-key", "log",
                            "--ack", text="one\ntwo")
        assert result.returncode == 0, result.stderr
        assert [r for _, _, r in daemon.wait_for_events(2, "service.plain")] == [{"log": "one"}, {"log": "two"}]


@area.test("sluice send fails with status 1 when nobody listens, and where a line is no JSON says which")
def sluice_send_failures(_):
    port = free_port()
    result = send("service.send", [{"a": 1}], "--port", str(port), "--timeout", "2")
    assert result.returncode == 1 and str(port) in result.stderr, (result.returncode, result.stderr)
    with Daemon(forward_source(port) + STDOUT, port):
        result = run_sluice("send", "service.send", "--port", str(port), text='{"a":1}\n{"a"\n')
        assert result.returncode == 1 and "line 2" in result.stderr, (result.returncode, result.stderr)


@area.test("sluice send over TLS, and with the server's key, user and password")
def sluice_send_secure(_):
    security = ("  <security>\n    self_hostname server.test\n    shared_key secret\n    user_auth true\n"
                "    <user>\n      username alice\n      password wonder\n    </user>\n  </security>\n")
    port = free_port()
    with Daemon(forward_source(port, security) + STDOUT, port) as daemon:
        options = ["--port", str(port), "--ack", "--user", "alice", "--password", "wonder", "--shared-key"]
        assert send("service.send", [{"number": 0}], *options, "wrong").returncode == 1
        result = send("service.send", [{"number": 0}], *options, "secret")
        assert result.returncode == 0, result.stderr
        check_numbers(daemon, "service.send", 1)
    with tls_daemon() as (daemon, port, certificates):
        options = ["--host", "localhost", "--port", str(port), "--ack", "--tls"]
        result = send("service.send", [{"number": 0}], *options)
        assert result.returncode == 1 and "certificate" in result.stderr, (result.returncode, result.stderr)
        result = send("service.send", [{"number": 0}], *options, "--ca-file", certificates.authority)
        assert result.returncode == 0, result.stderr
        check_numbers(daemon, "service.send", 1)


@area.test("sluice send to a Unix socket")
def sluice_send_unix(_):
    daemon, path = unix_daemon()
    with daemon:
        wait_until(lambda: os.path.exists(path), 5, daemon.log)
        result = send("service.send", [{"number": 0}], "--unix", path, "--ack")
        assert result.returncode == 0, result.stderr
        check_numbers(daemon, "service.send", 1)
