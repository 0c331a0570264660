"""Real search engines: OpenSearch (no `_type`), Elasticsearch 7 (optional) and 6 (required)."""
import contextlib, json, signal, time

from harness import (ROOT, Area, Daemon, ForwardClient, default_filters, elasticsearch_store, event_time, forward_source,
                     free_port, need_msgpack, run_sluice)
from search_server import Recorder, SearchServer, need_servers
import search_setup

ENGINES = ["opensearch", "elasticsearch-7", "elasticsearch-6"]
RETRY = "flush_interval 1s\n      retry_wait 1s\n      retry_max_interval 1s\n"
DAY = 1576606504  # 2019-12-17T18:15:04Z
INDEX = "fluentd-20191217"


def needs():
    need_msgpack()
    need_servers()


@contextlib.contextmanager
def servers():
    """The three of them, started when first asked for and kept for the whole area."""
    with contextlib.ExitStack() as stack:
        running = {}

        def get(name):
            if name not in running:
                running[name] = stack.enter_context(SearchServer(name))
            else:
                running[name].request("/fluentd-*", method="DELETE")
            return running[name]

        yield get


area = Area("search", needs=needs, setup=servers)


def to_elasticsearch(port, server_port, more="", buffer=RETRY, filters=""):
    store = elasticsearch_store(server_port, more, buffer)
    return Daemon(forward_source(port) + filters + f"<match **>\n    {store}</match>\n", port)


def for_each_engine(name, sentence, seconds):
    """A test for each engine, named NAME_7 and so on."""
    def add(function):
        for engine in ENGINES:
            def one(get, engine=engine):
                function(get(engine), engine)
            one.__name__ = f"{name}_{engine.replace('elasticsearch-', 'es').replace('-', '_')}"
            area.test(f"{engine}: {sentence}", seconds)(one)
        return function
    return add


@for_each_engine("delivers", "documents with index, @timestamp to the nanosecond, @log_name and the right _type", 60)
def delivers(server, engine):
    port = free_port()
    with to_elasticsearch(port, server.port, "type_name access_log") as daemon, ForwardClient(port) as client:
        records = [{"number": i, "text": "größer"} for i in range(20)]
        client.deliver("service.a", [[event_time(DAY + i, 123456789), record] for i, record in enumerate(records)])
        client.deliver("service.b", [[event_time(DAY + 86400, 0), {"number": 99}]])
        server.wait_for_count(21, 30, daemon)
        hits = server.search({"range": {"@timestamp": {"gte": "2019-12-17T18:15:09Z", "lt": "2019-12-17T18:15:14.2Z"}}})
        assert sorted(h["_source"]["number"] for h in hits) == list(range(5, 11)), hits
        hit = next(h for h in hits if h["_source"]["number"] == 5)
        assert hit["_index"] == INDEX, hit
        assert hit["_source"] == {"number": 5, "text": "größer", "@timestamp": "2019-12-17T18:15:09.123456789+00:00",
                                  "@log_name": "service.a"}, hit
        other, = server.search({"term": {"@log_name.keyword": "service.b"}})
        assert other["_index"] == "fluentd-20191218" and other["_source"]["number"] == 99, other
        expected = {"opensearch": None, "elasticsearch-7": "_doc", "elasticsearch-6": "access_log"}[engine]
        assert hit.get("_type") == expected, f"_type {hit.get('_type')}, not {expected}"
        # A whole request that is refused and sent again in another form would show here.
        assert "[error]" not in daemon.log(), daemon.log()


@for_each_engine("conflict", "a refused document is told with field, value, index and reason; its neighbours go in", 60)
def conflict(server, engine):
    port = free_port()
    with to_elasticsearch(port, server.port) as daemon, ForwardClient(port) as client:
        client.deliver("service.ui", [[event_time(DAY), {"timestamp": "2019-12-17T18:15:04.146453", "number": 0}]])
        server.wait_for_count(1, 30, daemon)
        client.deliver("service.post", [
            [event_time(DAY), {"timestamp": "2019-12-17T18:15:05", "number": 1}],
            [event_time(DAY), {"timestamp": "2019-12-18 19:24:38", "number": 2}],
            [event_time(DAY), {"timestamp": "2019-12-17T18:15:06", "number": 3}]])
        server.wait_for_count(3, 30, daemon)
        time.sleep(1.5)
        assert sorted(server.numbers()) == [0, 1, 3], server.numbers()
        log = daemon.log()
        told = [line for line in log.splitlines() if "2019-12-18 19:24:38" in line]
        assert told, f"the refused value is not in the log:\n{log}"
        for word in ("timestamp", INDEX, "mapper_parsing_exception"):
            assert word in told[0], f"'{word}' is not in: {told[0]}"
        assert len(told) <= 2, f"told {len(told)} times:\n{log}"
        assert "service.post" in told[0], f"the tag is not in: {told[0]}"


