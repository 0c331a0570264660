"""`sluice try` beside a running daemon: both make the same of the same events."""
import datetime, json, os, re, socket, time, urllib.error, urllib.request

from bulk_server import BulkServer
from harness import ROOT, Area, Daemon, ForwardClient, event_time, free_port, need_msgpack, run_sluice

area = Area("try", needs=need_msgpack)
CONFIG = os.path.join(ROOT, "config")
SECONDS = 1_576_605_304

# As people wrote it before version 1 of Fluentd's configuration.
V012 = r"""
<source>
  type forward
  port 24224
</source>
<filter service.post>
  type parser
  format json
  key_name log
</filter>
<filter service.ui>
  type parser
  format grok
  grok_pattern %{RUBY_LOGGER}
  key_name log
  reserve_data true
</filter>
<match **>
  type copy
  <store>
    type elasticsearch
    host elasticsearch
    port 9200
    logstash_format true
    include_tag_key true
    tag_key @log_name
    flush_interval 1s
  </store>
  <store>
    type stdout
  </store>
</match>
"""


def events():
    """(tag, seconds, nanoseconds, record): the sample lines under each tag, and lines that are nothing of the kind."""
    records = [json.loads(line) for line in open(f"{CONFIG}/sample-lines.jsonl")]
    records += [{"log": text} for text in ("", "{}", "no JSON", '{"a":{"b":[1,2.50,null]},"c":"\\u00e4"}', "ä\t\"quoted\"", '{"time":5}')]
    records += [{"message": "no log"}, {"log": 5}, {"log": None, "n": 1.0}]
    return [(tag, SECONDS + number, number * 1000, record)
            for tag in ("service.post", "service.ui", "service.comment", "other") for number, record in enumerate(records)]


def without_present(text):
    """Events are of 2019: a time of these days is that of the parsing."""
    days = [(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=n)).date() for n in (0, 1)]
    for day in days:
        text = re.sub(rf"{day}[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d|Z)?", "NOW", text)
        text = text.replace(day.strftime("%Y%m%d"), "TODAY").replace(day.strftime("%Y.%m.%d"), "TODAY")
    return text


def document(action, source):
    for inner in action.values():
        # Ids are drawn at random, and older servers get a type.
        inner.pop("_id", None), inner.pop("_type", None)
    return without_present(json.dumps([action, source], sort_keys=True, ensure_ascii=False))


