"""config/kubernetes: container logs as kubelet and the runtimes write them, a fake API server, and what arrives."""
import contextlib, http.server, json, os, re, ssl, subprocess, threading, time

from bulk_server import BulkServer
from certificates import Certificates
from harness import ROOT, Area, Daemon, Skip, free_port, need_program, run_sluice, wait_until

CONFIG = os.path.join(ROOT, "config", "kubernetes")


def need():
    need_program("openssl", "openssl")


area = Area("kubernetes", needs=need)


class API:
    """An API server by HTTPS, for tokens that it knows. `answer`, if set, may give a status for a path."""

    def __init__(self, certificates, answer=None):
        self.certificates, self.port, self.answer = certificates, free_port(), answer
        self.paths, self.lock = [], threading.Lock()

    def __enter__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with owner.lock:
                    owner.paths.append(self.path)
                status, value = 200, owner.object(self.path.split("?")[0])
                if self.headers.get("Authorization") != "Bearer token-of-the-pod":
                    status = 401
                elif owner.answer and owner.answer(self.path):
                    status = owner.answer(self.path)
                elif value is None:
                    status = 404
                body = json.dumps(value if status == 200 else {"kind": "Status", "code": status}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.certificate, self.certificates.key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def object(self, path):
        if match := re.fullmatch(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)", path):
            namespace, name = match.groups()
            pod = Pod.known.get((namespace, name))
            return pod and {
                "kind": "Pod",
                "metadata": {"name": name, "namespace": namespace, "uid": pod.uid, "labels": {"app": name}},
                "spec": {"nodeName": "node-1"},
                "status": {"podIP": "10.1.2.3", "containerStatuses": [
                    {"name": "main", "image": f"{name}:1", "imageID": "sha256:1", "containerID": "containerd://" + pod.id}]}}
        if match := re.fullmatch(r"/api/v1/namespaces/([^/]+)", path):
            return {"kind": "Namespace", "metadata": {"name": match.group(1), "uid": "ns-" + match.group(1),
                                                      "creationTimestamp": "2019-01-01T00:00:00Z"}}


class Pod:
    """A pod with one container, and its log files below `root` as kubelet makes them."""

    known = {}

    def __init__(self, root, name, runtime, namespace="shop"):
        self.name, self.namespace, self.runtime, self.rotations = name, namespace, runtime, 0
        self.uid, self.id = f"uid-{name}", (name.encode().hex() * 64)[:64]
        pod = f"{root}/var/log/pods/{namespace}_{name}_{self.uid}/main"
        os.makedirs(pod)
        os.makedirs(f"{root}/var/log/containers", exist_ok=True)
        self.path = f"{pod}/0.log"
        if runtime == "docker":
            folder = f"{root}/var/lib/docker/containers/{self.id}"
            os.makedirs(folder)
            self.path = f"{folder}/{self.id}-json.log"
            os.symlink(self.path, f"{pod}/0.log")
        self.file = open(self.path, "a")
        os.symlink(f"{pod}/0.log", f"{root}/var/log/containers/{name}_{namespace}_main-{self.id}.log")
        Pod.known[(namespace, name)] = self

    def write(self, text, stream="stdout"):
        pieces = [text[start:start + 16384] for start in range(0, len(text), 16384)] or [""]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".123456789Z"
            if self.runtime == "docker":
                self.file.write(json.dumps({"log": piece + ("\n" if last else ""), "stream": stream, "time": when}) + "\n")
            else:
                self.file.write(f"{when} {stream} {'F' if last else 'P'} {piece}\n")
        self.file.flush()

    def rotate(self):
        """By rename, as kubelet (CRI) and Docker do; the links stay."""
        self.file.close()
        self.rotations += 1
        os.rename(self.path, f"{self.path}.{self.rotations}")
        self.file = open(self.path, "a")


@contextlib.contextmanager
def node(elasticsearch_port, api=None, certificates=None, more=lambda text: text):
    """The daemon with the shipped configuration, its paths below a folder of the test."""
    text = open(os.path.join(CONFIG, "fluent.conf")).read()
    daemon = Daemon("", environment={
        "FLUENT_ELASTICSEARCH_HOST": "127.0.0.1", "FLUENT_ELASTICSEARCH_PORT": str(elasticsearch_port),
        **({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)} if api else {})})
    root = daemon.folder + "/node"
    account = root + "/serviceaccount"
    os.makedirs(account)
    os.makedirs(root + "/var/log/containers")
    if certificates:
        os.symlink(certificates.authority, account + "/ca.crt")
        with open(account + "/token", "w") as file:
            file.write("token-of-the-pod\n")
    text = text.replace("/var/log/containers", root + "/var/log/containers").replace("/var/lib/sluice", root + "/state")
    text = text.replace("@id pods\n", f"@id pods\n    secret_dir {account}\n")
    os.makedirs(root + "/state")
    with open(daemon.config, "w") as file:
        file.write(more(text))
    Pod.known.clear()
    with daemon:
        yield daemon, root


def numbers(server, pod):
    return sorted(source["n"] for source in parsed(server) if source["kubernetes"]["pod_name"] == pod)


def parsed(server):
    out = []
    for source in server.sources():
        match = re.match(r"line (\d+)(.*)", source["message"], re.DOTALL)
        out.append({**source, "n": int(match.group(1)), "rest": match.group(2)})
    return out


