"""An Elasticsearch end for tests that ask what arrives, and what happens when the answer is a fault."""
import gzip, http.server, json, ssl, threading

from harness import free_port


class BulkServer:
    """Keeps every document it accepts, as (action, source). A context; `port` is known before it listens.

    `fault`, a function of (handler, body), may return an HTTP status that answers the bulk request instead. With
    `certificates` it speaks HTTPS. `requests` has the headers of each bulk request.
    """

    def __init__(self, fault=None, certificates=None):
        self.port, self.fault, self.certificates = free_port(), fault, certificates
        self.documents, self.requests, self.lock = [], [], threading.Lock()

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that refuses the certificate is part of the test
        if self.certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificates.certificate, self.certificates.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def sources(self):
        with self.lock:
            return [source for _, source in self.documents]

    def numbers(self):
        return sorted(source["number"] for source in self.sources())

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

            def answer(self, value, status=200):
                body = json.dumps(value).encode()
                self.send_response(status)
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
                if "_bulk" not in self.path:
                    return self.answer({"acknowledged": True})
                with owner.lock:
                    owner.requests.append(dict(self.headers))
                status = owner.fault and owner.fault(self, body)
                if status:
                    self.answer({"error": {"type": "test", "reason": "a fault on purpose"}, "status": status}, status)
                else:
                    self.answer(owner.take(body))

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        return Handler


def first(count, status):
    """A fault for the first so many bulk requests."""
    left = [count]

    def fault(_handler, _body):
        left[0] -= 1
        if left[0] < 0:
            return None
        return status

    return fault
