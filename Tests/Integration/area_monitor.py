"""The monitor: what a daemon tells of itself while events pass, while an output is away, and while it stops."""
import json, shutil, socket, ssl, subprocess, time, urllib.error, urllib.request

from bulk_server import BulkServer
from certificates import Certificates
from harness import (SLUICE, Area, Daemon, ForwardClient, Skip, elasticsearch_store, forward_source, free_port,
                     need_msgpack, need_program, run_sluice, wait_until)

area = Area("monitor", needs=need_msgpack)
RETRY = "flush_interval 0.2s\n      retry_wait 0.2s\n      retry_max_interval 0.2s\n"


def get(port, path, accept=None):
    """Status and body."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept} if accept else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(text, name, **labels):
    """The sum of a metric's samples that have these labels."""
    total = 0.0
    for line in text.splitlines():
        head, _, value = line.rpartition(" ")
        if head.partition("{")[0] == name and all(f'{key}="{text}"' in head for key, text in labels.items()):
            total += float(value)
    return total


def daemon(port, monitor, server_port, more=""):
    return Daemon(
        f"<source>\n  @type monitor_agent\n  bind 127.0.0.1\n  port {monitor}\n</source>\n{more}"
        + forward_source(port).replace("@type forward", "@type forward\n  @id in", 1)
        + "<filter drop.**>\n  @type grep\n  @id grep\n  <exclude>\n    key number\n    pattern /[02468]$/\n  </exclude>\n</filter>\n"
        + f"<match **>\n    {elasticsearch_store(server_port, '@id out', RETRY)}</match>\n", port)


@area.test("what is counted is what was sent and what arrived")
def counts(_):
    port, monitor = free_port(), free_port()
    with BulkServer() as server, daemon(port, monitor, server.port):
        with ForwardClient(port) as client:
            client.deliver("drop.a", [[1715000000, {"number": i}] for i in range(100)])
            client.deliver("keep.a", [[1715000000, {"number": i}] for i in range(10)])
        wait_until(lambda: len(server.sources()) >= 60, 10, lambda: f"{len(server.sources())} documents")
        wait_until(lambda: metric(get(monitor, "/metrics")[1], "sluice_output_events_total", fate="delivered") == 60, 5,
                   lambda: get(monitor, "/metrics")[1])
        text = get(monitor, "/metrics")[1]
        assert metric(text, "sluice_stage_events_in_total", stage="in") == 110, text
        assert metric(text, "sluice_stage_events_in_total", stage="grep") == 100, text
        assert metric(text, "sluice_stage_events_out_total", stage="grep") == 50, text
        assert metric(text, "sluice_output_up", stage="out") == 1, text
        assert metric(text, "process_open_fds") > 5 and metric(text, "process_resident_memory_bytes") > 1e6, text
        assert metric(text, "sluice_source_bytes_total", stage="in") > 1000 and metric(text, "sluice_source_accepted_connections_total", stage="in") >= 1, text
        assert metric(text, "sluice_source_ack_seconds_count", stage="in") >= 1 and metric(text, "sluice_output_attempt_seconds_count", stage="out") >= 1, text
        assert metric(text, "sluice_buffer_oldest_seconds", stage="out") == 0 and metric(text, "sluice_output_bytes_total", stage="out") > 60, text
        requests = metric(text, "sluice_output_request_bytes_count", stage="out")
        assert requests == len(server.requests) >= 1 and metric(text, "sluice_output_request_bytes_sum", stage="out") > 60 * 10, text
        assert metric(text, "sluice_output_request_bytes_bucket", stage="out", le="65536") == requests, text
        assert get(monitor, "/metrics", "application/openmetrics-text")[1].endswith("# EOF\n")
        assert json.loads(get(monitor, "/health")[1]) == {"status": "ok", "outputs": []}


