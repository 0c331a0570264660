"""An Elasticsearch end for tests that only ask what arrives, and when."""
import gzip, http.server, json, threading

from harness import free_port


class BulkServer:
    """Keeps every document it is sent, as (action, source). A context; `port` is known before it listens."""

    def __init__(self, port=None):
        self.port, self.documents, self.lock = port or free_port(), [], threading.Lock()

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def sources(self):
        with self.lock:
            return [source for _, source in self.documents]

    def take(self, body):
        lines = [json.loads(line) for line in body.split(b"\n") if line]
        pairs = list(zip(lines[::2], lines[1::2]))
        with self.lock:
            self.documents += pairs
        return {"took": 1, "errors": False, "items": [{next(iter(action)): {"status": 201}} for action, _ in pairs]}

    def _handler(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("X-elastic-product", "Elasticsearch")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            def do_GET(self):
                self.answer({"version": {"number": "7.17.10"}, "tagline": "You Know, for Search"})

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                self.answer(owner.take(body) if "_bulk" in self.path else {"acknowledged": True})

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        return Handler