def compare(text, environment=None):
    port = free_port()
    with BulkServer() as server:
        text = text.replace("port 24224", f"port {port}").replace("host elasticsearch", "host 127.0.0.1")
        text = text.replace("port 9200", f"port {server.port}").replace('"outputs/', f'"{CONFIG}/outputs/')
        environment = {"TZ": "UTC", **{k: v.replace("9200", str(server.port)) for k, v in (environment or {}).items()}}
        daemon = Daemon(text, port, environment)
        tried = run_sluice("try", "-c", daemon.config, "--format", "json", environment=environment, text="".join(
            json.dumps({"tag": t, "time": datetime.datetime.fromtimestamp(s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{n:09d}Z",
                        "record": r}, ensure_ascii=False) + "\n" for t, s, n, r in events()))
        results = [json.loads(line) for line in tried.stdout.splitlines()]
        assert len(results) == len(events()), tried.stderr
        outputs = [step["output"] for result in results for step in result["steps"] if "output" in step]
        documents = sorted(document(o["action"], o["document"]) for o in outputs if "document" in o)
        lines = sorted(without_present(o["line"]) for o in outputs if "line" in o)
        assert len(documents) + len(lines) > len(events()) // 3
        with daemon, ForwardClient(port) as client:
            for tag, seconds, nanoseconds, record in events():
                client.deliver(tag, [(event_time(seconds, nanoseconds), record)])
            assert daemon.stop() == 0, daemon.log()
        with open(daemon.out_path, encoding="utf-8") as out:
            printed = sorted(without_present(line.rstrip("\n")) for line in out)
        same(documents, sorted(document(*pair) for pair in server.documents))
        same(lines, printed)


def same(tried, delivered):
    first = next((f"\ntried:     {a}\ndelivered: {b}" for a, b in zip(tried, delivered) if a != b), "")
    assert tried == delivered, f"{len(tried)} tried, {len(delivered)} delivered{first}"


@area.test("default.conf, with standard output and with Elasticsearch")
def default(_):
    text = open(f"{CONFIG}/default.conf").read()
    compare(text)
    compare(text, {"ELASTICSEARCH_URL": "http://127.0.0.1:9200"})


@area.test("the examples with filters, and a configuration of version 0.12")
def examples(_):
    for name in ("grok", "regexp", "json", "no-filter"):
        compare(open(f"{CONFIG}/examples/{name}.conf").read())
    compare(V012)


# Of config/default.conf and what it includes: what is changed, and where the cases must show it.
PLANTED = [
    ("@type json", "@type ltsv", "record.event"),
    ("logstash_dateformat %Y%m%d", "logstash_dateformat %Y.%m", "action.index._index"),
    ("<filter service.post>", "<filter service.pots>", "record.log"),
    ("key_name log", "key_name lgo", "output elasticsearch"),
    ("reserve_data true", "reserve_data false", "record.loglevel"),
    ("pattern service=%{WORD:service}", "pattern service=%{WORD:servcie}", "record.service"),
    ("%{RUBY_LOGGER}", "%{WORD:first}", "record.pid"),
    ("logstash_prefix fluentd", "logstash_prefix fluent", "action.index._index"),
    ("tag_key @log_name", "tag_key log_name", "document.@log_name"),
    ("generate_id true", "generate_id false", "action.index._id"),
]


@area.test("ten faults planted in default.conf are each shown by its cases, with field and stage")
def planted(_):
    import shutil

    folder = Daemon("").folder
    shown = ""
    for number, (right, wrong, place) in enumerate(PLANTED):
        root = os.path.join(folder, str(number))
        shutil.copytree(CONFIG, root)
        places = [path for path in (f"{root}/default.conf", f"{root}/outputs/elasticsearch-and-stdout.conf")
                  if right in open(path).read()]
        assert places, f"'{right}' is not in the configuration"
        text = open(places[0]).read()
        open(places[0], "w").write(text.replace(right, wrong))
        result = run_sluice("test", "--format", "json", f"{root}/tests")
        told = [d["place"] for line in result.stdout.splitlines() for d in json.loads(line)["differences"]]
        assert result.returncode == 1 and any(place in one for one in told), f"{right} → {wrong}: {told}\n{result.stderr}"
        text = run_sluice("test", f"{root}/tests").stdout.replace(root, "config")
        shown += f"{right} → {wrong}\n{without_present(text)}\n"
    golden = os.path.join(ROOT, "Tests", "Golden", "planted-faults.txt")
    if os.environ.get("SLUICE_UPDATE_GOLDEN"):
        open(golden, "w").write(shown)
    assert shown == open(golden).read(), f"{golden} says something else (SLUICE_UPDATE_GOLDEN=1 writes it)"


@area.test("the cases in config/tests pass")
def shipped(_):
    result = run_sluice("test", f"{CONFIG}/tests")
    assert result.returncode == 0, result.stdout + result.stderr


@area.test("bench-config counts what each stage gets, names the slow line, and says what it cannot measure")
def bench_config(_):
    daemon = Daemon(r"""
<filter app.**>
  @id slow
  @type parser
  key_name log
  <parse>
    @type regexp
    expression /^(?<took>\d+)( ?a*)*b?$/
  </parse>
</filter>
<match app.**>
  @type stdout
</match>
""")
    lines = "".join(f"{n}\n" for n in range(40)) + "7 " + "a" * 22 + "c\n"
    options = ("-c", daemon.config, "--tag", "app.web", "--lines", "--seconds", "0.3")
    told = json.loads(run_sluice("bench-config", *options, "--format", "json", text=lines).stdout)
    stages = {s["stage"].split(":")[0]: (s["events"], s["refused"]) for s in told["stages"]}
    assert stages == {"decode": (41, 0), "slow": (41, 1), "match": (40, 0)}, told
    assert told["slowest"][0]["line"] == 41 and told["slowest"][0]["stage"] == "slow", told["slowest"]
    assert told["events_per_second"] > 0 and 0.9 < sum(s["share"] for s in told["stages"]) < 1.1, told
    assert told["allocations_per_event"] >= sum(s["allocations_per_event"] * s["events"] for s in told["stages"]) / 41 - 0.1
    text = run_sluice("bench-config", *options, text=lines).stdout
    assert re.search(r"^slow +parser +@ROOT +41 +1 ", text, re.M) and "in slow  7 aaa" in text, text
    for arguments, text, status, words in [
        (options, "", 1, "there is no event to measure"), (options[:2], "x\n", 1, "--tag"),
        ((*options, "--label", "@X"), "1\n", 2, "there is no label @X; there are @ROOT"), ((*options, "/nowhere"), "", 66, "/nowhere"),
    ]:
        result = run_sluice("bench-config", *arguments, text=text)
        assert result.returncode == status and words in result.stderr, (arguments, result)


SOURCES = r"""
<source>
  @id files
  @type tail
  path %(folder)s/app.log
  pos_file %(folder)s/app.pos
  read_from_head true
  tag app.file
  emit_unmatched_lines true
  <parse>
    @type multiline
    format_firstline /^\d{4}-/
    format1 /^(?<time>\S+) (?<level>\w+) (?<message>.*)/
    time_format %%Y-%%m-%%dT%%H:%%M:%%S%%z
  </parse>
</source>
<source>
  @id messages
  @type tcp
  bind 127.0.0.1
  port %(tcp)d
  tag app.tcp
  <parse>
    @type ltsv
    types took:integer
  </parse>
</source>
<source>
  @id system
  @type syslog
  bind 127.0.0.1
  port %(syslog)d
  tag system
  severity_key level
  <transport tcp>
  </transport>
  <parse>
    message_format auto
    with_priority true
  </parse>
</source>
<source>
  @id web
  @type http
  bind 127.0.0.1
  port %(http)d
  add_tag_prefix web
  <parse>
    @type regexp
    expression /^(?<method>[A-Z]+) (?<path>\S+)$/
  </parse>
</source>
<source>
  @id bodies
  @type http
  bind 127.0.0.1
  port %(bodies)d
  add_remote_addr true
</source>
<match **>
  @type stdout
</match>
"""

TEXTS = {
    "files": ["before the first", "2019-12-17T18:55:04+0000 INFO one", "  and more", "", "2019-12-17T18:55:05+0000 WARN ä", "x"],
    "messages": ["a:1\ttook:12", "took:x\tb:", "nothing here", ""],
    "system": ["<30>Dec 17 18:55:04 web sshd[7]: hello", "<165>1 2019-12-17T18:55:04.003Z h app - ID47 - text", "no priority"],
    "web": ["GET /posts", "nothing of the kind", "POST /a?b=c"],
    "bodies": ['{"a":1.50}', '[{"a":1},{"time":1576605304,"REMOTE_ADDR":"x"}]', "json=%7B%22b%22%3A2%7D&time=1576605304", "no JSON", "[1]"],
}


@area.test("texts through the parsers of five sources: what arrives is what the daemon makes of the same bytes")
def sources(_):
    ports = {name: free_port() for name in ("tcp", "syslog", "http", "bodies")}
    folder = Daemon("").folder
    with open(f"{folder}/app.log", "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in TEXTS["files"]))
    daemon = Daemon(SOURCES % {"folder": folder, **ports}, ports["tcp"], {"TZ": "UTC"})
    tried = []
    for name, lines in TEXTS.items():
        tag = ("--tag", "site") if name in ("web", "bodies") else ()
        result = run_sluice("try", "-c", daemon.config, "--source", name, *tag, "--format", "json", text="".join(t + "\n" for t in lines))
        told = [json.loads(line) for line in result.stdout.splitlines()]
        assert [t["text"] for t in told if t["line"]] == lines, (name, told, result.stderr)
        assert all(t["steps"][0]["stage"] == name for t in told), told
        tried += [step["output"]["line"] for t in told for step in t["steps"] if "output" in step]
    with daemon:
        for name, port in (("messages", ports["tcp"]), ("system", ports["syslog"])):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall("".join(line + "\n" for line in TEXTS[name]).encode())
        requests = [("http", line, "text/plain") for line in TEXTS["web"]]
        requests += [("bodies", line, "application/x-www-form-urlencoded" if line.startswith("json=") else "application/json")
                     for line in TEXTS["bodies"]]
        for port, line, media in requests:
            request = urllib.request.Request(f"http://127.0.0.1:{ports[port]}/site", line.encode(), {"Content-Type": media})
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except urllib.error.HTTPError as error:
                error.close()
        deadline = time.monotonic() + 10
        while len(printed(daemon)) < len(tried) - 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert daemon.stop() == 0, daemon.log()
    assert len(tried) >= 9
    same(sorted(without_present(line) for line in tried), sorted(printed(daemon)))


def printed(daemon):
    with open(daemon.out_path, encoding="utf-8") as out:
        return [without_present(line.rstrip("\n")) for line in out]


@area.test("a text goes through the source whose tag is asked for; cases name a source; what cannot be is told")
def source_of_a_tag(_):
    daemon = Daemon(SOURCES % {"folder": "/nowhere", "tcp": 1, "syslog": 2, "http": 3, "bodies": 4})
    config = ("-c", daemon.config)
    text = run_sluice("try", *config, "--tag", "app.tcp", text='a:1\ttook:12\n{"b":2}\n').stdout
    assert "+ took: 12" in text and 'app.tcp  {"b":2}' in text, text
    assert "+ took" in run_sluice("try", *config, "--tag", "app.tcp", "--lines", text="took:1\n").stdout
    by_key = run_sluice("try", *config, "--tag", "app.tcp", "--key", "log", text="took:1\n").stdout
    assert '{"log":"took:1"}' in by_key, by_key
    for arguments, words in [
        (("--source", "nope"), "there is no source nope; there are files (tail), messages (tcp), system (syslog), web (http), bodies (http)"),
        (("--source", "web"), "whoever sends to the source web (http) names the tag; give one"),
        (("--source", "files", "--tag", "b"), "the source files gives its events the tag app.file, and not b"),
    ]:
        result = run_sluice("try", *config, *arguments, text="x\n")
        assert result.returncode == 2 and words in result.stderr, (arguments, result)
    told = json.loads(run_sluice("bench-config", *config, "--source", "messages", "--seconds", "0.1", "--format", "json",
                                 text="took:1\n" * 1000).stdout)
    assert told["events"] == 1000 and [(s["stage"], s["type"], s["events"]) for s in told["stages"]] == [
        ("messages", "tcp", 1000), (told["stages"][1]["stage"], "stdout", 1000)], told
    # What is between the stages is nobody's.
    assert told["stages"][0]["ns_per_event"] > 0 and 0.6 < sum(s["share"] for s in told["stages"]) < 1.1, told
    os.makedirs(f"{daemon.folder}/tests")
    cases = f"{daemon.folder}/tests/sources.yaml"
    head = f"config: {daemon.config}\ncases:\n  - {{name: a, source: messages, line: \"took:12\""
    with open(cases, "w") as file:
        file.write(head + ", expect: [{output: stdout, record: {took: 12}}]}\n")
    result = run_sluice("test", cases)
    assert result.returncode == 0, result.stdout + result.stderr
    for change, words in [(("messages", "mesages"), "there is no source mesages"), (("took: 12", "took: 13"), "record.took"),
                          (("line: \"took:12\"", "record: {a: 1}"), "go texts"), ((", line", ", key: k, line"), "'key' has no meaning")]:
        with open(cases) as file:
            text = file.read()
        with open(cases, "w") as file:
            file.write(text.replace(*change, 1))
        result = run_sluice("test", cases)
        assert result.returncode != 0 and words in result.stdout + result.stderr, (change, result)
        with open(cases, "w") as file:
            file.write(text)
    with open(f"{daemon.folder}/large.yaml", "w") as file:
        file.truncate((16 << 20) + 1)
    for name, words in [("none", "no such file or directory"), ("large", "larger than 16777216 bytes, the limit for such a file; split it")]:
        result = run_sluice("test", f"{daemon.folder}/{name}.yaml")
        assert result.returncode == 66 and result.stderr == f"sluice test: cannot read {daemon.folder}/{name}.yaml: {words}\n", result
