"""A configuration that is read again while events flow: nothing lost, nothing doubled, nobody turned away."""
import contextlib, http.client, json, os, signal, socket, tempfile, threading, time

from bulk_server import BulkServer
from harness import Area, Daemon, ForwardClient, elasticsearch_store, forward_source, free_port, need_msgpack, packed, \
    run_sluice, wait_until

area = Area("reload", needs=need_msgpack)
NOW = int(time.time())
LONG = bool(os.environ.get("SLUICE_LONG_TESTS"))


def numbered(count, start=0):
    return [[NOW, {"number": i}] for i in range(start, start + count)]


def scratch(prefix):
    return tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("SLUICE_TEST_SCRATCH"))


def system(threads):
    return f"<system>\n  threads {threads}\n</system>\n"


def write(daemon, config):
    """In place of the file, as an editor does."""
    with open(daemon.config + ".new", "w") as file:
        file.write(config)
    os.rename(daemon.config + ".new", daemon.config)


def reload(daemon, config, seconds=15, words="the configuration is in force", number=signal.SIGHUP):
    write(daemon, config)
    before = daemon.log().count(words)
    daemon.signal(number)
    wait_until(lambda: daemon.log().count(words) > before, seconds, lambda: f"no '{words}'; log:\n{daemon.log()}")


def memory_kilobytes(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


class Senders:
    """Clients that send numbered events until they are told to stop: with acks, without, and with a connection each time."""

    def __init__(self, port):
        self.port, self.ended, self.lock = port, threading.Event(), threading.Lock()
        self.sent, self.number, self.failures = set(), 0, []

    def take(self, count):
        with self.lock:
            self.number += count
            return list(range(self.number - count, self.number))

    def one(self, kind):
        try:
            client = None
            while not self.ended.is_set():
                numbers = self.take(20)
                entries = [[NOW, {"number": n}] for n in numbers]
                if client is None or kind == "new":
                    client and client.stream.close()
                    client = ForwardClient(self.port)
                if kind == "plain":
                    client.send([f"service.{kind}", packed(entries), {}])
                else:
                    client.deliver(f"service.{kind}", entries)
                with self.lock:
                    self.sent.update(numbers)
                time.sleep(0.005)
        except Exception as error:
            self.failures.append(f"{kind}: {error}")

    def __enter__(self):
        self.threads = [threading.Thread(target=self.one, args=(kind,)) for kind in ("acks", "plain", "new", "acks")]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(20)


def under_load(threads, rounds):
    port, folder = free_port(), scratch("reload-")
    with BulkServer() as bulk:
        def config(round):
            """Filters, outputs and their settings change; now and then the source does."""
            store = elasticsearch_store(bulk.port, f"custom_headers {{\"X-Round\":\"{round % 3}\"}}",
                                        "flush_interval 0.1s\nflush_thread_count 2\n")
            files = elasticsearch_store(bulk.port, f"custom_headers {{\"X-Round\":\"{round % 2}\"}}",
                                        f"@type file\npath {folder}/buffer\nflush_interval 0.1s\n")
            more = f"  chunk_size_limit {64 + round % 5 // 4}m\n"
            filters = "".join(f"<filter **>\n  @type record_transformer\n  <record>\n    r{i} x\n  </record>\n</filter>\n"
                              for i in range(round % 4))
            return (system(threads) + forward_source(port, more) + filters
                    + f"<match service.acks>\n    {files}</match>\n<match **>\n  @type copy\n  <store>\n    {store}</store>\n"
                    + ("  <store>\n    @type null\n  </store>\n" if round % 2 else "") + "</match>\n")

        with Daemon(config(0), port) as daemon:
            memory, files = [], []
            with Senders(port) as senders:
                for round in range(1, rounds + 1):
                    reload(daemon, config(round), number=signal.SIGUSR2 if round % 2 else signal.SIGHUP)
                    memory.append(memory_kilobytes(daemon))
                    files.append(descriptors(daemon))
                    assert not senders.failures, senders.failures
                    time.sleep(0.05)
            assert not senders.failures, senders.failures
            wait_until(lambda: len(bulk.sources()) >= len(senders.sent), 20,
                       lambda: f"{len(bulk.sources())} of {len(senders.sent)}; log:\n{daemon.log()[-3000:]}")
            assert daemon.stop() == 0, daemon.log()
            got = bulk.numbers()
            missing, doubled = senders.sent - set(got), len(got) - len(set(got))
            assert not missing and not doubled, f"{len(missing)} missing, {doubled} doubled; log:\n{daemon.log()[-3000:]}"
            half = len(memory) // 2
            print(f"      {rounds} reloads, {threads} loops, {len(got)} events, RSS {memory[0]} to {memory[-1]} kB"
                  f" (after the first half {memory[half]}), descriptors {files[0]} to {files[-1]}")
            assert memory[-1] < memory[half] * 1.15 + 4096, f"memory grows: {memory}"
            assert files[-1] <= files[half] + 8, f"descriptors grow: {files}"


@area.test("filters, outputs, buffers and the source change again and again under load: no event lost or doubled", 120)
def load_one_loop(_):
    under_load(1, 100 if LONG else 12)


@area.test("the same with three loops", 120)
def load_three_loops(_):
    under_load(3, 100 if LONG else 12)


@area.test("a configuration that cannot be run changes nothing, and the log says what is wrong with it")
def refused(_):
    port = free_port()
    good = forward_source(port) + "<match **>\n  @type stdout\n</match>\n"
    with Daemon(good, port) as daemon, ForwardClient(port) as client:
        for bad, word in [(good + "<match x>\n  @type stdot\n</match>\n", "stdot"), ("<source>\n", "is not closed")]:
            reload(daemon, bad, words="nothing has changed")
            wait_until(lambda: word in daemon.log(), 5, daemon.log)
            client.deliver("a", numbered(1))
        os.remove(daemon.config)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.log().count("nothing has changed") >= 3, 10, daemon.log)
        taken = free_port()
        with socket.create_server(("127.0.0.1", taken)):
            reload(daemon, good + forward_source(taken), words="nothing has changed")
            assert f"{taken}" in daemon.log() and "in use" in daemon.log(), daemon.log()
        client.deliver("a", numbered(1, 9))
        daemon.wait_for_events(3)
        # And after all that it can still be reloaded.
        reload(daemon, good + forward_source(taken))
        with ForwardClient(taken) as other:
            other.deliver("b", numbered(1))
        daemon.wait_for_events(4)
        assert daemon.stop() == 0, daemon.log()


