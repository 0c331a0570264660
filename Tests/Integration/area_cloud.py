"""Outputs over HTTP against real servers: S3 and CloudWatch Logs as moto has them, signatures as botocore makes them, and Python's own server."""
import contextlib, gzip, http.server, json, os, subprocess, sys, threading, time

from harness import (ROOT, Area, Daemon, ForwardClient, Skip, accepts, end_process, event_time, forward_source, free_port,
                     need_msgpack, wait_until)

DAY = 1576606504  # 2019-12-17T18:15:04Z
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def python():
    """A Python that has moto and boto3: this one, or one of the environment SLUICE_MOTO."""
    for program in (os.environ.get("SLUICE_MOTO"), sys.executable):
        if program and subprocess.run([program, "-c", "import moto.server, boto3, flask"], capture_output=True).returncode == 0:
            return program
    raise Skip("no moto for Python: pip install 'moto[server]' (or SLUICE_MOTO=/a/venv/bin/python)")


def needs():
    need_msgpack()
    python()


class Amazon:
    """moto's server in a process of its own, and boto3 beside it."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [python(), "-c", "from moto.server import main; import sys; main(sys.argv[1:])", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **KEYS})
        wait_until(lambda: accepts(self.port), 60, "moto does not listen")

    def ask(self, code, **environment):
        """What a line of Python with a boto3 session prints, as JSON."""
        text = ("import boto3, json, base64\n"
                f"def client(name): return boto3.client(name, endpoint_url='{self.url}', region_name='us-east-1')\n"
                f"print(json.dumps({code}))")
        done = subprocess.run([python(), "-c", text], capture_output=True, text=True, timeout=30,
                              env={**os.environ, **KEYS, **environment})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def amazon():
    running = Amazon()
    try:
        yield running
    finally:
        end_process(running.process)


area = Area("cloud", needs=needs, setup=amazon)


def daemon(match, environment=None):
    port = free_port()
    return Daemon(forward_source(port) + match, port, environment={**KEYS, "AWS_EC2_METADATA_DISABLED": "true", **(environment or {})})


def objects(moto, bucket):
    """Each object's text by its key, unpacked."""
    found = moto.ask(f"[[o['Key'], base64.b64encode(client('s3').get_object(Bucket='{bucket}', Key=o['Key'])['Body'].read()).decode()] "
                     f"for o in client('s3').list_objects_v2(Bucket='{bucket}').get('Contents', [])]")
    import base64
    texts = {}
    for key, data in found:
        data = base64.b64decode(data)
        texts[key] = (gzip.decompress(data) if key.endswith(".gz") else data).decode()
    return texts


def s3(moto, bucket, more, buffer):
    return (f"<match **>\n  @type s3\n  s3_bucket {bucket}\n  s3_endpoint {moto.url}\n{more}"
            f"  <buffer {buffer}\n  </buffer>\n</match>\n")


@area.test("s3: objects by tag and slice, packed, each event once, and the next chunk gets the next number", 60)
def objects_by_slice(moto):
    match = s3(moto, "logs-1", "  path l/${tag}/\n  s3_object_key_format %{path}%{time_slice}_%{index}.%{file_extension}\n"
               "  <format>\n    @type json\n  </format>\n",
               "tag,time>\n    timekey 1d\n    timekey_use_utc true\n    flush_mode interval\n    flush_interval 0.3s")
    with daemon(match) as running, ForwardClient(running.port) as client:
        client.deliver("app.a", [[event_time(DAY, 5), {"n": n, "text": "größer =?&"}] for n in range(100)])
        wait_until(lambda: len(objects(moto, "logs-1")) == 1, 20, lambda: running.log())
        client.deliver("app.a", [[event_time(DAY, 5), {"n": n}] for n in range(100, 110)])
        client.deliver("app.b/ü", [[event_time(DAY + 86400, 5), {"n": n}] for n in range(110, 120)])
        found = wait_until(lambda: (lambda o: len(o) == 3 and o)(objects(moto, "logs-1")), 20, lambda: running.log())
    assert sorted(found) == ["l/app.a/20191217_0.gz", "l/app.a/20191217_1.gz", "l/app.b/ü/20191218_0.gz"], sorted(found)
    numbers = [json.loads(line)["n"] for text in found.values() for line in text.splitlines()]
    assert sorted(numbers) == list(range(120)), sorted(numbers)
    assert "[error]" not in running.log(), running.log()


