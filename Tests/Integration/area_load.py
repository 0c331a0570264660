"""Ten containers and a real search engine at once on this machine's cores, with every setting at its default."""
import contextlib, os, signal

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


def every_line_once(docker, engine):
    port, share = free_port(), LINES // CONTAINERS
    with SearchServer(engine) as server:
        store = elasticsearch_store(server.port, buffer="flush_interval 1s\n")
        with Daemon(forward_source(port) + JSON + f"<match **>\n    {store}</match>\n", port) as daemon, \
                contextlib.ExitStack() as containers:
            running = [
                containers.enter_context(docker.running(
                    port, f"seq {n * share + 1} {(n + 1) * share} | busybox sed 's/.*/{{\"number\":&}}/'",
                    {"tag": f"load.{n}"}))
                for n in range(CONTAINERS)]
            for container in running:
                docker.command("wait", container, seconds=SECONDS - 60)
            daemon.process.send_signal(signal.SIGUSR1)
            server.wait_for_count(LINES, SECONDS - 60, daemon)
            numbers = server.numbers()
            missing, copies = LINES - len(set(numbers)), len(numbers) - len(set(numbers))
            assert not missing and not copies, f"{missing} missing, {copies} twice; log:\n{daemon.log()[-3000:]}"


@area.test("elasticsearch-7: every line of ten containers once", SECONDS)
def es7(docker):
    every_line_once(docker, "elasticsearch-7")


@area.test("opensearch: every line of ten containers once", SECONDS)
def opensearch(docker):
    every_line_once(docker, "opensearch")
