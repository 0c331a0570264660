"""An HTTP server that signs each request again with Amazon's library, and prints `ok METHOD path` or `BAD METHOD path`."""
import gzip, hashlib, http.server, json, sys

import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# What a client has signed is what counts, also where the library itself would leave a header out.
botocore.auth.SIGNED_HEADERS_BLACKLIST = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = self.headers["Authorization"] or ""
        verdict = "BAD"
        if given.startswith("AWS4-HMAC-SHA256 "):
            day, region, service = given.split("Credential=")[1].split(",")[0].split("/")[1:4]
            names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
            signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("test", "test"), service, region)
            request = AWSRequest(method=self.command, url=f"http://{self.headers['Host']}{self.path}", data=body,
                                 headers={name: value for name, value in self.headers.items() if name.lower() in names})
            moment = self.headers["X-Amz-Date"]
            request.context["timestamp"] = moment
            canonical = signer.canonical_request(request)
            text = "\n".join(["AWS4-HMAC-SHA256", moment, f"{day}/{region}/{service}/aws4_request",
                              hashlib.sha256(canonical.encode()).hexdigest()])
            isBody = self.headers["X-Amz-Content-Sha256"] == hashlib.sha256(body).hexdigest()
            if isBody and signer.signature(text, request) == given.split("Signature=")[1] and "x-amz-security-token" in names:
                verdict = "ok"
        # Written at once: several requests are answered at one time.
        sys.stdout.write(f"{verdict} {self.command} {self.path}\n")
        sys.stdout.flush()
        answer = b""
        if self.path.startswith("/_bulk"):
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            answer = json.dumps({"errors": False, "items": [{"index": {"status": 201}}] * (body.count(b"\n") // 2)}).encode()
        elif self.path == "/":
            answer = b'{"version":{"number":"2.19.0","distribution":"opensearch"}}'
        self.send_response(404 if self.command == "HEAD" and self.path.count("/") > 2 else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_HEAD = answer

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