@area.test("events that wait in files for a server that is away go out through the output that takes its place")
def buffer_in_files(_):
    port, folder, dead = free_port(), scratch("reload-"), free_port()
    with BulkServer() as bulk:
        def config(server):
            store = elasticsearch_store(server, "generate_id true",
                                        f"@type file\npath {folder}/b\nflush_interval 0.2s\nretry_max_interval 1s\n")
            return forward_source(port) + f"<match **>\n    {store}</match>\n"

        with Daemon(config(dead), port) as daemon, ForwardClient(port) as client:
            client.deliver("a", numbered(500))
            time.sleep(1)
            reload(daemon, config(bulk.port))
            client.deliver("a", numbered(500, 500))
            wait_until(lambda: len(bulk.sources()) >= 1000, 10, daemon.log)
            assert bulk.numbers() == list(range(1000)), daemon.log()
            assert daemon.stop() == 0, daemon.log()
    # Where the new output cannot be made, the old one goes on with its files.
    with BulkServer() as bulk, Daemon(config(bulk.port), port) as daemon, ForwardClient(port) as client:
        client.deliver("a", numbered(10))
        os.makedirs(f"{folder}/other")
        with open(f"{folder}/other/.lock", "w"):
            pass
        assert daemon.stop() == 0, daemon.log()


@area.test("a memory buffer whose output is replaced is delivered behind the new one, when its server is back")
def buffer_in_memory(_):
    port, other = free_port(), BulkServer()
    with BulkServer() as bulk:
        def config(server):
            return forward_source(port) + f"<match **>\n    {elasticsearch_store(server, '', RETRY)}</match>\n"

        with Daemon(config(other.port), port) as daemon, ForwardClient(port) as client:
            client.deliver("a", numbered(100))
            reload(daemon, config(bulk.port))
            client.deliver("a", numbered(100, 100))
            wait_until(lambda: len(bulk.sources()) >= 100, 10, daemon.log)
            with other:
                wait_until(lambda: len(other.sources()) >= 100, 15, daemon.log)
                wait_until(lambda: "replaced outputs have delivered" in daemon.log(), 10, daemon.log)
            assert bulk.numbers() == list(range(100, 200)) and other.numbers() == list(range(100))
            assert daemon.stop() == 0, daemon.log()


RETRY = "flush_interval 0.2s\nretry_wait 0.2s\nretry_max_interval 0.5s\n"