@area.test("opensearch: a refused document goes to <label @ERROR> with its tag, time and fields", seconds=60)
def error_label(get):
    server, port = get("opensearch"), free_port()
    config = (forward_source(port) + f"<match **>\n    {elasticsearch_store(server.port, buffer=RETRY)}</match>\n"
              + "<label @ERROR>\n  <match **>\n    @type stdout\n  </match>\n</label>\n")
    with Daemon(config, port) as daemon, ForwardClient(port) as client:
        client.deliver("service.a", [[event_time(DAY), {"when": "2019-12-17", "number": 0}]])
        server.wait_for_count(1, 30, daemon)
        client.deliver("service.a", [[event_time(DAY, 5), {"when": "yesterday", "number": 1}]])
        (at, tag, record), = daemon.wait_for_events(1)
        assert (at, tag) == ("2019-12-17 18:15:04.000000005 +0000", "service.a"), (at, tag)
        assert record["when"] == "yesterday" and record["number"] == 1, record


@for_each_engine("gzip", "bodies go in compressed when compression_level asks for it", 60)
def gzip_bodies(server, engine):
    port = free_port()
    with Recorder(server.port) as recorder, \
            to_elasticsearch(port, recorder.port, "compression_level best_speed") as daemon, \
            ForwardClient(port) as client:
        client.deliver("service.a", [[event_time(DAY), {"number": i, "text": "same words again"}] for i in range(2000)])
        server.wait_for_count(2000, 30, daemon)
        head = recorder.sent.split(b"_bulk", 1)[1].split(b"\r\n\r\n")[0].lower()
        assert b"content-encoding: gzip" in head, head
        assert len(recorder.sent) < 60_000, f"{len(recorder.sent)} bytes for 2000 documents"


@area.test("opensearch: the two services through the filters of default.conf, found by their fields", seconds=60)
def pipeline(get):
    server, port = get("opensearch"), free_port()
    post = '{"event": "request", "path": "/posts?", "response_status": 200, "request_id": null}'
    ui = ("W, [2019-12-17T18:15:09.000871 #1]  WARN -- : service=ui | event=request | path=/posts/42 | "
          "request_id=5a1e | remote_addr=185.30.195.251 | method= GET | response_status=404")
    with to_elasticsearch(port, server.port, filters=default_filters()) as daemon, ForwardClient(port) as client:
        client.deliver("service.post", [[event_time(DAY), {"log": post}]])
        client.deliver("service.ui", [[event_time(DAY), {"log": ui}]])
        server.wait_for_count(2, 30, daemon)
        hit, = server.search({"bool": {"must": [{"term": {"response_status": 200}}, {"range": {"@timestamp": {
            "gte": "2019-12-17T18:00:00Z", "lt": "2019-12-17T19:00:00Z"}}}]}})
        assert hit["_source"]["path"] == "/posts?" and hit["_source"]["@log_name"] == "service.post", hit
        hit, = server.search({"match": {"loglevel": "WARN"}})
        assert hit["_source"]["remote_addr"] == "185.30.195.251" and hit["_source"]["message"] == "GET", hit


@for_each_engine("renames", "config/default.conf's own sample lines are all stored, in either order", 90)
def renames(server, engine):
    tags = {"/docker_post_1": "service.post", "/docker_ui_1": "service.ui", "/docker_comment_1": "service.comment"}
    with open(f"{ROOT}/config/sample-lines.jsonl") as file:
        lines = [json.loads(line) for line in file]
    # One "params" more, so that several fields of one line do not fit.
    lines.append({"container_name": "/docker_post_1", "log": '{"params": "none", "timestamp": {"at": 1}}'})
    for backwards in (False, True):
        server.request("/fluentd-*", method="DELETE")
        port = free_port()
        more = "generate_id true\n    on_mapping_conflict rename"
        with to_elasticsearch(port, server.port, more, filters=default_filters()) as daemon, \
                ForwardClient(port) as client:
            for line in reversed(lines) if backwards else lines:
                client.deliver(tags[line["container_name"]], [[event_time(DAY), line]])
                time.sleep(1.2)  # A chunk each: the first ones make the mapping.
            server.wait_for_count(len(lines), 30, daemon)
            assert "were rejected" not in daemon.log(), daemon.log()
            fields = {key for hit in server.search({"match_all": {}}) for key in hit["_source"]}
            assert any(field.startswith("timestamp_") for field in fields), fields


