"""Dashboard and alert rules of config/monitoring: right by promtool, and made of metrics that a running daemon serves."""
import contextlib, http.server, json, os, re, shutil, subprocess, threading, time, urllib.parse, urllib.request

from area_monitor import daemon, get
from bulk_server import BulkServer
from harness import (ROOT, Area, Daemon, ForwardClient, Skip, accepts, default_filters, elasticsearch_store, end_process,
                     forward_source, free_port, need_msgpack, need_program, run_sluice, wait_until)

FOLDER = os.path.join(ROOT, "config/monitoring")
LONG = bool(os.environ.get("SLUICE_LONG_TESTS"))
LOAD_SECONDS = 600 if LONG else 30
area = Area("monitoring", needs=need_msgpack)


def promtool(*arguments):
    program = shutil.which("promtool")
    if not program:
        raise Skip("no promtool: apt-get install prometheus (or unpack it: dpkg -x)")
    return subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True)


def expressions():
    """Every expression, with the place that it has."""
    with open(f"{FOLDER}/dashboard.json") as file:
        board = json.load(file)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"panel '{panel['title']}'", target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable '{variable['name']}'", variable["query"]["query"]
    for note in board["annotations"]["list"]:
        yield f"annotation '{note['name']}'", note["expr"]
    with open(f"{FOLDER}/alerts.yaml") as file:
        for name, body in re.findall(r"- alert: (\w+)\n(.*?)\n +(?:for|labels):", file.read(), re.DOTALL):
            yield f"alert {name}", body.replace("expr: >-", "").replace("expr:", "")


@area.test("promtool takes the alert rules, and each is raised by its figures and by no others")
def alerts(_):
    for arguments in [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts-test.yaml")]:
        done = promtool(*arguments)
        assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr
    with open(f"{FOLDER}/alerts.yaml") as rules, open(f"{FOLDER}/alerts-test.yaml") as tests:
        named, tried = re.findall(r"- alert: (\w+)", rules.read()), tests.read()
    for name in named:
        assert f"{name} is raised" in tried and f"{name} is not raised" in tried, f"{name} has no test"


@area.test("Prometheus can read each expression of the dashboard")
def queries(_):
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel_{i}", "expr": re.sub(r"\$__rate_interval", "5m", text)}
        for i, (place, text) in enumerate(expressions()) if not text.startswith("label_values")]}]}
    with open(f"{os.environ['SLUICE_TEST_SCRATCH']}/dashboard.yaml", "w") as file:
        json.dump(rules, file)  # JSON is YAML
    done = promtool("check", "rules", file.name)
    assert done.returncode == 0, done.stdout + done.stderr


@area.test("every metric in dashboard and alerts is one that a running daemon serves, with the labels that are asked for")
def names(_):
    port, monitor = free_port(), free_port()
    with BulkServer() as server, daemon(port, monitor, server.port):
        with ForwardClient(port) as client:
            client.deliver("keep.a", [[1715000000, {"number": 1}]])
        wait_until(lambda: server.sources(), 10, "nothing was delivered")
        served = {}
        for line in get(monitor, "/metrics")[1].splitlines():
            if found := re.match(r"([a-z_]+)(?:\{(.*)\})? ", line):
                served.setdefault(found[1], set()).update(re.findall(r'(\w+)="', found[2] or ""))
    # Prometheus brings these.
    served["up"] = set()
    count = 0
    for place, text in expressions():
        for name, selector in re.findall(r"\b((?:sluice|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?", text):
            assert name in served, f"{place}: nobody serves {name}"
            labels = set(re.findall(r"(\w+) *[=!]~?", selector)) - {"instance", "job"}
            assert labels <= served[name], f"{place}: {name} has no label {labels - served[name]}"
            count += 1
    assert count > 40, f"only {count} metrics were found: the expressions are read wrongly"


# MARK: - Prometheus itself

def ask(port, query, **parameters):
    """What Prometheus answers to an expression: values by their labels, sorted."""
    text = urllib.parse.urlencode({"query": query, **parameters})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{text}", timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def value(port, query):
    found = ask(port, query)
    assert len(found) <= 1, f"{query}: {found}"
    return float(found[0]["value"][1]) if found else 0.0


@contextlib.contextmanager
def prometheus(target, folder):
    """Debian's Prometheus, which looks at a monitor once a second, with the alert rules. Gives its port."""
    port = free_port()
    with open(f"{folder}/prometheus.yaml", "w") as file:
        json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [f"{FOLDER}/alerts.yaml"],
                   "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}, file)
    with open(f"{folder}/prometheus.log", "w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={file.name}", f"--storage.tsdb.path={folder}/series",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], stdout=log, stderr=log)
    try:
        wait_until(lambda: accepts(port), 30, lambda: open(log.name).read())
        yield port
    finally:
        end_process(process)


def compiled(name, folder):
    """A program of Tests/Benchmarks."""
    need_program("cc", "gcc")
    program = f"{folder}/{name}"
    subprocess.run(["cc", "-O2", "-pthread", f"{ROOT}/Tests/Benchmarks/{name}.c", "-o", program], check=True, timeout=60)
    return program


@area.test(f"a real Prometheus looks at it for {LOAD_SECONDS} s under load, and its numbers are the sink's",
           seconds=LOAD_SECONDS + 120)
