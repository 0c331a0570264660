"""How the daemon ends, what signals do, and what it says when it cannot start."""
import os, re, signal, socket, tempfile, threading, time

from bulk_server import BulkServer
from harness import (Area, Daemon, ForwardClient, STDOUT, accepts, elasticsearch_store, event_time, forward_source, free_port,
                     need_msgpack, run_sluice, wait_until)

area = Area("signals", needs=need_msgpack)
NOW = int(time.time())


def numbered(count, start=0):
    return [[NOW, {"number": i}] for i in range(start, start + count)]


def buffered_config(port, bulk_port, buffer="flush_interval 1h\n"):
    return forward_source(port) + f"<match **>\n    {elasticsearch_store(bulk_port, buffer=buffer)}</match>\n"


@area.test("SIGTERM delivers what is buffered, then ends with status 0")
def term_drains(_):
    port = free_port()
    with BulkServer() as bulk, Daemon(buffered_config(port, bulk.port), port) as daemon:
        with ForwardClient(port) as client:
            for start in range(0, 5000, 500):
                client.deliver("service.a", numbered(500, start))
        assert not bulk.sources(), "delivered before its time"
        assert daemon.stop() == 0, daemon.log()
        assert sorted(d["number"] for d in bulk.sources()) == list(range(5000))
        assert not accepts(port)


@area.test("SIGINT ends it in the same way, also with open connections and half a message on one")
def interrupt(_):
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        half = socket.create_connection(("127.0.0.1", port))
        half.sendall(b"\x93\xa9service")
        with ForwardClient(port) as client:
            client.deliver("service.a", numbered(3))
            daemon.signal(signal.SIGINT)
            assert daemon.wait(5) == 0, daemon.log()
        half.close()
        assert [e[2]["number"] for e in daemon.events()] == [0, 1, 2]


@area.test("SIGUSR1 delivers what is buffered at once and goes on")
def flush(_):
    port = free_port()
    with BulkServer() as bulk, Daemon(buffered_config(port, bulk.port), port) as daemon:
        with ForwardClient(port) as client:
            for _ in range(2):
                before = len(bulk.sources())
                client.deliver("service.a", numbered(10))
                time.sleep(0.3)
                assert len(bulk.sources()) == before, "delivered before its time"
                daemon.signal(signal.SIGUSR1)
                wait_until(lambda: len(bulk.sources()) == before + 10, 5, lambda: f"not flushed; log:\n{daemon.log()}")
        assert daemon.stop() == 0, daemon.log()


@area.test("a second signal ends a drain that waits for a server which is not there")
def second_signal(_):
    port = free_port()
    with Daemon(buffered_config(port, free_port()), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("service.a", numbered(10))
        daemon.signal(signal.SIGTERM)
        time.sleep(1)
        # With no server a drain may take long, but not for ever; here it must still be trying.
        assert daemon.process.poll() is None, f"ended after 1 s with {daemon.process.returncode}; log:\n{daemon.log()}"
        before = len(daemon.log())
        daemon.signal(signal.SIGTERM)
        status = daemon.wait(3)
        assert status == 0, f"all of them are kept, and the status is {status}"
        end = daemon.log()[before:]
        assert re.search(r"\bevents=10\b", end), f"the log does not tell what was lost:\n{end}"


@area.test("a port in use is an error that names it, with a status that is not 0")
def port_in_use(_):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Daemon(forward_source(port) + STDOUT).launch() as daemon:
            status = daemon.wait(10)
            assert status == 1, f"status {status}; log:\n{daemon.log()}"
            assert str(port) in daemon.log() and "in use" in daemon.log(), daemon.log()


@area.test("a peer that breaks the protocol loses its connection, and nobody else does")
def broken_peer(_):
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        with ForwardClient(port) as good:
            good.deliver("service.a", numbered(1))
            with socket.create_connection(("127.0.0.1", port), 5) as bad:
                bad.sendall(b"\xc1" * 100)
                bad.settimeout(5)
                try:
                    assert bad.recv(100) == b"", "an answer to nonsense"
                except ConnectionResetError:
                    pass
            good.deliver("service.a", numbered(1, 1))
        assert [e[2]["number"] for e in daemon.wait_for_events(2)] == [0, 1]
        assert daemon.log().count("warn") + daemon.log().count("error") >= 1, f"no line about it:\n{daemon.log()}"


@area.test("--dry-run checks and ends without opening the port")
def dry_run(_):
    with socket.create_server(("127.0.0.1", 0)) as other:
        with Daemon(forward_source(other.getsockname()[1]) + STDOUT, options=["--dry-run"]).launch() as daemon:
            assert daemon.wait(10) == 0, daemon.log()


@area.test("two loops (<system> threads 2), eight clients: each event once, each client's in order, all at SIGTERM")
def two_loops(_):
    port, clients, batches = free_port(), 8, 20
    with BulkServer() as bulk, \
            Daemon("<system>\n  threads 2\n</system>\n" + buffered_config(port, bulk.port), port) as daemon:
        def send(client_number):
            with ForwardClient(port) as client:
                for batch in range(batches):
                    client.deliver(f"service.{client_number}", numbered(50, batch * 50))

        threads = [threading.Thread(target=send, args=(i,)) for i in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(15)
        assert daemon.stop() == 0, daemon.log()
        for i in range(clients):
            got = [d["number"] for d in bulk.sources() if d["@log_name"] == f"service.{i}"]
            assert got == list(range(batches * 50)), f"service.{i}: {len(got)} documents, sorted: {got == sorted(got)}"


@area.test("sluice replay sends a backup file again, with tags and times, to whoever takes it")
def replay(_):
    port, root = free_port(), tempfile.mkdtemp(dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    system = f"<system>\n  root_dir {root}\n</system>\n"
    with Daemon(system + buffered_config(port, free_port()), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("service.a", [[event_time(1576605304, 123456789), {"n": 1, "s": "é", "o": {"a": [1, None]}}]])
            client.deliver("service.b", numbered(3, 5))
            client.deliver("service.a", numbered(2, 8))
        assert daemon.stop() == 0, daemon.log()
    files = [os.path.join(path, name) for path, _, names in os.walk(root) for name in names]
    assert files and all(name.endswith(".log") for name in files), files
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        sent = run_sluice("replay", "-v", "--port", str(port), *files)
        assert sent.returncode == 0 and "6 acknowledged" in sent.stderr, sent.stderr
        events = daemon.wait_for_events(6)
        first = next(e for e in events if e[2].get("n") == 1)
        assert first == ("2019-12-17 17:55:04.123456789 +0000", "service.a", {"n": 1, "s": "é", "o": {"a": [1, None]}}), first
        assert sorted(e[2]["number"] for e in events if e[1] == "service.b") == [5, 6, 7]
    with open(files[0], "a") as file:
        file.write('{"tag":"x","time":"yesterday","record":{}}\n{"no":1}\nnonsense\n')
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        sent = run_sluice("replay", "--port", str(port), files[0])
        assert sent.returncode == 1 and sent.stderr.count("sluice replay: line ") == 3, sent.stderr
        daemon.wait_for_events(1)
    listed = run_sluice("dead-letters", root)
    assert listed.returncode == 1 and "nonsense" not in listed.stdout and "6 events, 1 reason" in listed.stdout, listed.stdout
    gone = run_sluice("replay", "--port", str(free_port()), "--timeout", "1", files[0], "/nowhere")
    assert gone.returncode == 1 and "cannot open /nowhere" in gone.stderr and "not sent" in gone.stderr, gone.stderr
