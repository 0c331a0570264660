"""Filters and outputs between source and destination, with a client of the forward protocol."""
import ctypes, os, shutil, tempfile, time

from harness import ROOT, STDOUT, Area, Daemon, ForwardClient, Skip, event_time, forward_source, free_port, need_msgpack

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


TRACE = ["2024-05-06 07:08:09 ERROR boom", "java.lang.IllegalStateException: no", "\tat a.B.c(B.java:1)", "Caused by: x"]


@area.test("java-traces.conf joins the lines of each container, and lets the last one go by itself")
def java_traces(_):
    port = free_port()
    config = example("java-traces.conf", port).replace("flush_interval 5s", "flush_interval 1s")
    with Daemon(config, port) as daemon, ForwardClient(port) as client:
        lines = [{"log": line, "container_id": name} for line in TRACE for name in ("one", "two")]
        client.deliver("app.web", entries(*lines[:3]))
        client.deliver("app.web", entries(*lines[3:]))
        client.deliver("app.web", entries({"log": "2024-05-06 07:08:10 INFO fine", "container_id": "one"}))
        first = daemon.wait_for_events(1)[0][2]
        assert first == {"container_id": "one", "date": "2024-05-06 07:08:09", "level": "ERROR",
                         "message": "\n".join(["boom", *TRACE[1:]])}, first
        events = daemon.wait_for_events(3)
        assert sorted((e["container_id"], e["level"]) for _, _, e in events) == [
            ("one", "ERROR"), ("one", "INFO"), ("two", "ERROR")], events


CONCAT = "<filter **>\n  @type concat\n  @id joined\n  key log\n  multiline_start_regexp /^S/\n</filter>\n"


@area.test("what waits at a stop is kept in the dead letters, and goes on at a reload")
def waiting(_):
    port = free_port()
    with Daemon(forward_source(port) + CONCAT + STDOUT, port) as daemon, ForwardClient(port) as client:
        client.deliver("t", entries({"log": "S1"}, {"log": "a"}))
        with open(daemon.config, "a") as file:
            file.write("<label @UNUSED>\n  <match **>\n    @type null\n  </match>\n</label>\n")
        daemon.signal(1)
        assert daemon.wait_for_events(1)[0][2] == {"log": "S1\na"}
        client.deliver("t", entries({"log": "S2"}, {"log": "b"}))
        assert daemon.stop() == 0, daemon.log()
        assert len(daemon.events()) == 1, daemon.events()
        folder = os.path.join(daemon.folder, "state", "dead-letters", "joined")
        letters = "".join(open(os.path.join(folder, name)).read() for name in os.listdir(folder))
        assert '"S2\\nb"' in letters and letters.count("\n") == 1, letters


@area.test("a client that waits for its ack has it when the joined event is delivered")
def acks(_):
    port = free_port()
    source = forward_source(port, "  ack_after delivery\n")
    with Daemon(source + CONCAT + STDOUT, port) as daemon, ForwardClient(port) as client:
        client.send(["t", [[1, {"log": "S1"}]], {"chunk": "one"}])
        time.sleep(0.5)  # what comes in one read has its acks together
        client.send(["t", [[2, {"log": "S2"}]], {"chunk": "two"}])
        assert client.receive() == {"ack": "one"}
        assert [record["log"] for _, _, record in daemon.wait_for_events(1)] == ["S1"]


GEOIP = """<filter **>
  @type geoip
  geoip2_database {path}
  <record>
    city ${{city.names.en["host"]}}
    location '[${{location.longitude["host"]}},${{location.latitude["host"]}}]'
  </record>
</filter>
"""


@area.test("geoip starts without its database, says so once, and reads it when it is there")
def geoip(_):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "city.mmdb")
        config = forward_source(port) + GEOIP.format(path=path) + STDOUT
        with Daemon(config, port) as daemon, ForwardClient(port) as client:
            client.deliver("t", entries({"host": "192.0.2.1"}))
            assert daemon.wait_for_events(1)[0][2] == {"host": "192.0.2.1", "city": None, "location": [None, None]}
            assert daemon.log().count(f"there is no geoip database '{path}'") == 1, daemon.log()
            try:
                ctypes.CDLL("libmaxminddb.so.0")
            except OSError:
                raise Skip("libmaxminddb is missing (apt-get install libmaxminddb0)")
            shutil.copy(os.path.join(ROOT, "Tests", "GeoIP", "city.mmdb"), path)
            with open(daemon.config, "a") as file:
                file.write("<label @UNUSED>\n  <match **>\n    @type null\n  </match>\n</label>\n")
            daemon.signal(1)
            time.sleep(1)
            client.deliver("t", entries({"host": "192.0.2.2"}, {"host": "web"}))
            assert [record for _, _, record in daemon.wait_for_events(3)[1:]] == [
                {"host": "192.0.2.2", "city": "Kyoto", "location": [135.7538, 35.0211]},
                {"host": "web", "city": None, "location": [None, None]}]