@area.test("a stop with replaced outputs still at work leaves their events in backup files")
def stop_with_replaced(_):
    port = free_port()

    def config(server):
        return forward_source(port) + f"<match **>\n    {elasticsearch_store(server, '', RETRY)}</match>\n"

    with Daemon(config(free_port()), port) as daemon, ForwardClient(port) as client:
        client.deliver("a", numbered(100))
        with BulkServer() as bulk:
            reload(daemon, config(bulk.port))
            client.deliver("a", numbered(100, 100))
            wait_until(lambda: len(bulk.sources()) >= 100, 10, daemon.log)
            assert daemon.stop(20) in (0, 1), daemon.log()
        shown = run_sluice("dead-letters", f"{daemon.folder}/state")
        assert "100 events, 1 reason" in shown.stdout, shown.stdout + daemon.log()


@area.test("sources come and go; one that changes keeps its socket and its clients")
def sources(_):
    port, second = free_port(), free_port()
    path = os.path.join(scratch("reload-"), "s.sock")
    out = "<match **>\n  @type stdout\n</match>\n"
    unix = f"<source>\n  @type unix\n  path {path}\n</source>\n"
    with Daemon(forward_source(port) + unix + out, port) as daemon, ForwardClient(port) as client:
        client.deliver("a", numbered(1))
        reload(daemon, forward_source(port, "  add_tag_prefix new\n") + forward_source(second) + unix + out)
        client.deliver("old", numbered(1, 1))
        with ForwardClient(port) as fresh, ForwardClient(second) as other:
            fresh.deliver("fresh", numbered(1, 2))
            other.deliver("other", numbered(1, 3))
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(path)
            ForwardClient(port, stream).deliver("unix", numbered(1, 4))
        reload(daemon, forward_source(second) + unix.replace("</source>", "  add_tag_prefix u\n</source>") + out)
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            raise AssertionError("a source that is gone still listens")
        except ConnectionRefusedError:
            pass
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(path)
            ForwardClient(port, stream).deliver("unix", numbered(1, 5))
        daemon.wait_for_events(6)
        tags = {record["number"]: tag for _, tag, record in daemon.events()}
        assert tags == {0: "a", 1: "old", 2: "new.fresh", 3: "other", 4: "unix", 5: "u.unix"}, tags
        assert daemon.stop() == 0, daemon.log()
        assert not os.path.exists(path), "the socket's file is left"


@area.test("a source that was replaced is let go when its last client has left")
def deserted(_):
    port = free_port()
    out = "<match **>\n  @type stdout\n</match>\n"
    source = f"<source>\n  @type http\n  bind 127.0.0.1\n  port {port}\n</source>\n"
    with Daemon(source + out, port) as daemon:
        before = descriptors(daemon)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def post(number):
            client.request("POST", "/a", json.dumps({"number": number}), {"Content-Type": "application/json"})
            answer = client.getresponse()
            answer.read()
            assert answer.status == 200, answer.status

        post(0)
        reload(daemon, source.replace("</source>", "  body_size_limit 1m\n</source>") + out)
        # Still served by what was replaced.
        post(1)
        wait_until(lambda: descriptors(daemon) > before + 1, 5, "what was replaced has no descriptor of its own")
        client.close()
        wait_until(lambda: descriptors(daemon) <= before, 15, lambda: f"{descriptors(daemon)} descriptors, {before} before")
        assert daemon.stop() == 0, daemon.log()