@area.test("an output that is away is told by /health, with since when and why, and is well again when it is back")
def degraded(_):
    port, monitor = free_port(), free_port()
    with BulkServer() as server:
        away = server.port
    with daemon(port, monitor, away) as running:
        with ForwardClient(port) as client:
            client.deliver("keep.a", [[1715000000, {"number": 1}]])
        wait_until(lambda: json.loads(get(monitor, "/health")[1])["status"] == "degraded", 10, running.log)
        status, body = get(monitor, "/health")
        output = json.loads(body)["outputs"][0]
        assert status == 200 and output["id"] == "out" and output["reason"] and output["failing_since"], body
        assert get(monitor, "/ready")[0] == 200
        retry = json.loads(get(monitor, "/api/plugins.json?@id=out")[1])["plugins"][0]["retry"]
        assert set(retry) == {"start", "steps", "next_time"}, retry


@area.test("each grok pattern tells its hits, its misses, and the lines on which it gave up; what is held tells its age; dead letters are counted")
def patterns(_):
    port, monitor = free_port(), free_port()
    more = ("<filter app>\n  @type parser\n  @id lines\n  key_name log\n  <parse>\n    @type grok\n    <grok>\n      name number\n"
            "      pattern ^%{INT:n}$\n    </grok>\n    <grok>\n      pattern ^(?<a>(a+)+)[bc]$\n    </grok>\n  </parse>\n</filter>\n")
    with BulkServer() as server:
        with daemon(port, monitor, server.port, more):
            with ForwardClient(port) as client:
                client.deliver("app", [[1715000000, {"log": text}] for text in ["1", "2", "aab", "none", "a" * 40]])
            wait_until(lambda: len(server.sources()) == 4, 10, lambda: f"{len(server.sources())} documents")
            text = get(monitor, "/metrics")[1]
            def lines(number, result): return metric(text, "sluice_pattern_lines_total", stage="lines", number=number, result=result)
            assert [lines("0", r) for r in ("hit", "miss", "gave_up")] == [2, 3, 0], text
            assert [lines("1", r) for r in ("hit", "miss", "gave_up")] == [1, 1, 1], text
            assert metric(text, "sluice_stage_refusals_total", stage="lines", kind="Fluent::Plugin::Parser::ParserError") == 1, text
        away = server.port
    with daemon(port, monitor, away):
        with ForwardClient(port) as client:
            client.deliver("keep.a", [[1715000000, {"number": 1}]])
        wait_until(lambda: metric(get(monitor, "/metrics")[1], "sluice_buffer_oldest_seconds", stage="out") > 1, 10, lambda: "no age")


@area.test("patterns of a source's parser are counted, over all its clients, and go on counting after a reload that leaves it as it is")
def source_patterns(_):
    port, monitor, lines = free_port(), free_port(), free_port()
    more = (f"<source>\n  @type tcp\n  @id lines\n  port {lines}\n  bind 127.0.0.1\n  tag t\n  <parse>\n    @type grok\n"
            "    <grok>\n      name number\n      pattern ^%{INT:n}$\n    </grok>\n    <grok>\n      name word\n"
            "      pattern ^%{WORD:w}$\n    </grok>\n  </parse>\n</source>\n")
    def counted():
        text = get(monitor, "/metrics")[1]
        return [[metric(text, "sluice_pattern_lines_total", stage="lines", pattern=name, result=result)
                 for result in ("hit", "miss", "gave_up")] for name in ("number", "word")]
    def say(text):
        with socket.create_connection(("127.0.0.1", lines)) as client:
            client.sendall(text)
    with BulkServer() as server, daemon(port, monitor, server.port, more) as running:
        say(b"1\n2\nhello\n")
        say(b"no match\n3\n")
        wait_until(lambda: counted() == [[3, 2, 0], [1, 1, 0]], 10, lambda: f"{counted()}")
        assert run_sluice("reload", str(running.process.pid)).returncode == 0
        say(b"4\n")
        wait_until(lambda: counted() == [[4, 2, 0], [1, 1, 0]], 10, lambda: f"{counted()}")


