"""Templates, data streams and lifecycles: tests of the area `search`."""
import http.server, json, os, threading, time, urllib.error

from harness import ROOT, Daemon, ForwardClient, event_time, forward_source, free_port
from search_server import Recorder, SearchServer

DAY = 1576606504  # 2019-12-17T18:15:04Z
BUFFER = "<buffer>\n    flush_interval 1s\n    retry_wait 1s\n    retry_max_interval 1s\n  </buffer>"
TEMPLATE = {"index_patterns": ["__PREFIX__*"], "settings": {"number_of_replicas": 0},
            "mappings": {"properties": {"code": {"type": "keyword"}}}}


class SetupServer:
    """Says that nothing is there, takes everything, and keeps the requests. A context."""

    def __init__(self):
        self.port, self.requests, self.there = free_port(), [], set()

    def __enter__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = self.path.split("?")[0]
                owner.requests.append((self.command, path, body))
                status, reply = 200, {"acknowledged": True}
                if path == "/":
                    reply = {"version": {"number": "7.17.10"}}
                elif path.endswith("/_bulk"):
                    reply = {"errors": False, "items": [{"index": {"status": 201}}] * (body.count("\n") // 2)}
                elif self.command == "PUT":
                    owner.there.add(path)
                    if '"aliases"' in body:
                        owner.there |= {f"/_alias/{name}" for name in json.loads(body)["aliases"]}
                elif path not in owner.there:
                    status = 404
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_HEAD = do_PUT = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def changes(self):
        """PUT requests, as path and body."""
        return [(path, json.loads(body) if body else None) for method, path, body in self.requests if method == "PUT"]


def config(port, output):
    return forward_source(port) + f"<match **>\n  {output}\n  {BUFFER}\n</match>\n"


def template_file(name="t.json", content=TEMPLATE):
    path = os.path.join(Daemon("").folder, name)
    with open(path, "w") as file:
        json.dump(content, file)
    return path


def wait_for(server, index, count, daemon, seconds=30):
    end, seen = time.time() + seconds, 0
    while time.time() < end:
        try:
            server.request(f"/{index}/_refresh", {}, "POST")
            seen = server.get(f"/{index}/_count")["count"]
            if seen >= count:
                return
        except (urllib.error.HTTPError, OSError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"{seen} of {count} documents in {index}; log:\n{daemon.log()[-3000:]}")


def remove_streams(server):
    for path in ("/_data_stream/setup-*", "/_index_template/setup-*", "/_template/setup-*", "/setup-*"):
        try:
            server.request(path, method="DELETE")
        except urllib.error.HTTPError:
            pass


def add_tests(area, engines):
    for kind in ("elasticsearch_data_stream", "opensearch_data_stream"):
        def one(get, kind=kind):
            data_stream(get("opensearch"), kind)
        one.__name__ = f"stream_{kind.split('_')[0]}"
        area.test(f"opensearch: {kind} is made, filled, and left alone by a second start", 120)(one)
    for engine in engines:
        def one(get, engine=engine):
            template(get(engine), engine)
        one.__name__ = f"template_{engine.replace('elasticsearch-', 'es').replace('-', '_')}"
        area.test(f"{engine}: a template is there before the first document, and its mapping holds", 120)(one)
    area.test("opensearch: a server that is away at the start gets its template with the first events", 90)(late)
    area.test("lifecycles: alias, first index, template and policy are made once", 30)(lifecycle)
    area.test("config/examples/data-stream.conf makes a stream for each service", 120)(example)


def data_stream(server, kind):
    remove_streams(server)
    for start in range(2):
        port = free_port()
        with Recorder(server.port) as recorder:
            output = f"@type {kind}\n  host 127.0.0.1\n  port {recorder.port}\n  data_stream_name setup-${{tag[1]}}"
            with Daemon(config(port, output), port) as daemon, ForwardClient(port) as client:
                client.deliver("service.a", [[event_time(DAY, 5), {"number": start}],
                                             [event_time(DAY), {"number": 9, "@timestamp": "2020-01-01T00:00:00Z"}]])
                client.deliver("service.b", [[event_time(DAY), {"number": start}]])
                wait_for(server, "setup-a", 2 * (start + 1), daemon)
                wait_for(server, "setup-b", start + 1, daemon)
                assert "rejected" not in daemon.log(), daemon.log()
        puts = recorder.sent.count(b"PUT /")
        assert (puts > 0) == (start == 0), f"{puts} PUT requests at start {start + 1}"
        assert b"POST /setup-a/_bulk" in recorder.sent and b'{"create":{}}' in recorder.sent
    streams = {s["name"]: s for s in server.get("/_data_stream/setup-*")["data_streams"]}
    assert sorted(streams) == ["setup-a", "setup-b"], streams
    assert streams["setup-a"]["template"] == "setup-a_template", streams
    hits = server.request("/setup-a/_search", {"query": {"match_all": {}}})["hits"]["hits"]
    times = sorted(hit["_source"]["@timestamp"] for hit in hits)
    assert times == ["2019-12-17T18:15:04.000000005+00:00"] * 2 + ["2020-01-01T00:00:00Z"] * 2, times


def template(server, engine):
    remove_streams(server)
    content = TEMPLATE
    if engine == "elasticsearch-6":
        # Its mappings have a type; that of the documents is Fluentd's.
        content = {**TEMPLATE, "mappings": {"fluentd": TEMPLATE["mappings"]}}
    port, path = free_port(), template_file(content=content)
    output = (f"@type elasticsearch\n  host 127.0.0.1\n  port {server.port}\n  index_name setup-x\n"
              f"  template_name setup-t\n  template_file {path}\n  customize_template {{\"__PREFIX__\":\"SETUP-\"}}")
    with Daemon(config(port, output), port) as daemon, ForwardClient(port) as client:
        client.deliver("service.a", [[event_time(DAY), {"code": 200}]])
        wait_for(server, "setup-x", 1, daemon)
        mapping = server.get("/setup-x/_mapping")["setup-x"]["mappings"]
        mapping = mapping.get("fluentd", mapping)
        assert mapping["properties"]["code"]["type"] == "keyword", mapping
    assert "setup-t" in server.get("/_template/setup-t")


def late(_):
    with SearchServer("opensearch", starts=False) as server:
        port, path = free_port(), template_file()
        output = (f"@type opensearch\n  host 127.0.0.1\n  port {server.port}\n  index_name setup-x\n"
                  f"  template_name setup-t\n  template_file {path}\n  customize_template {{\"__PREFIX__\":\"setup-\"}}")
        with Daemon(config(port, output), port) as daemon, ForwardClient(port) as client:
            client.deliver("service.a", [[event_time(DAY), {"code": 200}]])
            time.sleep(1.5)
            assert daemon.process.poll() is None and "cannot be set up yet" in daemon.log(), daemon.log()
            server.start()
            wait_for(server, "setup-x", 1, daemon)
            mapping = server.get("/setup-x/_mapping")["setup-x"]["mappings"]
            assert mapping["properties"]["code"]["type"] == "keyword", mapping


def lifecycle(_):
    path = template_file(content={"index_patterns": ["x"], "settings": {"number_of_shards": 1}})
    policy = {"policy": {"phases": {"hot": {"actions": {"rollover": {"max_age": "1d"}}}}}}
    with SetupServer() as server:
        for start in range(2):
            port = free_port()
            output = (f"@type elasticsearch\n  host 127.0.0.1\n  port {server.port}\n  index_name app\n"
                      f"  template_name t\n  template_file {path}\n  enable_ilm true\n  ilm_policy_id week\n"
                      f"  ilm_policy {json.dumps(policy)}\n  application_name shop\n  index_date_pattern \"\"")
            with Daemon(config(port, output), port) as daemon, ForwardClient(port) as client:
                client.deliver("service.a", [[event_time(DAY), {"code": 200}]])
                end = time.time() + 10
                while not any(p == "/_bulk" for _, p, _ in server.requests[-1:]) and time.time() < end:
                    time.sleep(0.05)
                assert "[error]" not in daemon.log(), daemon.log()
            expected = [
                ("/_template/app", {"index_patterns": "app-*", "order": 51, "settings": {
                    "number_of_shards": 1, "index.lifecycle.name": "week", "index.lifecycle.rollover_alias": "app"}}),
                ("/%3Capp-shop-000001%3E", {"aliases": {"app": {"is_write_index": True}}}),
                ("/_ilm/policy/week", policy)]
            assert server.changes() == expected, server.changes()
            assert server.requests[-1][1] == "/_bulk", server.requests


def example(get):
    server, port = get("opensearch"), free_port()
    for name in ("/_data_stream/logs-*", "/_index_template/logs"):
        try:
            server.request(name, method="DELETE")
        except urllib.error.HTTPError:
            pass
    text = open(f"{ROOT}/config/examples/data-stream.conf").read().replace("port 24224", f"port {port}")
    environment = {"ELASTICSEARCH_URL": f"http://127.0.0.1:{server.port}", "SLUICE_TEMPLATES": f"{ROOT}/config/examples"}
    with Daemon(text, port, environment) as daemon, ForwardClient(port) as client:
        client.deliver("service.post", [[event_time(DAY), {"response_status": 200}]])
        client.deliver("service.ui", [[event_time(DAY), {"response_status": 404}], [event_time(DAY), {"a": "b"}]])
        wait_for(server, "logs-post", 1, daemon)
        wait_for(server, "logs-ui", 2, daemon)
    names = [stream["name"] for stream in server.get("/_data_stream/logs-*")["data_streams"]]
    assert sorted(names) == ["logs-post", "logs-ui"], names
    mapping, = server.get("/logs-post/_mapping").values()
    properties = mapping["mappings"]["properties"]
    assert properties["service"]["type"] == "keyword" and properties["response_status"]["type"] == "short", properties
