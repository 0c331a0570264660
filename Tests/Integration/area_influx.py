"""A real InfluxDB 1: what is acknowledged is a point there, with its types and its time, whatever is killed meanwhile."""
import json, os, subprocess, tempfile, time, urllib.error, urllib.parse, urllib.request

from harness import (Area, Daemon, ForwardClient, accepts, end_process, event_time, forward_source, free_port, need_msgpack,
                     need_program, wait_until)

NOW = 1_715_000_000
BUFFER = "flush_interval 0.2s\nretry_wait 0.2s\nretry_max_interval 1s\n"


def needs():
    need_msgpack()
    need_program("influxd", "influxdb")


class Influx:
    """influxd with a folder of its own, and one database."""

    def __init__(self, authenticates=False):
        self.port, self.folder = free_port(), tempfile.mkdtemp(prefix="influx-")
        self.url, self.user = f"http://127.0.0.1:{self.port}", ""
        with open(f"{self.folder}/influxdb.conf", "w", encoding="utf-8") as file:
            file.write(f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n[meta]\ndir = "{self.folder}/meta"\n[data]\n'
                       f'dir = "{self.folder}/data"\nwal-dir = "{self.folder}/wal"\nquery-log-enabled = false\n[monitor]\nstore-enabled = false\n'
                       f'[http]\nbind-address = "127.0.0.1:{self.port}"\nauth-enabled = {str(authenticates).lower()}\nlog-enabled = false\n')
        self.start()
        if authenticates:
            self.query("CREATE USER root WITH PASSWORD 'it\\'s secret' WITH ALL PRIVILEGES")
            self.user = "&u=root&p=it's%20secret"
        self.query("CREATE DATABASE logs")

    def start(self):
        self.process = subprocess.Popen(["influxd", "-config", f"{self.folder}/influxdb.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        wait_until(lambda: accepts(self.port), 30, "influxd does not listen")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def query(self, text):
        """The first series of an answer: its columns and rows; nothing when there is none."""
        body = urllib.parse.urlencode({"q": text}).encode()
        with urllib.request.urlopen(f"{self.url}/query?db=logs&epoch=ns{self.user}", body, timeout=10) as answer:
            result = json.load(answer)["results"][0]
        assert "error" not in result, result
        series = result.get("series", [{"columns": [], "values": []}])[0]
        return [dict(zip(series["columns"], row)) for row in series.get("values", [])]

    def count(self, measurement="app", field="number"):
        try:
            rows = self.query(f'SELECT COUNT("{field}") FROM "{measurement}"')
        except (OSError, urllib.error.URLError):
            return 0
        return rows[0]["count"] if rows else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_process(self.process)


area = Area("influx", needs=needs, setup=Influx)


def output(influx, more="", buffer=BUFFER):
    return (f"<match **>\n@type influxdb\nhost 127.0.0.1\nport {influx.port}\ndbname logs\n{more}<buffer>\n{buffer}</buffer>\n</match>\n")


@area.test("fields have their types, tags their text and points their time, awkward names and values included")
def types(influx):
    port = free_port()
    record = {"host name": "a,b=c d", "text": 'say "hi" \\ there\nand on', "int": 7, "big": 2 ** 53 + 1, "float": 0.25, "yes": True,
              "größe": "ü", "nested": {"deep": 1}, "list": [1, "x"], "none": None, "empty": ""}
    with Daemon(forward_source(port) + output(influx, 'tag_keys ["host name"]\ntime_precision ns\n'), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("type test", [[event_time(NOW, 123_456_789), record]])
        rows = wait_until(lambda: influx.query('SELECT * FROM "type test"'), 10, daemon.log)
    row = rows[0]
    assert row.pop("time") == NOW * 10 ** 9 + 123_456_789, rows
    assert row.pop("host name") == "a,b=c d" and row.pop("text") == record["text"], rows
    assert (row["int"], row["float"], row["yes"], row["größe"], row["nested.deep"]) == (7, 0.25, True, "ü", 1), rows
    kinds = {r["fieldKey"]: r["fieldType"] for r in influx.query('SHOW FIELD KEYS FROM "type test"')}
    assert (kinds["int"], kinds["float"], kinds["yes"], kinds["text"]) == ("integer", "float", "boolean", "string"), kinds
    assert "none" not in kinds, kinds


@area.test("nothing acknowledged is missing when the server is killed and comes back", 120)
def killed(influx):
    port, total = free_port(), 6000
    with Daemon(forward_source(port) + output(influx, "measurement kept\ntime_precision ns\n"), port) as daemon:
        with ForwardClient(port) as client:
            for start in range(0, total, 100):
                client.deliver("app", [[event_time(NOW, n), {"number": n}] for n in range(start, start + 100)])
                if start == 2000:
                    wait_until(lambda: influx.count("kept") > 0, 10, daemon.log)
                    influx.kill()
                if start == 4000:
                    time.sleep(1)
                    influx.start()
        wait_until(lambda: influx.count("kept") == total, 60, lambda: f"{influx.count('kept')} of {total}\n{daemon.log()}")


@area.test("a point whose type is another than before goes to the dead letters, and those beside it are written", 60)
def conflict(influx):
    port = free_port()
    with Daemon(forward_source(port) + output(influx, "measurement mixed\ntime_precision ns\n"), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("app", [[event_time(NOW, 1), {"number": 1}]])
            wait_until(lambda: influx.count("mixed") == 1, 10, daemon.log)
            client.deliver("app", [[event_time(NOW, n), {"number": "text" if n == 5 else n}] for n in range(2, 10)])
            wait_until(lambda: influx.count("mixed") == 8, 10, lambda: f"{influx.count('mixed')} of 8\n{daemon.log()}")
            wait_until(lambda: "dead" in daemon.log(), 10, daemon.log)
    assert "field type conflict" in daemon.log(), daemon.log()


@area.test("a user and a password; a wrong one is an error in words, and its events wait", 60)
def password(_):
    port = free_port()
    with Influx(authenticates=True) as influx:
        def match(secret):
            return output(influx, f"user root\npassword {secret}\ntime_precision ns\n")

        with Daemon(forward_source(port) + match("wrong"), port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("app", [[event_time(NOW, 1), {"number": 1}]])
            wait_until(lambda: "401" in daemon.log(), 10, daemon.log)
            assert influx.count() == 0 and "wrong" not in daemon.log().replace("went wrong", ""), daemon.log()
        other = free_port()
        with Daemon(forward_source(other) + match("\"it's secret\""), other) as daemon:
            with ForwardClient(other) as client:
                client.deliver("app", [[event_time(NOW, 2), {"number": 2}]])
            wait_until(lambda: influx.count() == 1, 10, daemon.log)
