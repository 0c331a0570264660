"""Buffers in files: what is acknowledged outlives the process, whatever ends it."""
import os, shutil, signal, subprocess, tempfile, threading, time

from bulk_server import BulkServer
from harness import ROOT, Area, Daemon, ForwardClient, Skip, elasticsearch_store, forward_source, free_port, need_msgpack, \
    packed, run_sluice, wait_until

area = Area("buffer", needs=need_msgpack)
NOW = int(time.time())


def fresh_folder():
    return tempfile.mkdtemp(prefix="buffer-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))


def numbered(count, start=0, size=0):
    return [[NOW, {"number": i, **({"m": "x" * size} if size else {})}] for i in range(start, start + count)]


def file_config(port, bulk_port, folder, more="flush_interval 1s\n", key=""):
    buffer = f"@type file\npath {folder}\nretry_max_interval 1s\n{more}"
    store = elasticsearch_store(bulk_port, buffer=buffer).replace("<buffer>", f"<buffer {key}>" if key else "<buffer>")
    return forward_source(port) + f"<match **>\n    {store}</match>\n"


def chunk_files(folder):
    return [name for name in os.listdir(folder) if ".chunk" in name]


@area.test("kill -9 with the server down loses nothing that was acknowledged, and the next start sends it once")
def killed(_):
    scratch = fresh_folder()
    port, bulk, folder = free_port(), BulkServer(), os.path.join(scratch, "buffer")
    daemon = Daemon(file_config(port, bulk.port, folder), port)
    with daemon:
        for round in range(3):
            with ForwardClient(port) as client:
                for start in range(0, 500, 50):
                    client.deliver("service.a", numbered(50, round * 500 + start))
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            daemon.start()
        with bulk:
            wait_until(lambda: len(bulk.sources()) >= 1500, 20, daemon.log)
            time.sleep(1)
            assert bulk.numbers() == list(range(1500)), f"{len(bulk.numbers())}; log:\n{daemon.log()}"
            wait_until(lambda: not chunk_files(folder), 5, lambda: f"left: {chunk_files(folder)}")
        assert daemon.stop() == 0, daemon.log()


@area.test("killed at random while it receives and delivers: every acknowledged event arrives")
def killed_at_work(_):
    scratch = fresh_folder()
    port, folder, acknowledged = free_port(), os.path.join(scratch, "buffer"), []
    with BulkServer() as bulk, Daemon(file_config(port, bulk.port, folder, "flush_interval 0.1s\n"), port) as daemon:
        ended = threading.Event()

        def send():
            number = 0
            while not ended.is_set():
                try:
                    with ForwardClient(port) as client:
                        while not ended.is_set():
                            client.deliver("service.a", numbered(20, number))
                            acknowledged.extend(range(number, number + 20))
                            number += 20
                except (OSError, AssertionError):
                    number += 20
                    time.sleep(0.05)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for round in range(6):
                time.sleep(0.4 + 0.17 * round)
                daemon.signal(signal.SIGKILL)
                daemon.wait(5)
                daemon.start()
        finally:
            ended.set()
            sender.join()
        wait_until(lambda: not chunk_files(folder), 20, lambda: f"left: {chunk_files(folder)}\n{daemon.log()}")
        missing = set(acknowledged) - set(bulk.numbers())
        assert acknowledged and not missing, f"{len(missing)} of {len(acknowledged)} are missing; log:\n{daemon.log()}"
        assert daemon.stop() == 0, daemon.log()


@area.test("a stop leaves what is not delivered in the buffer, at once and with status 0; flush_at_shutdown sends it")
def stopped(_):
    scratch = fresh_folder()
    port, bulk, folder = free_port(), BulkServer(), os.path.join(scratch, "buffer")
    with Daemon(file_config(port, bulk.port, folder, "flush_interval 1h\n"), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("service.a", numbered(100))
        before = time.time()
        assert daemon.stop() == 0, daemon.log()
        assert time.time() - before < 3, "waited for a server that nobody needs"
        assert "events stay in the buffer for the next start" in daemon.log() and chunk_files(folder)
    config = file_config(port, bulk.port, folder, "flush_interval 1h\nflush_at_shutdown true\n")
    with bulk, Daemon(config, port) as daemon:
        assert "took up what was left in the buffer" in daemon.log()
        with ForwardClient(port) as client:
            client.deliver("service.a", numbered(100, 100))
        assert daemon.stop() == 0, daemon.log()
        assert bulk.numbers() == list(range(200)), f"{bulk.numbers()}; log:\n{daemon.log()}"
        assert not chunk_files(folder)


@area.test("of a chunk that was delivered in part, only the rest is sent after a crash")
def part(_):
    scratch = fresh_folder()
    port, folder, busy = free_port(), os.path.join(scratch, "buffer"), threading.Event()

    class PartServer(BulkServer):
        def take(self, body):
            answer = super().take(body)
            if not busy.is_set():
                busy.set()
                with self.lock:
                    self.documents = self.documents[::2]
                for item in answer["items"][1::2]:
                    item[next(iter(item))] = {"status": 429, "error": {"type": "es_rejected_execution_exception",
                                                                       "reason": "busy"}}
                answer["errors"] = True
            return answer

    with PartServer() as bulk:
        config = file_config(port, bulk.port, folder, "flush_interval 1s\nretry_wait 30s\n")
        config = config.replace("retry_max_interval 1s\n", "")
        with Daemon(config, port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("service.a", numbered(100))
            wait_until(lambda: any(name.endswith(".done") for name in os.listdir(folder)), 10, daemon.log)
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            assert bulk.numbers() == list(range(0, 100, 2))
            daemon.start()
            wait_until(lambda: not chunk_files(folder), 10, daemon.log)
            assert bulk.numbers() == list(range(100)), f"{bulk.numbers()}; log:\n{daemon.log()}"


@area.test("a full disk refuses what it cannot keep, with a line that says so; what was acknowledged arrives")
def full_disk(_):
    scratch = fresh_folder()
    folder = os.path.join(scratch, "disk")
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        raise Skip("cannot mount a small file system here")
    try:
        port, bulk = free_port(), BulkServer()
        with Daemon(file_config(port, bulk.port, folder), port) as daemon:
            acknowledged = []
            try:
                with ForwardClient(port) as client:
                    client.stream.settimeout(2)
                    for start in range(0, 10000, 100):
                        client.deliver("service.a", numbered(100, start, 1000))
                        acknowledged += range(start, start + 100)
            except (OSError, AssertionError):
                pass
            assert 500 < len(acknowledged) < 3000, f"{len(acknowledged)} acknowledged"
            wait_until(lambda: "No space left" in daemon.log(), 5, daemon.log)
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            with bulk:
                daemon.start()
                wait_until(lambda: set(acknowledged) <= set(bulk.numbers()), 20,
                           lambda: f"{len(bulk.numbers())} of {len(acknowledged)}; log:\n{daemon.log()}")
                with ForwardClient(port) as client:
                    client.deliver("service.a", numbered(10, 20000))
                wait_until(lambda: not chunk_files(folder), 10, daemon.log)
            assert daemon.stop() == 0, daemon.log()
    finally:
        subprocess.run(["umount", "-l", folder])


@area.test("two daemons cannot share a folder, and two outputs of one configuration neither")
def shared(_):
    scratch = fresh_folder()
    port, other, folder = free_port(), free_port(), os.path.join(scratch, "buffer")
    with Daemon(file_config(port, free_port(), folder), port):
        second = Daemon(file_config(other, free_port(), folder), other)
        second.launch()
        assert second.wait(5) == 1
        assert "is held by another sluice" in second.log(), second.log()
    config = file_config(port, 9200, folder)
    twice = os.path.join(scratch, "twice.conf")
    with open(twice, "w") as file:
        file.write(config.replace("<match **>", "<match a>") + config[config.index("<match"):])
    checked = run_sluice("check", twice)
    assert checked.returncode == 2 and "another output has its buffer in" in checked.stdout + checked.stderr


@area.test("what waits on the disk is not in memory")
def memory(_):
    scratch = fresh_folder()
    port, folder = free_port(), os.path.join(scratch, "buffer")
    with Daemon(file_config(port, free_port(), folder), port) as daemon:
        with ForwardClient(port) as client:
            for start in range(0, 200_000, 1000):
                client.deliver("service.a", numbered(1000, start, 1000))
        with open(f"/proc/{daemon.process.pid}/status") as status:
            peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024
        waiting = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)) >> 20
        assert waiting > 180 and peak < 80, f"{waiting} MiB wait, {peak} MiB in memory"
        assert daemon.stop() == 0, daemon.log()


@area.test("ack_after delivery: an ack comes when the server has the events, at a stop too")
def ack_after_delivery(_):
    port, bulk = free_port(), BulkServer()
    for buffer in ("flush_interval 0.1s\nretry_wait 0.2s\nretry_max_interval 0.2s\n",
                   f"@type file\npath {fresh_folder()}\nflush_interval 0.1s\nretry_wait 0.2s\nretry_max_interval 0.2s\n"):
        config = forward_source(port, "  ack_after delivery\n") + \
            f"<match **>\n    {elasticsearch_store(bulk.port, buffer=buffer)}</match>\n"
        with Daemon(config, port) as daemon, ForwardClient(port) as client:
            client.send(["service.a", packed(numbered(10)), {"size": 10, "chunk": "one"}])
            client.stream.settimeout(0.7)
            try:
                raise AssertionError(f"an ack before the delivery: {client.receive()}")
            except TimeoutError:
                pass
            with bulk:
                client.stream.settimeout(10)
                assert client.receive() == {"ack": "one"}
                assert bulk.numbers() == list(range(10))
                client.send(["service.a", packed(numbered(10, 10)), {"size": 10, "chunk": "two"}])
                time.sleep(0.02)
                daemon.signal(signal.SIGTERM)
                try:
                    assert client.receive() == {"ack": "two"}
                    assert bulk.numbers() == list(range(20))
                except AssertionError as error:
                    # With files nothing is sent at a stop: then there is no ack for what was not sent.
                    assert "closed" in str(error) and "@type file" in buffer, f"{error}; log:\n{daemon.log()}"
                assert daemon.wait(10) == 0, daemon.log()
        bulk = BulkServer()


@area.test("durability power: acks wait for the disk, and come")
def power(_):
    port, folder = free_port(), fresh_folder()
    config = file_config(port, free_port(), folder, "flush_interval 1h\ndurability power\n")
    with Daemon(config, port) as daemon, ForwardClient(port) as client:
        for start in range(0, 500, 10):
            client.deliver("service.a", numbered(10, start))
        assert daemon.stop() == 0, daemon.log()


@area.test("generate_id: sent again after an answer that never came, and after kill -9, an event has the id it had")
def same_ids(_):
    port, folder, calls = free_port(), fresh_folder(), []

    class LostAnswers(BulkServer):
        def take(self, body):
            calls.append(body)
            answer = super().take(body)
            if len(calls) <= 2:
                raise ConnectionResetError
            return answer

    with LostAnswers() as bulk:
        config = file_config(port, bulk.port, folder).replace("logstash_format true", "logstash_format true\n    generate_id true")
        with Daemon(config, port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("service.a", numbered(100))
            wait_until(lambda: calls, 10, daemon.log)
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            daemon.start()
            wait_until(lambda: len(calls) >= 3 and not chunk_files(folder), 20, daemon.log)
            stored = {action["index"]["_id"]: source["number"] for action, source in bulk.documents}
            assert len(bulk.documents) >= 300, "nothing was sent again: the test shows nothing"
            assert sorted(stored.values()) == list(range(100)), f"{len(stored)} ids for 100 events"


@area.test("a folder that Fluentd has left is taken over: its events are delivered with tag and time")
def fluentd_folder(_):
    for kind in ("tag-time", "gzip"):
        port, folder = free_port(), os.path.join(fresh_folder(), "buffer")
        shutil.copytree(os.path.join(ROOT, "Tests", "Golden", "fluentd-buffers", kind), folder)
        with BulkServer() as bulk, Daemon(file_config(port, bulk.port, folder), port) as daemon:
            wait_until(lambda: len(bulk.sources()) == 4, 10, daemon.log)
            events = sorted((d["@log_name"], d["@timestamp"], d.get("a"), d.get("b")) for d in bulk.sources())
            time_text = "2024-05-06T12:53:20.123456789+00:00"
            assert [e for e in events if e[0] == "t.a"] == [("t.a", time_text, n, None) for n in (1, 2, 3)], events
            assert [e for e in events if e[0] == "t.b"] == [("t.b", time_text, None, "é")], events
            wait_until(lambda: os.listdir(folder) == ["buffer.lock"], 5, lambda: f"left: {os.listdir(folder)}")
            assert daemon.stop() == 0, daemon.log()


def resident_megabytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


@area.test("a daemon at rest gives memory back, after its start and after work")
def at_rest(_):
    port = free_port()
    with BulkServer() as bulk:
        store = elasticsearch_store(bulk.port, buffer="flush_interval 0.2s\n")
        with Daemon(forward_source(port) + f"<match **>\n    {store}</match>\n", port) as daemon:
            wait_until(lambda: resident_megabytes(daemon.process) < 15, 5, lambda: f"{resident_megabytes(daemon.process)} MB")
            with ForwardClient(port) as client:
                for start in range(0, 20000, 1000):
                    client.deliver("service.a", numbered(1000, start, 2000))
            wait_until(lambda: len(bulk.sources()) >= 20000, 20, daemon.log)
            wait_until(lambda: resident_megabytes(daemon.process) < 18, 15, lambda: f"{resident_megabytes(daemon.process)} MB")
            with ForwardClient(port) as client:
                client.deliver("service.a", numbered(10, 20000))
            wait_until(lambda: len(bulk.sources()) >= 20010, 10, daemon.log)