@area.test("promtool finds nothing in the metrics, with the names of Fluentd's plugin too")
def promtool(_):
    port, monitor, metrics = free_port(), free_port(), free_port()
    more = (f"<source>\n  @type prometheus\n  bind 127.0.0.1\n  port {metrics}\n  metrics_path /m\n</source>\n"
            "<source>\n  @type prometheus_monitor\n  <labels>\n    host a\n  </labels>\n</source>\n"
            "<source>\n  @type prometheus_output_monitor\n</source>\n")
    with BulkServer() as server, daemon(port, monitor, server.port, more):
        text = get(metrics, "/m")[1]
        assert metric(text, "fluentd_output_status_buffer_available_space_ratio", plugin_id="out") == 100, text
        assert 'fluentd_status_retry_count{host="a",plugin_id="out"' in text, text
        if not shutil.which("promtool"):
            print("    promtool is not here: the metrics were read, not checked (apt-get install prometheus)")
            return
        names = "\n".join(line for line in text.splitlines() if "fluentd_" not in line) + "\n"
        checked = subprocess.run(["promtool", "check", "metrics"], input=names, capture_output=True, text=True)
        assert checked.returncode == 0 and not checked.stderr, checked.stderr


@area.test("sluice tap shows what each stage makes of an event, and sluice top what passes")
def watched(_):
    port, monitor = free_port(), free_port()
    with BulkServer() as server, daemon(port, monitor, server.port):
        at = ["--at", f"127.0.0.1:{monitor}"]
        tap = subprocess.Popen([SLUICE, "tap", *at, "--count", "2", "--text", "number", "--format", "json"], stdout=subprocess.PIPE)
        top = subprocess.Popen([SLUICE, "top", *at, "--interval", "3", "--format", "json"], stdout=subprocess.PIPE)
        try:
            get_watch = lambda: tap.poll() is None and json.loads(get(monitor, "/api/tap?tag=nobody")[1]) is not None
            wait_until(get_watch, 10, lambda: "no tap")
            time.sleep(0.7)
            with ForwardClient(port) as client:
                client.deliver("drop.a", [[1715000000, {"number": 1}], [1715000000, {"number": 2}]])
            events = [json.loads(line) for line in tap.communicate(timeout=10)[0].splitlines()]
            steps = [[(s["stage"], s["result"]) for s in event["steps"]] for event in events]
            assert steps == [[("grep", "passed"), ("out", "taken")], [("grep", "dropped")]], steps
            assert events[0]["record"] == {"number": 1} and events[0]["tag"] == "drop.a", events[0]
            table = json.loads(top.communicate(timeout=10)[0])
            rates = {s["id"]: s["in_per_second"] for s in table["stages"]}
            assert table["state"] == "ok" and 0 < rates["in"] < 2 and 0 < rates["out"] < 1, table
        finally:
            tap.kill()
            top.kill()
        told = subprocess.run([SLUICE, "top", *at], capture_output=True, text=True, timeout=10)
        assert told.returncode == 0 and told.stdout.splitlines()[2].startswith("STAGE") and "elasticsearch" in told.stdout, told
        nobody = subprocess.run([SLUICE, "tap", "--at", f"127.0.0.1:{free_port()}"], capture_output=True, text=True, timeout=10)
        assert nobody.returncode == 1 and "does not answer" in nobody.stderr, nobody


