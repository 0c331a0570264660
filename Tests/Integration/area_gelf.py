"""GELF by UDP, TCP and TLS, read by a server that knows only Graylog's specification."""
import gzip, json, os, socket, ssl, threading, time, zlib

from certificates import Certificates
from harness import Area, Daemon, ForwardClient, event_time, forward_source, free_port, need_msgpack, need_program, wait_until

area = Area("gelf", needs=need_msgpack)
DAY = 1576606504  # 2019-12-17T18:15:04Z


class GELFServer:
    """Reads messages from its start until its end; what is none is kept as the error it made."""

    def __init__(self, transport, port=None, certificates=None):
        self.transport, self.port, self.certificates = transport, port or free_port(), certificates
        self.messages, self.errors, self.pieces, self.connections = [], [], {}, 0
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", self.port))
        if transport != "udp":
            self.socket.listen(16)
        threading.Thread(target=self.receive if transport == "udp" else self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def take(self, text):
        try:
            message = json.loads(text)
            assert message["version"] == "1.1" and message["host"] and message["short_message"].strip(), message
            assert "_id" not in message and all(not isinstance(value, (dict, list)) for value in message.values()), message
            self.messages.append(message)
        except Exception as error:  # noqa: BLE001: whatever it is, the test shows it
            self.errors.append(repr(error))

    def receive(self):
        try:
            while True:
                self.datagram(self.socket.recv(65536))
        except OSError:
            pass

    def datagram(self, data):
        if data[:2] == b"\x1e\x0f":
            name, number, count = data[2:10], data[10], data[11]
            pieces = self.pieces.setdefault(name, {})
            pieces[number] = data[12:]
            if len(pieces) < count:
                return
            data = b"".join(pieces[n] for n in range(count))
            del self.pieces[name]
        self.take(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else zlib.decompress(data) if data[:1] == b"\x78" else data)

    def accept(self):
        context = None
        if self.certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificates.certificate, self.certificates.key)
        try:
            while True:
                connection, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection, context), daemon=True).start()
        except OSError:
            pass

    def serve(self, connection, context):
        try:
            connection = context.wrap_socket(connection, server_side=True) if context else connection
            rest = b""
            while data := connection.recv(65536):
                *whole, rest = (rest + data).split(b"\0")
                for text in whole:
                    self.take(text)
            if rest:
                self.errors.append(f"{len(rest)} bytes without a NUL")
        except OSError as error:
            self.errors.append(repr(error))
        finally:
            connection.close()


def match(port, more="", host="127.0.0.1", buffer="    flush_interval 0.2s\n    retry_wait 0.2s\n    retry_max_interval 0.5s\n"):
    return f"<match **>\n  @type gelf\n  host {host}\n  port {port}\n{more}  <buffer>\n{buffer}  </buffer>\n</match>\n"


def send(port, numbers, **more):
    with ForwardClient(port) as client:
        client.deliver("app.web", [[event_time(DAY, 250_000_000), {"message": f"line {n}", "n": n, "level": "warn", "id": n, **more}]
                                   for n in numbers])


def numbers(server):
    return sorted(message["_n"] for message in server.messages)


def expect(server, daemon, count, seconds=20):
    wait_until(lambda: len(server.messages) >= count, seconds, lambda: f"{len(server.messages)} messages; {daemon.log()[-2000:]}")
    assert numbers(server) == list(range(count)) and not server.errors, (len(server.messages), server.errors[:3])


@area.test("udp: small messages and one of many pieces, each once")
def udp(_):
    with GELFServer("udp") as server:
        port = free_port()
        with Daemon(forward_source(port) + match(server.port), port) as daemon:
            send(port, range(300))
            send(port, [300], noise=os.urandom(60_000).hex(), nested={"a": [1, {"b": None}]})
            expect(server, daemon, 301)
    first, last = server.messages[0], next(m for m in server.messages if m["_n"] == 300)
    assert first["short_message"].startswith("line ") and first["level"] == 4 and first["timestamp"] == DAY + 0.25, first
    assert first["_tag"] == "app.web" and first["_id_"] == first["_n"] and "_message" not in first, first
    assert len(last["_noise"]) == 120_000 and json.loads(last["_nested"]) == {"a": [1, {"b": None}]}


@area.test("tcp: a server that is away for a while gets every message", 60)
def tcp(_):
    address = free_port()
    port = free_port()
    with Daemon(forward_source(port) + match(address, "  protocol tcp\n"), port) as daemon:
        send(port, range(100))
        wait_until(lambda: "cannot connect" in daemon.log(), 10, daemon.log)
        with GELFServer("tcp", address) as server:
            expect(server, daemon, 100)
            send(port, range(100, 1100), padding="x" * 5000)
            expect(server, daemon, 1100)
        assert daemon.stop() == 0, daemon.log()


