"""The Elasticsearch output against a server with faults: TLS, log-in, refusals, delays, several hosts."""
import base64, time

from bulk_server import BulkServer, first
from certificates import Certificates
from harness import (Area, Daemon, ForwardClient, elasticsearch_store, forward_source, free_port, need_msgpack,
                     need_program, wait_until)

area = Area("http", needs=need_msgpack)
RETRY = "flush_interval 1s\n      retry_wait 1s\n      retry_max_interval 1s\n"
NOW = int(time.time())


def to_server(port, server_port, more="", buffer=RETRY, host="127.0.0.1"):
    store = elasticsearch_store(server_port, more, buffer).replace("host 127.0.0.1", f"host {host}")
    return Daemon(forward_source(port) + f"<match **>\n    {store}</match>\n", port)


def deliver(port, numbers, padding=""):
    with ForwardClient(port) as client:
        client.deliver("service.a", [[NOW, {"number": i, "padding": padding}] for i in numbers])


def check(daemon, server, count, seconds=12):
    """Every document once, and none after."""
    wait_until(lambda: len(server.sources()) >= count, seconds,
               lambda: f"{len(server.sources())} of {count} documents; log:\n{daemon.log()[-3000:]}")
    time.sleep(1.2)
    assert server.numbers() == list(range(count)), f"{len(server.sources())} documents, not {count}"


@area.test("HTTPS with ca_file, and a user and a password with every kind of character")
def https(_):
    need_program("openssl", "openssl")
    certificates, port = Certificates(), free_port()
    more = (f"scheme https\n    ca_file {certificates.authority}\n    user elastic\n"
            "    password %{p@ss:w/rd?ü}\n")
    with BulkServer(certificates=certificates) as server, \
            to_server(port, server.port, more, host="localhost") as daemon:
        deliver(port, range(10))
        check(daemon, server, 10)
        expected = "Basic " + base64.b64encode("elastic:p@ss:w/rd?ü".encode()).decode()
        assert server.requests[0].get("Authorization") == expected, server.requests[0]
        assert "p@ss" not in daemon.log(), f"the password is in the log:\n{daemon.log()}"


@area.test("a certificate that no known authority signed: nothing is sent, the log says why, ssl_verify false sends")
def unknown_authority(_):
    need_program("openssl", "openssl")
    certificates, port = Certificates(), free_port()
    with BulkServer(certificates=certificates) as server:
        with to_server(port, server.port, "scheme https", host="localhost") as daemon:
            deliver(port, range(10))
            wait_until(lambda: "certificate" in daemon.log(), 8, daemon.log)
            assert not server.requests
            daemon.process.kill()
            daemon.process.wait()
        port = free_port()
        with to_server(port, server.port, "scheme https\n    ssl_verify false", host="localhost") as daemon:
            deliver(port, range(10))
            check(daemon, server, 10)


@area.test("api_key goes out as the plug-in sent it")
def api_key(_):
    port = free_port()
    with BulkServer() as server, to_server(port, server.port, "api_key id:key") as daemon:
        deliver(port, range(10))
        check(daemon, server, 10)
        expected = "ApiKey " + base64.b64encode(b"id:key").decode()
        assert server.requests[0].get("Authorization") == expected, server.requests[0]


def retried(status):
    port = free_port()
    with BulkServer(first(2, status)) as server, to_server(port, server.port) as daemon:
        deliver(port, range(10))
        check(daemon, server, 10)
        assert len(server.requests) == 3, f"{len(server.requests)} requests"
        assert str(status) in daemon.log(), daemon.log()


for _status in (401, 429, 502, 503):
    def _one(_, status=_status):
        retried(status)
    _one.__name__ = f"status_{_status}"
    area.test(f"HTTP {_status} for two requests: the same documents are sent again, and the log names the status")(_one)


@area.test("HTTP 413: the request is split until its parts are small enough")
def too_large(_):
    port = free_port()

    def fault(_handler, body):
        return 413 if len(body) > 100_000 else None

    with BulkServer(fault) as server, to_server(port, server.port) as daemon:
        deliver(port, range(1000), "x" * 1000)
        check(daemon, server, 1000)


@area.test("HTTP 413 for one document alone: that one is given up with a message, the others go in")
def one_too_large(_):
    port = free_port()

    def fault(_handler, body):
        return 413 if len(body) > 100_000 else None

    with BulkServer(fault) as server, to_server(port, server.port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("service.a", [[NOW, {"number": i, "padding": "x" * (200_000 if i == 20 else 10)}]
                                         for i in range(21)])
        check(daemon, server, 20)
        assert "413" in daemon.log(), daemon.log()


@area.test("a document that is refused again on its way through <label @ERROR> goes round no further")
def refused_in_error_label(_):
    port, calls = free_port(), []

    def fault(_handler, _body):
        calls.append(time.monotonic())
        return 413

    with BulkServer(fault) as server:
        output = f"""
  <match **>
    @type elasticsearch
    host 127.0.0.1
    port {server.port}
    <buffer>
      flush_interval 0.1s
    </buffer>
  </match>
"""
        config = forward_source(port) + output + "<label @ERROR>" + output + "</label>\n"
        with Daemon(config, port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("service.a", [[NOW, {"number": 1}]])
            wait_until(lambda: len(calls) == 2, 5, lambda: f"{len(calls)} requests; log:\n{daemon.log()}")
            time.sleep(1)
            assert len(calls) == 2, f"{len(calls)} requests: the document goes round; log:\n{daemon.log()}"


@area.test("an answer later than request_timeout: the documents are sent again on a new connection")
def slow(_):
    port, calls = free_port(), []

    def fault(_handler, _body):
        calls.append(time.monotonic())
        if len(calls) == 1:
            time.sleep(6)
            return 503
        return None

    with BulkServer(fault) as server, to_server(port, server.port, "request_timeout 2s") as daemon:
        deliver(port, range(10))
        check(daemon, server, 10, 15)
        assert calls[1] - calls[0] < 5, f"sent again after {calls[1] - calls[0]:.1f} s"


@area.test("a connection cut in the middle of the answer: the documents are sent again")
def cut(_):
    port, calls = free_port(), []

    def fault(handler, _body):
        calls.append(1)
        if len(calls) == 1:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"took\":1,\"errors\":fal")
            handler.wfile.flush()
            handler.connection.close()
            raise ConnectionAbortedError
        return None

    with BulkServer(fault) as server, to_server(port, server.port) as daemon:
        deliver(port, range(10))
        check(daemon, server, 10, 20)


@area.test("an answer that is no bulk answer (a proxy's page) is no delivery")
def not_elasticsearch(_):
    port, calls = free_port(), []

    def fault(handler, _body):
        calls.append(1)
        if len(calls) == 1:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>")
            handler.wfile.flush()
            handler.close_connection = True
            raise ConnectionAbortedError
        return None

    with BulkServer(fault) as server, to_server(port, server.port) as daemon:
        deliver(port, range(10))
        check(daemon, server, 10)


@area.test("two hosts of which one is dead: all documents reach the other")
def two_hosts(_):
    port, dead = free_port(), free_port()
    with BulkServer() as server:
        store = elasticsearch_store(server.port, f"hosts 127.0.0.1:{dead},127.0.0.1:{server.port}", RETRY)
        store = store.replace("host 127.0.0.1\n", "").replace(f"    port {server.port}\n", "")
        with Daemon(forward_source(port) + f"<match **>\n    {store}</match>\n", port) as daemon:
            for start in range(0, 40, 10):
                deliver(port, range(start, start + 10))
                time.sleep(1.1)
            check(daemon, server, 40)
