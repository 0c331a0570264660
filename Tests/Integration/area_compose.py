"""docker/compose.yaml without its images: what it says, its start and its setup with stand-ins, its configuration with the program
and, where there is one, a real Elasticsearch."""
import contextlib, http.server, json, os, re, shutil, stat, subprocess, tempfile, threading, time

from bulk_server import BulkServer
from harness import ROOT, Area, Daemon, ForwardClient, Skip, free_port, need_msgpack, run_sluice, wait_until
from search_server import SearchServer, need_servers

DOCKER = os.path.join(ROOT, "docker")
area = Area("compose", needs=need_msgpack)


def services():
    try:
        import yaml
    except ImportError:
        raise Skip("no PyYAML: pip install pyyaml") from None
    with open(f"{DOCKER}/compose.yaml") as file:
        return yaml.safe_load(file)["services"]


@area.test("every service has a limit of memory, a restart policy and a version; only loopback is published; what is mounted is there")
def file(_):
    with open(f"{DOCKER}/start") as script:
        made = set(re.search(r"for name in (.*); do", script.read())[1].split())
    with open(f"{DOCKER}/compose.yaml") as text:
        asked = set(re.findall(r"\$\{(\w+):\?", text.read()))
    assert asked == made, f"asked for {asked}, made {made}"
    for name, service in services().items():
        assert "mem_limit" in service and "restart" in service, name
        assert "build" in service or re.search(r":(\$\{\w+:-)?v?\d", service["image"]), f"{name}: {service['image']}"
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert os.path.exists(os.path.join(DOCKER, volume.split(":")[0])), f"{name}: {volume}"
    for name in ["elasticsearch", "kibana"]:
        assert "healthcheck" in services()[name] and "ELASTIC_VERSION" in services()[name]["image"], name


@area.test("docker/start makes passwords once, for their owner alone, and hands its words on")
def start(_):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(f"{DOCKER}/start", folder)
        with open(f"{folder}/docker", "w") as file:
            file.write(f'#!/bin/sh\necho "$@" >> {folder}/called\n')
        os.chmod(f"{folder}/docker", 0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        for _ in range(2):
            done = subprocess.run([f"{folder}/start", "--profile", "monitoring"], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            secrets = open(f"{folder}/.env").read()
        assert stat.S_IMODE(os.stat(f"{folder}/.env").st_mode) == 0o600
        values = re.findall(r"^\w+=([0-9a-f]{32})$", secrets, re.M)
        assert len(values) == len(set(values)) == 5 and values[0] in done.stdout, secrets
        assert open(f"{folder}/called").read().split("\n")[1] == "compose --profile monitoring up --build --detach"
    assert "docker/.env" in open(f"{ROOT}/.gitignore").read().split(), "passwords could be committed"


@area.test("the setup service gives Kibana its password, and Sluice a user that may do what it does and no more")
def setup(_):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.command, self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_PUT = do_POST = answer

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        done = subprocess.run(["bash", f"{DOCKER}/setup.sh"], capture_output=True, text=True, env={
            **os.environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{server.server_port}", "ELASTIC_PASSWORD": "e",
            "KIBANA_PASSWORD": "k", "SLUICE_PASSWORD": "s"})
    finally:
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert [(method, path) for method, path, _, _ in asked] == [
        ("POST", "/_security/user/kibana_system/_password"), ("PUT", "/_security/role/sluice"),
        ("PUT", "/_security/user/sluice")], asked
    assert {authorization for _, _, authorization, _ in asked} == {"Basic ZWxhc3RpYzpl"}
    assert asked[0][3] == {"password": "k"} and asked[2][3] == {"password": "s", "roles": ["sluice"]}
    assert asked[1][3]["indices"][0]["names"] == ["fluentd-*"], asked[1]


@contextlib.contextmanager
def shipper(url):
    """Sluice as the service runs it: the image's configuration, with compose's file in the place that it is mounted to."""
    port, metrics = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="compose-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    outputs = f"{folder}/outputs"
    shutil.copytree(f"{ROOT}/config/outputs", outputs)
    with open(f"{DOCKER}/elasticsearch.conf") as file:
        text = file.read().replace("/var/lib/sluice", f"{folder}/state").replace("/etc/fluent/outputs", outputs)
    with open(f"{outputs}/elasticsearch-and-stdout.conf", "w") as file:
        file.write(text.replace("port 24231", f"port {metrics}"))
    shutil.copy(f"{DOCKER}/index-template.json", outputs)
    config = open(f"{ROOT}/config/default.conf").read().replace("port 24224", f"port {port}")
    environment = {"ELASTICSEARCH_URL": url, "ELASTICSEARCH_USER": "sluice", "ELASTICSEARCH_PASSWORD": "secret"}
    daemon = Daemon(config.replace('"outputs/', f'"{outputs}/'), port, environment)
    checked = run_sluice("check", "--strict", daemon.config, environment=environment)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with daemon:
        yield daemon, port, metrics


def application(service, rounds=1):
    """What application.sh writes for a service, as Docker hands it on."""
    process = subprocess.Popen(["sh", f"{DOCKER}/application.sh", service], stdout=subprocess.PIPE, text=True)
    try:
        return [{"log": process.stdout.readline().rstrip("\n")} for _ in range(2 * rounds)]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@area.test("its configuration is sound: it logs in, puts the template, delivers, and has figures for Prometheus")
def configuration(_):
    with BulkServer() as server, shipper(f"http://127.0.0.1:{server.port}") as (daemon, port, metrics):
        with ForwardClient(port) as client:
            client.deliver("service.post", [[int(time.time()), record] for record in application("post")])
        wait_until(lambda: len(server.sources()) >= 2, 15, daemon.log)
        import urllib.request

        text = urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5).read().decode()
        assert 'sluice_output_events_total{stage="es",type="elasticsearch",fate="delivered"} 2' in text, text
        assert all(dict(headers).get("Authorization") == "Basic c2x1aWNlOnNlY3JldA==" for headers in server.requests)


@area.test("the application's lines, and another service's under the same names, meet no conflict in a real Elasticsearch",
           seconds=120)
def mapping(_):
    need_servers()
    with SearchServer("elasticsearch-7") as server, shipper(f"http://127.0.0.1:{server.port}") as (daemon, port, _):
        # Under these names a third service means something else.
        other = [{"log": json.dumps({"timestamp": "2019-12-18 19:24:38", "params": "none", "addr": "unknown",
                                     "response_status": "n/a", "request_id": 7})}]
        with ForwardClient(port) as client:
            for tag, records in [("service.post", application("post")), ("service.ui", application("ui")),
                                 ("service.post", other)]:
                client.deliver(tag, [[int(time.time()), record] for record in records])
        wait_until(lambda: server.count() >= 5, 30, daemon.log)
        found = server.search({"match_all": {}})
        fields = {name for hit in found for name in hit["_source"]}
        assert len(found) == 5 and not [name for name in fields if re.search("_(string|long|date|object)$", name)], fields
        template = server.get("/_index_template/sluice")["index_templates"][0]["index_template"]
        assert template["index_patterns"] == ["fluentd-*"], template


@area.test("promtool takes the configuration of Prometheus")
def prometheus(_):
    from area_monitoring import promtool

    done = promtool("check", "config", "--syntax-only", f"{DOCKER}/monitoring/prometheus.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