@area.test("opensearch: a refused document without @ERROR is a dead letter, which replay sends again", seconds=60)
def dead_letters(get):
    server, port = get("opensearch"), free_port()
    with to_elasticsearch(port, server.port) as daemon, ForwardClient(port) as client:
        client.deliver("service.a", [[event_time(DAY), {"when": "2019-12-17", "number": 0}]])
        server.wait_for_count(1, 30, daemon)
        client.deliver("service.b", [[event_time(DAY, 5), {"when": day, "number": i + 1}]
                                     for i, day in enumerate(["yesterday", "today", "2019-12-18"])])
        server.wait_for_count(2, 30, daemon)
        state = f"{daemon.folder}/state"
        shown = run_sluice("dead-letters", "--format", "json", state)
        assert shown.returncode == 0, shown.stderr
        reason, = json.loads(shown.stdout)["reasons"]
        assert (reason["events"], reason["status"], reason["type"]) == (2, 400, "mapper_parsing_exception"), reason
        assert (reason["indices"], reason["tags"]) == ([INDEX], ["service.b"]) and "'when'" in reason["reason"], reason
        assert reason["example"] == {"when": "yesterday", "number": 1}, reason
        text = run_sluice("dead-letters", state).stdout
        assert text.startswith("2 events  ") and "mapper_parsing_exception" in text and text.endswith("2 events, 1 reason\n"), text
        # Under another mapping they are welcome.
        server.request("/fluentd-*", method="DELETE")
        letters = f"{state}/dead-letters"
        unknown = run_sluice("replay", "-c", daemon.config, "--to", "nobody", letters)
        assert unknown.returncode == 2 and "has no output 'nobody'" in unknown.stderr, unknown.stderr
        # Straight to the output, by the command itself; refused again they stay, and no second copy is kept.
        named = daemon.config + ".named"
        with open(daemon.config) as file, open(named, "w") as copy:
            copy.write(file.read().replace("@type elasticsearch", "@type elasticsearch\n@id es"))
        sent = run_sluice("replay", "-v", "-c", named, "--to", "es", letters, seconds=30)
        assert sent.returncode == 0 and "2 events sent, 2 delivered" in sent.stderr, sent.stderr
        server.wait_for_count(2, 30, daemon)
        server.request("/fluentd-*", method="DELETE")
        sent = run_sluice("replay", "-v", "--port", str(port), letters)
        assert sent.returncode == 0 and "2 acknowledged" in sent.stderr, sent.stderr
        server.wait_for_count(2, 30, daemon)
        assert sorted(server.numbers()) == [1, 2], server.numbers()
        assert {h["_source"]["@log_name"] for h in server.search({"match_all": {}})} == {"service.b"}


@area.test("opensearch: down at the start, then down in between: every document is there once", seconds=120)
def outage(_):
    with SearchServer("opensearch", starts=False) as server:
        port = free_port()
        with to_elasticsearch(port, server.port) as daemon, ForwardClient(port) as client:
            def send(start):
                client.deliver("service.a", [[event_time(DAY), {"number": i}] for i in range(start, start + 500)])

            send(0)  # the ack does not wait for the server
            time.sleep(1.5)
            assert daemon.process.poll() is None, daemon.log()
            server.start()
            server.wait_for_count(500, 30, daemon)
            server.stop()
            send(500)
            time.sleep(2)
            send(1000)
            server.start()
            server.wait_for_count(1500, 30, daemon)
            time.sleep(1.5)
            assert sorted(server.numbers()) == list(range(1500)), f"{server.count()} documents"
            warnings = [line for line in daemon.log().splitlines() if "[warn]" in line or "[error]" in line]
            assert 1 <= len(warnings) <= 20, f"{len(warnings)} warnings about two outages:\n{daemon.log()}"


@area.test("opensearch: killed while documents are on their way: nothing is lost", seconds=120)
def killed(_):
    with SearchServer("opensearch") as server:
        port, count = free_port(), 40_000
        buffer = RETRY + "      chunk_limit_size 256k\n"
        with to_elasticsearch(port, server.port, buffer=buffer) as daemon, ForwardClient(port) as client:
            for start in range(0, count, 1000):
                client.deliver("service.a", [[event_time(DAY), {"number": i}] for i in range(start, start + 1000)])
                if start == count // 2:
                    server.stop(signal.SIGKILL)
            time.sleep(1)
            server.start()
            server.wait_for_count(count, 60, daemon)
            time.sleep(1.5)
            numbers = server.numbers()
            missing = set(range(count)) - set(numbers)
            assert not missing, f"lost {len(missing)}, the first: {sorted(missing)[:5]}"
            # At least once: what was on its way at the kill may come twice, and no more than that.
            assert len(numbers) - count <= 20_000, f"{len(numbers) - count} came twice"


@area.test("elasticsearch-6: a full write queue (items with 429) loses nothing and doubles nothing", seconds=300)
def full_queue(_):
    settings = ["thread_pool.write.queue_size=1", "thread_pool.write.size=1"]
    with SearchServer("elasticsearch-6", *settings) as server:
        port, count = free_port(), 20_000
        buffer = RETRY + "      chunk_limit_size 64k\n      flush_thread_count 4\n"
        with to_elasticsearch(port, server.port, buffer=buffer) as daemon, ForwardClient(port) as client:
            for start in range(0, count, 1000):
                client.deliver("service.a", [[event_time(DAY), {"number": i}] for i in range(start, start + 1000)])
            server.wait_for_count(count, 240, daemon)
            time.sleep(1.5)
            assert sorted(server.numbers()) == list(range(count)), f"{server.count()} documents"


search_setup.add_tests(area, ENGINES)