@area.test("sluice reload waits for what comes of it: in force, refused with the reasons, or nobody there")
def command(_):
    port = free_port()
    good = forward_source(port) + "<match **>\n  @type stdout\n</match>\n"
    with Daemon(good, port) as daemon:
        pid = str(daemon.process.pid)
        write(daemon, good.replace("stdout", "null"))
        done = run_sluice("reload", pid)
        assert done.returncode == 0 and done.stdout == "the configuration is in force\n", done.stderr
        write(daemon, good.replace("stdout", "stdot"))
        done = run_sluice("reload", pid)
        assert done.returncode == 2 and "unknown output type 'stdot'" in done.stderr and "did you mean" in done.stderr, done.stderr
        assert done.stderr.endswith("nothing has changed\n"), done.stderr
        pid_file = os.path.join(daemon.folder, "pid")
        with open(pid_file, "w") as file:
            file.write(pid + "\n")
        write(daemon, good)
        assert run_sluice("reload", pid_file).returncode == 0
        for bad in ("1", "/nowhere", daemon.config):
            done = run_sluice("reload", bad)
            assert done.returncode == 1 and done.stderr.startswith("sluice reload: "), done.stderr
        # Ten at once are one or two reloads, and all hear of the end.
        results = []
        threads = [threading.Thread(target=lambda: results.append(run_sluice("reload", pid).returncode)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert results == [0] * 10, results
        assert daemon.stop() == 0, daemon.log()
        assert run_sluice("reload", pid).returncode == 1


def take_over(rounds, threads, unix):
    port, folder = free_port(), scratch("takeover-")
    path = f"{folder}/s.sock"
    with BulkServer() as bulk:
        store = elasticsearch_store(bulk.port, "generate_id true",
                                    f"@type file\npath {folder}/buffer\nflush_interval 0.1s\n")
        memory = elasticsearch_store(bulk.port, "", "flush_interval 0.1s\n")
        config = (system(threads) + forward_source(port) + f"<source>\n  @type unix\n  path {path}\n</source>\n"
                  + f"<match service.new>\n    {memory}</match>\n<match **>\n    {store}</match>\n")
        ended, failures, acknowledged, lock = threading.Event(), [], set(), threading.Lock()
        next_number = [0]

        def connect():
            if not unix:
                return ForwardClient(port)
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(path)
            return ForwardClient(port, stream)

        def send(kind):
            """As a client does: what was not acknowledged is sent again on another connection. Nobody is refused."""
            client = None
            while not ended.is_set():
                with lock:
                    numbers = range(next_number[0], next_number[0] + 10)
                    next_number[0] += 10
                while True:
                    try:
                        client = client if client and kind != "new" else connect()
                    except OSError as error:
                        failures.append(f"refused: {error}")
                        return
                    try:
                        client.deliver(f"service.{kind}", [[NOW, {"number": n}] for n in numbers])
                        break
                    except (OSError, AssertionError):
                        client = None
                with lock:
                    acknowledged.update(numbers)
                time.sleep(0.003)

        with contextlib.ExitStack() as stack:
            daemon = stack.enter_context(Daemon(config, port))
            senders = [threading.Thread(target=send, args=(kind,)) for kind in ("old", "new", "old")]
            for sender in senders:
                sender.start()
            try:
                for round in range(rounds):
                    time.sleep(0.3)
                    successor = Daemon(config, None, options=["--take-over", str(daemon.process.pid)])
                    stack.enter_context(successor)
                    wait_until(lambda: "is now running" in successor.log(), 20, lambda: successor.log() + daemon.log())
                    assert daemon.wait(20) == 0, daemon.log()
                    daemon = successor
                    assert not failures, failures
                time.sleep(0.3)
            finally:
                ended.set()
                for sender in senders:
                    sender.join(20)
            assert not failures, failures
            wait_until(lambda: acknowledged <= set(bulk.numbers()), 20,
                       lambda: f"{len(acknowledged - set(bulk.numbers()))} missing; log:\n{daemon.log()}")
            assert daemon.stop() == 0, daemon.log()
            # What was not acknowledged before a stop is sent again, and may have arrived: the ids show whether it did twice.
            ids = [next(iter(action.values())).get("_id") for action, _ in bulk.documents]
            ids = [i for i in ids if i]
            assert len(ids) == len(set(ids)), "a document was sent again under its id"
            print(f"      {rounds} take-overs, {len(acknowledged)} events acknowledged, {len(bulk.sources())} documents")
            assert not os.path.exists(path), "the socket's file is left"


@area.test("--take-over under load, again and again: nobody is refused, and what is acknowledged arrives", 240)
def take_over_tcp(_):
    take_over(20 if LONG else 4, 1, unix=False)


@area.test("--take-over with two loops, over a unix socket", 240)
def take_over_unix(_):
    take_over(20 if LONG else 3, 2, unix=True)


@area.test("--take-over from nobody, and with a configuration that cannot be run, disturbs nobody")
def take_over_refused(_):
    port = free_port()
    good = forward_source(port) + "<match **>\n  @type stdout\n</match>\n"
    with Daemon(good, port) as daemon, ForwardClient(port) as client:
        for config, pid, word in [(good, 1, "no sluice of this account"), (good, "/nowhere", "neither a process id"),
                                  (good.replace("stdout", "stdot"), daemon.process.pid, "stdot")]:
            other = Daemon(config, None, options=["--take-over", str(pid)]).launch()
            assert other.wait(10) in (1, 2) and word in other.log(), other.log()
        client.deliver("a", numbered(1))
        daemon.wait_for_events(1)
        # One who asks and goes away, or talks nonsense, changes nothing.
        for words in (b"take over", b"go?", b"x" * 1000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(f"\0sluice/{daemon.process.pid}")
                stranger.send(words)
                time.sleep(0.1)
        client.deliver("a", numbered(1))
        daemon.wait_for_events(2)
        assert daemon.stop() == 0, daemon.log()