def real(_):
    need_program("prometheus", "prometheus")
    folder = os.environ["SLUICE_TEST_SCRATCH"]
    loadgen, sink = compiled("loadgen", folder), compiled("sink", folder)
    port, monitor, end = free_port(), free_port(), free_port()
    sinking = subprocess.Popen([sink, str(end)])
    configuration = (
        f"<source>\n  @type monitor_agent\n  bind 127.0.0.1\n  port {monitor}\n</source>\n"
        + forward_source(port).replace("@type forward", "@type forward\n  @id in", 1) + default_filters()
        + f"<match **>\n    {elasticsearch_store(end, '@id out')}</match>\n")
    try:
        with Daemon(configuration, port) as running, prometheus(monitor, folder) as watching:
            sent, until = 0, time.monotonic() + LOAD_SECONDS
            while time.monotonic() < until:
                # As fast as it goes for a moment, then a breath: rates are to change, and other tests want to live.
                done = subprocess.run([loadgen, str(port), "packed", "100000", "1000", "4", "2"], capture_output=True, check=True, timeout=120)
                sent += json.loads(done.stdout)["events"]
                time.sleep(0.5)
            stats = lambda: json.loads(get(end, "/__stats")[1])  # noqa: E731
            wait_until(lambda: stats()["docs"] == sent, 30, lambda: f"{stats()} of {sent}\n{running.log()[-2000:]}")
            delivered = 'sluice_output_events_total{fate="delivered",stage="out"}'
            wait_until(lambda: value(watching, delivered) == sent, 10, lambda: f"{ask(watching, delivered)}, not {sent}")
            time.sleep(2)
            end_of_it = stats()
            assert end_of_it["docs"] == sent > 100_000, f"{end_of_it}, not {sent}"
            assert value(watching, delivered) == sent, "it counts on"
            assert value(watching, 'sluice_stage_events_in_total{stage="in"}') == sent
            assert value(watching, 'sluice_output_request_bytes_count{stage="out"}') == end_of_it["bulk"], f"{end_of_it}"
            assert value(watching, 'sluice_output_request_bytes_sum{stage="out"}') == end_of_it["bytes"], f"{end_of_it}"
            # Half of the lines are of service.ui, and each is tried on the one pattern of its first filter.
            tried = value(watching, 'sum(sluice_pattern_lines_total{pattern="0",number="0"})')
            assert tried > 0, ask(watching, "sluice_pattern_lines_total")
            # What is known by a rate: nobody may have missed a look, which would show as a gap.
            looks = value(watching, f'count_over_time(up{{job="sluice"}}[{LOAD_SECONDS}s])')
            assert value(watching, f'min_over_time(up{{job="sluice"}}[{LOAD_SECONDS}s])') == 1, "it did not answer at some time"
            assert looks >= 0.9 * min(LOAD_SECONDS, 30), f"{looks} looks"
            mean = sent / LOAD_SECONDS
            seen = value(watching, f'rate(sluice_stage_events_in_total{{stage="in"}}[{LOAD_SECONDS}s])')
            assert 0.5 * mean < seen < 2 * mean, f"{seen} events a second, and {mean} were sent"
            raised = [one["metric"]["alertname"] for one in ask(watching, 'ALERTS{alertstate="firing"}')]
            assert raised == [], f"nothing is wrong, and there are {raised}"
            assert value(watching, 'sum(sluice_output_events_total{fate!="delivered"})') == 0
    finally:
        end_process(sinking)


# MARK: - sluice health

def health(url):
    done = run_sluice("health", "--timeout", "2", url, environment={"http_proxy": "http://127.0.0.1:1"})
    assert done.stdout.count("\n") == 1 and not done.stderr, done.stdout + done.stderr
    return done.returncode, done.stdout.strip()


@area.test("sluice health says what /health says, in one line, and its exit status whether the daemon is well")
def well(_):
    port, monitor = free_port(), free_port()
    with BulkServer() as server:
        away = server.port
    with daemon(port, monitor, away) as running:
        assert health(f"http://127.0.0.1:{monitor}") == health(f"127.0.0.1:{monitor}") == (0, "ok")
        with ForwardClient(port) as client:
            client.deliver("keep.a", [[1715000000, {"number": 1}]])
        url = f"http://127.0.0.1:{monitor}/ready"
        wait_until(lambda: re.fullmatch(r"degraded: out since \S+: .*refused.*", health(url)[1]), 10, running.log)
        assert health(url)[0] == 0
        assert health(f"http://127.0.0.1:{monitor}/nonsense") == (1, "HTTP status 404")
    assert health(f"http://127.0.0.1:{monitor}")[0] == 1, "nobody is well"


@area.test("what is not well, no monitor, or meant for a terminal: status 1, and nothing raw")
def unwell(_):
    answers = [(503, b'{"status":"stuck","outputs":[]}', (1, "stuck")), (200, b"<html>", (0, "HTTP status 200")),
               (503, b'{"status":"full","outputs":[{"id":"a\\u001b[2J","reason":5},7]}', (1, "full: a\ufffd[2J; ?")),
               (500, b"", (1, "HTTP status 500"))]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, _ = answers[int(self.path[1:])]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        for number, (_, _, wanted) in enumerate(answers):
            found = health(f"http://127.0.0.1:{server.server_port}/{number}")
            assert found == wanted, f"{found}, not {wanted}"
    finally:
        server.shutdown()
        server.server_close()