@area.test("metrics of events count on all loops, beside the daemon's own, and over a reload")
def of_events(_):
    port, monitor = free_port(), free_port()

    def config(help):
        return (f"<system>\n  threads 2\n  monitor 127.0.0.1:{monitor}\n</system>\n" + forward_source(port)
                + "<filter app.**>\n  @type prometheus\n  max_series_per_metric 3\n  <metric>\n    name app_bytes_total\n"
                + f"    type counter\n    desc {help}\n    key $.http.bytes\n    <labels>\n      tag ${{tag}}\n"
                + "      path $.http.path\n    </labels>\n  </metric>\n  <metric>\n    name app_seconds\n    type histogram\n"
                + "    desc Times.\n    key took\n    buckets 0.5, 2\n  </metric>\n</filter>\n<match **>\n  @type null\n</match>\n")

    def bytes_of(path):
        return metric(get(monitor, "/metrics")[1], "app_bytes_total", tag="app.a", path=path)

    with Daemon(config("Bytes."), port) as daemon:
        for _ in range(8):  # Connections are spread over the loops.
            with ForwardClient(port) as client:
                client.deliver("app.a", [[1715000000, {"http": {"bytes": 10, "path": f"/{i % 2}"}, "took": i}] for i in range(4)])
        wait_until(lambda: bytes_of("/0") == 160 and bytes_of("/1") == 160, 5, lambda: get(monitor, "/metrics")[1])
        text = get(monitor, "/metrics")[1]
        assert metric(text, "app_seconds_bucket", le="0.5") == 8 and metric(text, "app_seconds_bucket", le="2") == 24, text
        assert metric(text, "app_seconds_bucket", le="+Inf") == metric(text, "app_seconds_count") == 32, text
        assert metric(text, "app_seconds_sum") == 48, text
        assert "# TYPE app_bytes counter" in get(monitor, "/metrics", "application/openmetrics-text")[1]
        with ForwardClient(port) as client:
            client.deliver("app.a", [[1715000000, {"http": {"bytes": 1, "path": f"/new{i}"}}] for i in range(5)])
        dropped = 'fluentd_prometheus_dropped_label_sets_total{name="app_bytes_total"} 4'
        wait_until(lambda: dropped in get(monitor, "/metrics")[1], 5, lambda: get(monitor, "/metrics")[1])
        assert "no room for more labels" in daemon.log(), daemon.log()
        with open(daemon.config, "a") as file:
            file.write("# changed\n<filter none>\n  @type stdout\n</filter>\n")
        assert run_sluice("reload", str(daemon.process.pid)).returncode == 0, daemon.log()
        assert bytes_of("/0") == 160
        # Another definition is another metric.
        with open(daemon.config, "w") as file:
            file.write(config("Other bytes."))
        assert run_sluice("reload", str(daemon.process.pid)).returncode == 0, daemon.log()
        assert bytes_of("/0") == 0 and metric(get(monitor, "/metrics")[1], "app_seconds_count") == 32


@area.test("the monitor is there without a word about it, and 'monitor off' takes it away; two daemons do not mind each other")
def standard(_):
    def listens(): return "http://127.0.0.1:24220"
    first, second, third = free_port(), free_port(), free_port()
    match = "<match **>\n  @type null\n</match>\n"
    with Daemon(forward_source(first) + match, first) as one, Daemon(forward_source(second) + match, second) as two:
        # Whoever else runs on this machine may have it.
        wait_until(lambda: any(listens() in d.log() for d in (one, two)) or "does not answer" in one.log(), 10, one.log)
        assert "does not answer" in two.log() or "does not answer" in one.log(), two.log()
        # Who comes second has it once the first one has gone.
        if any(listens() in d.log() for d in (one, two)):
            stays, goes = (one, two) if listens() in two.log() else (two, one)
            goes.stop()
            wait_until(lambda: f"the monitor answers at={listens()}" in stays.log(), 25, stays.log)
            assert stays.log().count("does not answer") == 1, stays.log()
    with Daemon("<system>\n  monitor off\n</system>\n" + forward_source(third) + match, third) as off:
        assert "the monitor" not in off.log(), off.log()
    with Daemon(f"<system>\n  monitor 127.0.0.1:{second}\n</system>\n" + forward_source(third) + match, third):
        assert json.loads(get(second, "/health")[1])["status"] == "ok"


@area.test("a reload keeps the monitor where it is, moves it, and takes it away")
def reload(_):
    port, monitor, other = free_port(), free_port(), free_port()
    with BulkServer() as server, daemon(port, monitor, server.port) as running:
        assert get(monitor, "/ready")[0] == 200
        text = open(running.config).read()
        for new, gone in [(other, monitor), (None, other)]:
            changed = text.replace(f"port {monitor}", f"port {new}") if new else text[text.index("</source>") + 9:]
            open(running.config, "w").write(changed)
            running.signal(1)
            def has_moved():
                try:
                    get(gone, "/ready")
                    return False
                except OSError:
                    return new is None or get(new, "/ready")[0] == 200
            wait_until(has_moved, 10, running.log)


