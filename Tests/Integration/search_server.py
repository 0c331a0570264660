"""A real search engine from ../shared/servers, and a proxy that looks at the requests to it."""
import json, os, shutil, signal, socket, subprocess, tempfile, threading, time, urllib.error, urllib.request

from harness import Skip, end_process, free_port, need_program, shared_folder, wait_until


def need_servers():
    if not shared_folder("servers"):
        raise Skip("no ../shared/servers: set SLUICE_TEST_SERVERS, or try docker/compose.yaml with the real thing")
    need_program("java", "default-jre-headless")


class SearchServer:
    """One server with its own data folder; `stop` and `start` are an outage with recovery. A context."""

    def __init__(self, name, *settings, starts=True):
        self.name, self.settings, self.port, self.process = name, settings, free_port(), None
        self.folder = tempfile.mkdtemp(prefix=f"{name}-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
        self.starts = starts

    def __enter__(self):
        if self.starts:
            self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        command = [f"{shared_folder('servers')}/start", self.name, str(self.port), self.folder, *self.settings]
        environment = {**os.environ, "SERVER_HEAP": "-Xms128m -Xmx512m"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        line = self.process.stdout.readline().decode()
        if not line.startswith("ready"):
            end_process(self.process)
            raise AssertionError(f"{self.name} did not start: {line}")
        self.get("/_cluster/health?wait_for_status=yellow&timeout=20s")

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            end_process(self.process, 20)
        if self.process:
            self.process.stdout.close()

    def request(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=25) as answer:
            return json.load(answer)

    def get(self, path):
        return self.request(path)

    def search(self, query, size=100):
        """All hits, newest data included. No index yet is no hit."""
        try:
            self.request("/fluentd-*/_refresh", {}, "POST")
            return self.request(f"/fluentd-*/_search?size={size}", {"query": query})["hits"]["hits"]
        except urllib.error.HTTPError as error:
            if error.code in (404, 503):
                return []
            raise

    def count(self):
        try:
            self.request("/fluentd-*/_refresh", {}, "POST")
            return self.get("/fluentd-*/_count")["count"]
        except (urllib.error.HTTPError, OSError):
            return 0

    def wait_for_count(self, count, seconds, daemon):
        wait_until(lambda: self.count() >= count, seconds,
                   lambda: f"{self.count()} of {count} documents; log:\n{daemon.log()[-3000:]}")

    def numbers(self):
        """The field `number` of all documents, by scrolling."""
        page = self.request("/fluentd-*/_search?size=5000&scroll=1m", {"_source": ["number"], "sort": ["_doc"]})
        out = []
        while page["hits"]["hits"]:
            out += [hit["_source"]["number"] for hit in page["hits"]["hits"]]
            page = self.request("/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return out


class Recorder:
    """A proxy to one port that keeps what the client sent."""

    def __init__(self, target):
        self.target, self.sent = target, b""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            threading.Thread(target=self._copy, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, False), daemon=True).start()

    def _copy(self, source, target, keeps):
        try:
            while data := source.recv(65536):
                if keeps:
                    self.sent += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
