"""Edges that feed aggregators: what is acknowledged arrives, whatever happens to the aggregator."""
import signal, subprocess, tempfile, threading, time, os

from certificates import Certificates
from harness import (STDOUT, Area, Daemon, ForwardClient, forward_source, free_port, need_msgpack, need_program,
                     wait_until)

area = Area("forward", needs=need_msgpack)
NOW = int(time.time())


def numbered(start, count):
    return [[NOW, {"number": number}] for number in range(start, start + count)]


def edge(port, servers, more="", buffer="flush_interval 0.1s\nretry_wait 0.2s\nretry_max_interval 1s\n"):
    """A daemon that sends all it gets on to servers with acks."""
    sections = "".join(f"<server>\nhost 127.0.0.1\nport {server}\n{extra}</server>\n" for server, extra in servers)
    return forward_source(port) + (f"<match **>\n@type forward\nrequire_ack_response true\nrecover_wait 1s\n{more}"
                                   f"{sections}<buffer tag>\n{buffer}</buffer>\n</match>\n")


def numbers(*daemons):
    return [record["number"] for daemon in daemons for _, _, record in daemon.events()]


@area.test("two daemons, TLS, a shared key and a user: every event arrives once, with its time and tag")
def secured(_):
    need_program("openssl", "openssl")
    tls, port, central = Certificates(), free_port(), free_port()
    source = (f"<transport tls>\ncert_path {tls.certificate}\nprivate_key_path {tls.key}\nclient_cert_auth true\n"
              f"ca_path {tls.authority}\n</transport>\n<security>\nself_hostname central\nshared_key key123\n"
              "user_auth true\n<user>\nusername me\npassword secret\n</user>\n</security>\n")
    more = (f"transport tls\ntls_cert_path {tls.authority}\ntls_client_cert_path {tls.client_certificate}\n"
            f"tls_client_private_key_path {tls.client_key}\ncompress gzip\n"
            "<security>\nself_hostname edge\nshared_key key123\n</security>\n")
    users = [(central, "username me\npassword secret\n")]
    with Daemon(forward_source(central, source) + STDOUT, central) as aggregator, \
            Daemon(edge(port, users, more), port) as daemon:
        with ForwardClient(port) as client:
            for start in range(0, 1000, 100):
                client.deliver(f"service.{start % 3}", numbered(start, 100))
        aggregator.wait_for_events(1000)
        assert daemon.stop() == 0, daemon.log()
        assert sorted(numbers(aggregator)) == list(range(1000)), aggregator.log()
        assert {tag for _, tag, _ in aggregator.events()} == {"service.0", "service.1", "service.2"}
        assert "key123" not in daemon.log() and "secret" not in daemon.log()
        for log in daemon.log(), aggregator.log():
            assert "[warn]" not in log and "[error]" not in log, log