@area.test("every line of every container arrives once, whole, with its pod's metadata, while files rotate", seconds=90)
def rotation(_):
    certificates = Certificates()
    with API(certificates) as api, BulkServer() as server, node(server.port, api, certificates) as (daemon, root):
        pods = [Pod(root, "web-0", "cri"), Pod(root, "web-1", "cri"), Pod(root, "db-0", "docker")]
        for n in range(600):
            for pod in pods:
                long = "x" * (40_000 if n % 100 == 7 else 20)
                pod.write(f"line {n} {long}", "stderr" if n % 3 == 0 else "stdout")
                # A new pod's file must be found before it is rotated away.
                if n in (150, 300, 450) and (n > 300 or pod.name != "late-0"):
                    pod.rotate()
            if n % 10 == 0:
                time.sleep(0.15)  # a generation lasts longer than tail looks away
            if n == 200:
                # A pod that comes later: its first lines have its metadata too.
                pods.append(Pod(root, "late-0", "cri"))
        wanted = [list(range(600))] * 3 + [list(range(201, 600))]
        count = sum(map(len, wanted))
        wait_until(lambda: len(server.sources()) >= count, 40,
                   lambda: f"{len(server.sources())} of {count}; log:\n{daemon.log()[-3000:]}")
        time.sleep(1)
        for pod, expected in zip(pods, wanted):
            assert numbers(server, pod.name) == expected, (pod.name, len(numbers(server, pod.name)))
        for source in parsed(server):
            name = source["kubernetes"]["pod_name"]
            pod = Pod.known[("shop", name)]
            assert source["kubernetes"] == {
                "container_name": "main", "namespace_name": "shop", "pod_name": name, "container_image": f"{name}:1",
                "container_image_id": "sha256:1", "pod_id": pod.uid, "pod_ip": "10.1.2.3", "host": "node-1",
                "labels": {"app": name}, "namespace_id": "ns-shop"}, source["kubernetes"]
            assert source["docker"] == {"container_id": pod.id}
            assert source["rest"] == " " + "x" * (40_000 if source["n"] % 100 == 7 else 20), source["n"]
            assert source["stream"] == ("stderr" if source["n"] % 3 == 0 else "stdout")
            assert set(source) - {"n", "rest"} == {"message", "stream", "docker", "kubernetes", "@timestamp"}, source
        # Each pod once, each namespace once.
        assert len(api.paths) == len(pods) + 1, api.paths


@area.test("an API that is away, or refuses, stops nothing; when it is back, metadata is, too", seconds=60)
def api_away(_):
    certificates = Certificates()
    refuses = threading.Event()
    refuses.set()
    with API(certificates, answer=lambda path: 403 if refuses.is_set() else None) as api, BulkServer() as server, node(
            server.port, api, certificates, lambda text: text.replace("skip_master_url", "metadata_timeout 1\n    skip_master_url")
    ) as (daemon, root):
        pod = Pod(root, "web-0", "cri")
        pod.write("line 0")
        wait_until(lambda: server.sources(), 15, lambda: daemon.log())
        first = server.sources()[0]["kubernetes"]
        assert first == {"container_name": "main", "namespace_name": ".orphaned", "pod_name": "web-0",
                         "orphaned_namespace": "shop", "namespace_id": "orphaned"}, first
        assert "403" in daemon.log() and "ClusterRole" in daemon.log(), daemon.log()
        refuses.clear()

        def mended():
            pod.write(f"line {len(server.sources()) + 1}")
            time.sleep(0.5)
            return any("pod_id" in source["kubernetes"] for source in server.sources())

        wait_until(mended, 30, lambda: daemon.log())


@area.test("a stop gives away what waits for metadata, and a restart misses no line", seconds=60)
def restart(_):
    certificates = Certificates()
    silent = lambda path: time.sleep(60)  # noqa: E731
    with API(certificates, answer=silent) as api, BulkServer() as server, node(server.port, api, certificates) as (daemon, root):
        pod = Pod(root, "web-0", "cri")
        for n in range(50):
            pod.write(f"line {n}")
        time.sleep(2.5)
        assert daemon.stop(30) == 0, daemon.log()
        assert "events=50" in daemon.log(), daemon.log()
        for n in range(50, 60):
            pod.write(f"line {n}")
        daemon.start()
        # What waited at the stop may come twice: it was given away behind the last position.
        wait_until(lambda: sorted(set(numbers(server, "web-0"))) == list(range(60)), 30, lambda: daemon.log())


@area.test("the configuration is valid, and the manifest names what it needs")
def manifest(_):
    checked = run_sluice("check", os.path.join(CONFIG, "fluent.conf"),
                         environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"})
    assert checked.returncode == 0 and "warning" not in checked.stderr + checked.stdout, checked.stdout + checked.stderr
    assert "kubernetes_metadata (https://10.0.0.1:443/api)" in checked.stdout, checked.stdout
    try:
        import yaml
    except ImportError:
        raise Skip("no PyYAML: apt-get install python3-yaml") from None
    objects = {}
    for name in yaml.safe_load(open(f"{CONFIG}/kustomization.yaml"))["resources"]:
        for one in yaml.safe_load_all(open(f"{CONFIG}/{name}")):
            objects[one["kind"]] = one
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    variables = set(re.findall(r"ENV\['(\w+)'\]", open(f"{CONFIG}/fluent.conf").read()))
    assert {one["name"] for one in container["env"]} <= variables, variables
    assert objects["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get"]}]
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