@area.test("s3: nothing is overwritten, whatever a bucket holds already, with four workers", 60)
def no_overwriting(moto):
    moto.ask("[client('s3').create_bucket(Bucket='logs-2') and 1, client('s3').put_object(Bucket='logs-2', Key='x_0.txt', Body=b'mine') and 1]")
    match = s3(moto, "logs-2", "  path x\n  store_as text\n  <format>\n    @type json\n  </format>\n",
               "[]>\n    flush_interval 0.1s\n    flush_thread_count 4\n    chunk_limit_records 10")
    with daemon(match) as running, ForwardClient(running.port) as client:
        for start in range(0, 400, 20):
            client.deliver("t", [{"n": n} and [event_time(DAY, 0), {"n": n}] for n in range(start, start + 20)])

        def numbers():
            found = objects(moto, "logs-2")
            return sorted(json.loads(line)["n"] for key, text in found.items() if key != "x_0.txt" for line in text.splitlines())
        wait_until(lambda: numbers() == list(range(400)), 40, lambda: running.log()[-2000:])
    assert objects(moto, "logs-2")["x_0.txt"] == "mine"


@area.test("cloudwatch_logs: groups and streams are made, events keep their order, the time is to the millisecond", 60)
def streams(moto):
    match = (f"<match **>\n  @type cloudwatch_logs\n  region us-east-1\n  endpoint {moto.url}\n  use_tag_as_group true\n"
             "  log_stream_name_key s\n  remove_log_stream_name_key true\n  auto_create_stream true\n  retention_in_days 7\n"
             "  <buffer>\n    flush_interval 0.3s\n  </buffer>\n</match>\n")
    now = int(time.time())
    with daemon(match) as running, ForwardClient(running.port) as client:
        client.deliver("app.one", [[event_time(now - n, 123_000_000), {"n": n, "s": "s%d" % (n % 2)}] for n in range(50)])

        def events():
            streams = moto.ask("[[s['logStreamName'], client('logs').get_log_events(logGroupName='app.one', logStreamName="
                               "s['logStreamName'], startFromHead=True)['events']] for s in client('logs')."
                               "describe_log_streams(logGroupName='app.one')['logStreams']] if client('logs').describe_log_groups("
                               "logGroupNamePrefix='app.one')['logGroups'] else []")
            return dict(streams) if sum(len(e) for _, e in streams) == 50 else None
        found = wait_until(events, 30, lambda: running.log())
    assert sorted(found) == ["s0", "s1"], found
    for number, stream in enumerate(["s0", "s1"]):
        assert [json.loads(e["message"]) for e in found[stream]] == [{"n": n} for n in range(49 - (1 - number), -1, -2)], found[stream]
        assert all(e["timestamp"] % 1000 == 123 for e in found[stream])
    days, = moto.ask("[g['retentionInDays'] for g in client('logs').describe_log_groups(logGroupNamePrefix='app.one')['logGroups']]")
    assert days == 7