@area.test("a wrong shared key is a refusal in words, and the events wait in their files until it is right", seconds=40)
def wrong_key(_):
    port, central = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="forward-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    security = "<security>\nself_hostname {}\nshared_key {}\n</security>\n"
    buffer = f"@type file\npath {folder}/buffer\nflush_interval 0.1s\nretry_wait 0.2s\n"
    config = edge(port, [(central, "")], security.format("edge", "wrong"), buffer)
    with Daemon(forward_source(central, security.format("central", "right")) + STDOUT, central) as aggregator, \
            Daemon(config, port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("t", numbered(0, 10))
        wait_until(lambda: "shared_key mismatch; give the shared_key of the server's <security>" in daemon.log(), 10,
                   daemon.log)
        assert daemon.stop() == 0, daemon.log()
        assert aggregator.events() == []
        with open(daemon.config, "w") as file:
            file.write(config.replace("shared_key wrong", "shared_key right"))
        daemon.start()
        aggregator.wait_for_events(10)
        assert daemon.stop() == 0, daemon.log()
        assert numbers(aggregator) == list(range(10))


@area.test("kill -9 of the aggregator again and again: every acknowledged event arrives", seconds=90)
def killed_aggregator(_):
    port, central, acknowledged = free_port(), free_port(), []
    scratch = tempfile.mkdtemp(prefix="forward-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    # The aggregator's acks mean its buffer, so that has to outlive it.
    sink = free_port()
    store = (f"<match **>\n@type forward\nrequire_ack_response true\nrecover_wait 1s\n<server>\nhost 127.0.0.1\n"
             f"port {sink}\n</server>\n<buffer tag>\n@type file\npath {scratch}/buffer\nflush_interval 0.1s\n"
             "retry_wait 0.2s\nretry_max_interval 1s\n</buffer>\n</match>\n")
    with Daemon(forward_source(sink) + STDOUT, sink) as last, \
            Daemon(forward_source(central) + store, central) as aggregator, \
            Daemon(edge(port, [(central, "")], "keepalive true\n"), port) as daemon:
        ended = threading.Event()

        def send():
            number = 0
            with ForwardClient(port) as client:
                while not ended.is_set():
                    client.deliver("t", numbered(number, 20))
                    acknowledged.extend(range(number, number + 20))
                    number += 20
                    time.sleep(0.002)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for round in range(5):
                time.sleep(0.5 + 0.13 * round)
                # Held first, so that it dies with bytes that its kernel has taken and it has not read.
                aggregator.signal(signal.SIGSTOP)
                time.sleep(0.3)
                aggregator.signal(signal.SIGKILL)
                aggregator.wait(5)
                time.sleep(0.3 * (round % 2))
                aggregator.start()
        finally:
            time.sleep(0.3)
            ended.set()
            sender.join()
        wait_until(lambda: set(acknowledged) <= set(numbers(last)), 30,
                   lambda: f"{len(set(acknowledged) - set(numbers(last)))} of {len(acknowledged)} are missing; "
                           f"log:\n{daemon.log()}\n{aggregator.log()}")
        assert acknowledged
        assert daemon.stop() == 0, daemon.log()
        assert aggregator.stop() == 0, aggregator.log()


@area.test("of two aggregators one is away: the other gets everything; back again, it gets its share", seconds=60)
def failover(_):
    port, one, two = free_port(), free_port(), free_port()
    buffer = "flush_mode immediate\nretry_wait 0.2s\n"
    first = Daemon(forward_source(one) + STDOUT, one)
    with first, Daemon(forward_source(two) + STDOUT, two) as second, \
            Daemon(edge(port, [(one, ""), (two, "")], buffer=buffer), port) as daemon:
        with ForwardClient(port) as client:
            def deliver(start):
                for number in range(start, start + 100):
                    client.deliver("t", numbered(number, 1))

            deliver(0)
            wait_until(lambda: len(numbers(first, second)) == 100, 10, daemon.log)
            assert 40 <= len(numbers(first)) <= 60, f"{len(numbers(first))} of 100 to the first"
            first.signal(signal.SIGKILL)
            first.wait(5)
            before = len(numbers(first))
            deliver(100)
            wait_until(lambda: set(range(100, 200)) <= set(numbers(first, second)), 10, daemon.log)
            assert len(numbers(first)) == before
            assert "a server failed and is passed over while there is another" in daemon.log(), daemon.log()
            first.start()
            time.sleep(1.2)
            deliver(200)
            wait_until(lambda: set(range(300)) <= set(numbers(first, second)), 10, daemon.log)
            assert len(numbers(first)) > before + 30, "the first is back, and gets its share"
        assert daemon.stop() == 0, daemon.log()


@area.test("a stop while the server hangs ends in time, with the events in a backup file", seconds=60)
def hanging_server(_):
    import socket

    port = free_port()
    for reads in (False, True):
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = []

            def accept():
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:
                        return
                    taken.append(connection)
                    if reads:
                        threading.Thread(target=lambda: [None for _ in iter(lambda: connection.recv(65536), b"")],
                                         daemon=True).start()

            threading.Thread(target=accept, daemon=True).start()
            config = f"<system>\nroot_dir {tempfile.mkdtemp(prefix='root-')}\nshutdown_timeout 4\n</system>\n"
            config += edge(port, [(server.getsockname()[1], "")], "heartbeat_type none\n")
            with Daemon(config, port) as daemon:
                with ForwardClient(port) as client:
                    client.deliver("t", numbered(0, 10))
                wait_until(lambda: taken, 5, daemon.log)
                began = time.monotonic()
                status = daemon.stop(15)
                assert time.monotonic() - began < 9, f"the stop took {time.monotonic() - began} s"
                assert status == 0, f"status {status}; log:\n{daemon.log()}"
                folder = config.split("root_dir ")[1].split("\n")[0]
                kept = subprocess.run(["grep", "-rc", "number", folder], capture_output=True, text=True).stdout
                assert any(line.endswith(":10") for line in kept.splitlines()), f"{kept}\n{daemon.log()}"