@area.test("tls: to a server whose authority is given, and to no other", 60)
def tls(_):
    need_program("openssl", "openssl")
    certificates = Certificates()
    with GELFServer("tls", certificates=certificates) as server:
        port = free_port()
        with Daemon(forward_source(port) + match(server.port, "  protocol tcp\n  tls true\n", host="localhost"), port) as daemon:
            send(port, range(10))
            wait_until(lambda: "certificate" in daemon.log(), 10, daemon.log)
            assert not server.messages, server.messages[:1]
            daemon.process.kill()
            daemon.process.wait()
        server.errors.clear()
        port = free_port()
        more = f"  protocol tcp\n  tls true\n  tls_options {{\"ca\":\"{certificates.authority}\"}}\n"
        with Daemon(forward_source(port) + match(server.port, more, host="localhost"), port) as daemon:
            send(port, range(1000), padding="x" * 3000)
            expect(server, daemon, 1000)
            assert daemon.stop() == 0, daemon.log()


@area.test("what was not sent when the daemon was killed is sent at the next start, from a buffer in files", 60)
def killed(_):
    address, port = free_port(), free_port()
    folder = Daemon("").folder
    buffer = f"    @type file\n    path {folder}/buffer\n    flush_interval 0.2s\n    retry_wait 0.2s\n    retry_max_interval 0.5s\n"
    with Daemon(forward_source(port) + match(address, "  protocol tcp\n", buffer=buffer), port) as daemon:
        send(port, range(200))
        daemon.process.kill()
        daemon.process.wait()
        with GELFServer("tcp", address) as server:
            daemon.start()
            expect(server, daemon, 200)
            time.sleep(1)
            assert len(server.messages) == 200, "some came twice"


def pieces(text, size, name=b"12345678"):
    parts = [text[start:start + size] for start in range(0, len(text), size)]
    return [b"\x1e\x0f" + name + bytes([number, len(parts)]) + part for number, part in enumerate(parts)]


@area.test("as a source: by UDP plain, packed and in pieces, by TCP, and what our own output sends is the same again", 60)
def source(_):
    def message(number, **more):
        return json.dumps({"version": "1.1", "host": "web", "short_message": f"line {number}", "timestamp": DAY + 0.25,
                           "_n": number, **more}).encode()

    sources, ports = "", {kind: free_port() for kind in ("udp", "tcp")}
    for kind, port in ports.items():
        more = "  client_timestamp_to_i true\n  remove_timestamp_record false\n" if kind == "tcp" else ""
        sources += (f"<source>\n  @type gelf\n  tag {kind}\n  bind 127.0.0.1\n  port {port}\n  protocol_type {kind}\n{more}"
                    "</source>\n")
    with Daemon(sources + "<match **>\n  @type stdout\n</match>\n", ports["tcp"]) as daemon:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            cut = pieces(gzip.compress(message(3, _noise=os.urandom(20_000).hex())), 1420)
            lost = pieces(message(9), 20, b"lost5678")[1:]
            for datagram in (message(0), gzip.compress(message(1)), zlib.compress(message(2)), *reversed(cut), *lost, b"no json"):
                sender.sendto(datagram, ("127.0.0.1", ports["udp"]))
        with socket.create_connection(("127.0.0.1", ports["tcp"])) as client:
            client.sendall(message(4) + b"\0" + message(5)[:10])
            client.sendall(message(5)[10:] + b"\0")
        daemon.wait_for_events(6)
        port = free_port()
        for transport in "", "  protocol tcp\n":
            address = ports["tcp" if transport else "udp"]
            with Daemon(forward_source(port) + match(address, transport), port) as output:
                send(port, [6 if transport else 7], noise=os.urandom(9000).hex())
                daemon.wait_for_events(7 if not transport else 8)
                assert output.stop() == 0, output.log()
        assert "pattern not matched" in daemon.log(), daemon.log()
        events = {record["n"]: (at, tag, record) for at, tag, record in daemon.events()}
        assert sorted(events) == list(range(8)), sorted(events)
        for number, (at, tag, record) in events.items():
            at_second = at.startswith("2019-12-17 18:15:04.000")
            assert at_second if tag == "tcp" else at.startswith("2019-12-17 18:15:04.250"), (at, tag)
            assert record["short_message"] == f"line {number}" and "_n" not in record, record
            assert record.get("timestamp") == (DAY + 0.25 if tag == "tcp" else None), record
            assert tag == ("tcp" if number in (4, 5, 6) else "udp"), (number, tag)
        assert daemon.stop() == 0, daemon.log()
