"""Filters and outputs between source and destination, with a client of the forward protocol."""
import os

from harness import ROOT, STDOUT, Area, Daemon, ForwardClient, event_time, forward_source, free_port, need_msgpack

area = Area("filters", needs=need_msgpack)
NOW = 1_715_000_000


def entries(*records):
    return [(event_time(NOW + number), record) for number, record in enumerate(records)]


def example(name, port):
    with open(os.path.join(ROOT, "config", "examples", name)) as file:
        return file.read().replace("24224", str(port))


@area.test("split-by-service.conf gives each service a tag of its own, and errors a label")
def split_by_service(_):
    port = free_port()
    with Daemon(example("split-by-service.conf", port), port) as daemon, ForwardClient(port) as client:
        client.deliver("docker.web", entries(
            {"labels": {"service": "cart"}, "n": 1}, {"labels": {"service": "shop"}, "n": 2}, {"level": "ERROR", "n": 3},
            {"labels": {"service": "a b"}, "n": 4}, {"labels": {"service": "cart"}, "n": 5}, {"n": 6}))
        events = daemon.wait_for_events(5)
        assert [(tag, record["n"]) for _, tag, record in events] == [
            ("service.cart", 1), ("errors.docker.web", 3), ("service.unknown", 4), ("service.cart", 5), ("service.unknown", 6)], events
        with open(daemon.out_path) as file:
            assert '{"labels":{"service":"shop"},"n":2}' in file.read()