@area.test("with <transport tls> it answers over TLS alone; a reload takes a new certificate, and plain HTTP again")
def tls(_):
    need_program("openssl", "openssl")
    port, monitor, metrics, first, second = free_port(), free_port(), free_port(), Certificates(), Certificates()

    def config(agent, prometheus):
        return (f"<system>\n  monitor off\n</system>\n<source>\n  @type monitor_agent\n  bind 127.0.0.1\n  port {monitor}\n{agent}</source>\n"
                f"<source>\n  @type prometheus\n  bind 127.0.0.1\n  port {metrics}\n{prometheus}</source>\n"
                f"{forward_source(port)}<match **>\n  @type stdout\n</match>\n")

    def transport(of):
        return f"  <transport tls>\n    cert_path {of.certificate}\n    private_key_path {of.key}\n  </transport>\n"

    def ask(at, path, authority=None):
        context = ssl.create_default_context(cafile=authority.authority) if authority else None
        scheme = "https" if authority else "http"
        with urllib.request.urlopen(f"{scheme}://localhost:{at}{path}", timeout=5, context=context) as answer:
            return answer.status

    def fails(*question):
        try:
            ask(*question)
        except OSError as error:
            return str(error)

    def top(*options):
        return run_sluice("top", "--count", "1", "--interval", "0.1", *options)

    old_style = f"  <ssl>\n    enable true\n    certificate_path {first.certificate}\n    private_key_path {first.key}\n  </ssl>\n"
    with Daemon(config(transport(first), old_style), port) as daemon:
        assert ask(monitor, "/health", first) == 200 and ask(metrics, "/metrics", first) == 200
        assert "CERTIFICATE_VERIFY_FAILED" in fails(monitor, "/health", second)
        assert fails(monitor, "/health"), "plain HTTP was answered"
        wait_until(lambda: "the monitor: closed a connection" in daemon.log(), 5, daemon.log)
        shown = top("--at", f"https://localhost:{monitor}", "--ca-file", first.authority)
        assert shown.returncode == 0 and "forward" in shown.stdout, shown.stdout + shown.stderr
        assert top("--at", f"https://localhost:{monitor}", "--ca-file", second.authority).returncode == 1
        assert run_sluice("health", f"https://localhost:{monitor}", "--ca-file", first.authority).returncode == 0
        # A client that is connected keeps its connection over a reload that changes nothing but the certificate.
        context = ssl.create_default_context(cafile=first.authority)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", monitor)), server_hostname="localhost") as client:
            open(daemon.config, "w").write(config(transport(second), ""))
            assert run_sluice("reload", str(daemon.process.pid)).returncode == 0, daemon.log()
            wait_until(lambda: fails(monitor, "/health", first), 5, daemon.log)
            assert ask(monitor, "/health", second) == 200 and ask(metrics, "/metrics") == 200
            client.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200"), daemon.log()
        open(daemon.config, "w").write(config("", transport(first)))
        assert run_sluice("reload", str(daemon.process.pid)).returncode == 0, daemon.log()
        wait_until(lambda: not fails(monitor, "/health"), 5, daemon.log)
        assert ask(metrics, "/metrics", first) == 200
        # A certificate that is not there leaves everything as it is.
        open(daemon.config, "w").write(config("", transport(first).replace(first.certificate, "/none.pem")))
        assert run_sluice("reload", str(daemon.process.pid)).returncode != 0
        assert ask(monitor, "/health") == 200 and ask(metrics, "/metrics", first) == 200


@area.test("sluice health and top find the only daemon of an account also where it answers over TLS")
def announced_tls(_):
    port, monitor = free_port(), free_port()
    agent = f"<source>\n  @type monitor_agent\n  bind 0.0.0.0\n  port {monitor}\n  <transport tls>\n    insecure true\n  </transport>\n</source>\n"
    with Daemon(agent + forward_source(port) + "<match **>\n  @type stdout\n</match>\n", port) as daemon:
        result = run_sluice("health")
        # Another daemon of this account may run beside: then there is no announcement to find.
        if "24220" in result.stdout:
            raise Skip("another sluice runs on this machine")
        assert result.returncode == 0 and result.stdout == "ok\n", result.stdout + daemon.log()
