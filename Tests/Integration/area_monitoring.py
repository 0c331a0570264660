"""Dashboard and alert rules of config/monitoring: right by promtool, and made of metrics that a running daemon serves."""
import http.server, json, os, re, shutil, subprocess, threading

from area_monitor import daemon, get
from bulk_server import BulkServer
from harness import ROOT, Area, ForwardClient, Skip, free_port, need_msgpack, run_sluice, wait_until

FOLDER = os.path.join(ROOT, "config/monitoring")
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
