"""Ten containers and a real search engine at once on this machine's cores, with every setting at its default."""
import contextlib, os, signal, time

import area_docker
from harness import Area, Daemon, Skip, elasticsearch_store, forward_source, free_port, need_msgpack
from search_server import SearchServer, need_servers

CONTAINERS = 10
LINES = 200_000
SECONDS = 540

JSON = "<filter **>\n  @type parser\n  key_name log\n  <parse>\n    @type json\n  </parse>\n</filter>\n"


def needs():
    # Minutes; and a server that answers its first request later than request_timeout gets that request twice, which is a
    # copy as long as events have no ids of their own. So it belongs to `make test-long`.
    if not os.environ.get("SLUICE_LONG_TESTS"):
        raise Skip("takes minutes: SLUICE_LONG_TESTS=1 runs it, as does make test-long")
    need_msgpack()
    need_servers()
    area_docker.needs()


area = Area("load", needs=needs, setup=area_docker.Docker)


@contextlib.contextmanager
def writing(docker, port, options=None, then=""):
    """The containers at work, each with its share of the numbers; what waits for them all to end."""
    share = LINES // CONTAINERS
    with contextlib.ExitStack() as stack:
        containers = [
            stack.enter_context(docker.running(
                port, f"seq {n * share + 1} {(n + 1) * share} | busybox sed 's/.*/{{\"number\":&}}/'{then}",
                {"tag": f"load.{n}", **(options or {})}))
            for n in range(CONTAINERS)]

        def wait():
            for container in containers:
                docker.command("wait", container, seconds=SECONDS - 60)
        yield wait


def check_each_once(server, daemon):
    daemon.process.send_signal(signal.SIGUSR1)
    server.wait_for_count(LINES, 2 * SECONDS - 120, daemon)
    numbers = server.numbers()
    missing, copies = LINES - len(set(numbers)), len(numbers) - len(set(numbers))
    assert not missing and not copies, f"{missing} missing, {copies} twice; log:\n{daemon.log()[-3000:]}"


def every_line_once(docker, engine):
    port = free_port()
    with SearchServer(engine) as server:
        store = elasticsearch_store(server.port, buffer="flush_interval 1s\n")
        with Daemon(forward_source(port) + JSON + f"<match **>\n    {store}</match>\n", port) as daemon, \
                writing(docker, port) as wait:
            wait()
            check_each_once(server, daemon)


@area.test("elasticsearch-7: every line of ten containers once", SECONDS)
def es7(docker):
    every_line_once(docker, "elasticsearch-7")


@area.test("opensearch: every line of ten containers once", SECONDS)
def opensearch(docker):
    every_line_once(docker, "opensearch")


@area.test("elasticsearch-7: kill -9 four times in the middle, acks and a buffer in files: every line once",
           2 * SECONDS)
def killed(docker):
    port = free_port()
    with SearchServer("elasticsearch-7") as server:
        # Below the daemon's own folder, which goes with the test.
        buffer = "@type file\n      path buffer\n      flush_interval 1s\n"
        store = elasticsearch_store(server.port, "generate_id true", buffer)
        with Daemon(forward_source(port) + JSON + f"<match **>\n    {store}</match>\n", port) as daemon, \
                writing(docker, port, {"fluentd-request-ack": "true"}, then="; sleep 1000"):
            # Ten seconds after a container has ended Docker drops what it has of its lines (up to a megabyte), and with an
            # ack for each line it needs longer than that: so they stay.
            for kill in range(1, 5):
                server.wait_for_count(LINES * kill // 6, SECONDS, daemon)
                daemon.process.kill()
                daemon.process.wait()
                time.sleep(0.5)
                daemon.start()
            check_each_once(server, daemon)