@area.test("signatures are those that Amazon's own library makes, whatever is in a key or a body", 60)
def signatures(_):
    """A server that signs each request again with botocore."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "signature_server.py")
    port = free_port()
    server = subprocess.Popen([python(), script, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: accepts(port), 20, "the server does not listen")
        match = (f"<match s3.**>\n  @type s3\n  s3_bucket b\n  s3_endpoint http://127.0.0.1:{port}\n  acl private\n"
                 "  path a b/${tag}=%Y+\n  store_as text\n  <buffer tag,time>\n    flush_mode interval\n    flush_interval 0.2s\n"
                 "    timekey 1d\n  </buffer>\n</match>\n"
                 f"<match **>\n  @type cloudwatch_logs\n  region us-east-1\n  endpoint http://127.0.0.1:{port}\n  log_group_name g\n"
                 "  log_stream_name s\n  <buffer>\n    flush_interval 0.2s\n  </buffer>\n</match>\n")
        search = (f"<match search.**>\n  @type opensearch\n  logstash_format true\n  logstash_prefix größer\n  id_key text\n  <endpoint>\n"
                  f"    url http://127.0.0.1:{port}\n    region us-east-1\n  </endpoint>\n  <buffer>\n    flush_interval 0.2s\n  </buffer>\n</match>\n")
        match = search + search.replace("search.**", "packed.**").replace("logstash_format", "compression_level best_speed\n  logstash_format") + match
        match = search.replace("search.**", "aws.**").replace("opensearch", '"aws-elasticsearch-service"') + match
        with daemon(match, {"AWS_SESSION_TOKEN": "tok/en=="}) as running, ForwardClient(running.port) as client:
            client.deliver("s3.ü'(x)*", [[event_time(DAY, 0), {"text": "x" * 100_000}] for _ in range(20)])
            client.deliver("s3.small", [[event_time(DAY, 0), {"text": "größer"}]])
            client.deliver("logs", [[event_time(DAY, 0), {"text": "größer"}]])
            client.deliver("search.a", [[event_time(DAY, 0), {"text": f"größer {n}" + "x" * 1000}] for n in range(300)])
            client.deliver("packed.a", [[event_time(DAY, 0), {"text": "größer"}]])
            client.deliver("aws.a", [[event_time(DAY, 0), {"text": "größer"}]])
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(server.stdout), daemon=True)
            reader.start()
            wait_until(lambda: sum(" PUT " in l or " POST " in l for l in lines) >= 6, 20, lambda: f"{lines}\n{running.log()}")
    finally:
        end_process(server)
    assert all(line.startswith("ok ") for line in lines), "".join(lines)


class Collector(http.server.ThreadingHTTPServer):
    """Python's own HTTP server, which keeps what it is posted."""

    def __init__(self):
        self.got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                self.server.got.append((self.path, dict(self.headers), body.decode()))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@area.test("http: a real server gets each event once, under the path of its tag")
def plain(_):
    server = Collector()
    match = (f"<match **>\n  @type http\n  endpoint http://127.0.0.1:{server.server_port}/in/${{tag}}\n  compress gzip\n"
             "  <buffer tag>\n    flush_interval 0.2s\n  </buffer>\n</match>\n")
    with daemon(match) as running, ForwardClient(running.port) as client:
        for tag in ("a", "b c"):
            client.deliver(tag, [[event_time(DAY + n, 0), {"n": n}] for n in range(500)])
        wait_until(lambda: sum(len(body.splitlines()) for _, _, body in server.got) >= 1000, 15, lambda: running.log())
    server.shutdown()
    for path, count in (("/in/a", 500), ("/in/b%20c", 500)):
        numbers = [json.loads(line)["n"] for p, _, body in server.got if p == path for line in body.splitlines()]
        assert sorted(numbers) == list(range(count)), f"{path}: {len(numbers)} events"
    assert server.got[0][1]["Content-Type"] == "application/x-ndjson", server.got[0][1]


@area.test("loki: the example's entries have the form of Loki's API")
def loki(_):
    server = Collector()
    port = free_port()
    text = open(os.path.join(ROOT, "config", "examples", "loki.conf")).read().replace("port 24224", f"port {port}")
    environment = {"LOKI_URL": f"http://127.0.0.1:{server.server_port}"}
    with Daemon(text, port, environment=environment) as running, ForwardClient(port) as client:
        client.deliver("app.web", [[event_time(DAY + 1, 5), {"level": "info", "message": "later"}],
                                   [event_time(DAY, 5), {"level": "info", "message": "earlier"}]])
        wait_until(lambda: server.got, 20, lambda: running.log())
    server.shutdown()
    path, headers, body = server.got[0]
    assert path == "/loki/api/v1/push" and headers["Content-Type"] == "application/json", (path, headers)
    stream, = json.loads(body)["streams"]
    assert stream["stream"]["level"] == "info" and "job" in stream["stream"], stream
    assert [value[0] for value in stream["values"]] == [f"{DAY}000000005", f"{DAY + 1}000000005"], stream
