"""The http source with TLS, asked by curl: certificates, versions, plain HTTP by mistake, a reload with a new certificate."""
import json, os, shutil, signal, socket, ssl, subprocess, time

from certificates import Certificates
from harness import Area, Daemon, free_port, need_program, wait_until


def need():
    need_program("curl", "curl")
    need_program("openssl", "openssl")


area = Area("https", needs=need)


def source(port, certificates, more="", system=""):
    return f"""{system}
<source>
  @type http
  bind 127.0.0.1
  port {port}
  <transport tls>
    cert_path {certificates.certificate}
    private_key_path {certificates.key}
    {more}
  </transport>
</source>
<match **>
  @type stdout
</match>
"""


def curl(port, certificates, *options, data='{"a":1}', scheme="https"):
    """The status (000: no answer), and curl's own."""
    done = subprocess.run(
        ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "--cacert", certificates.authority, "--max-time", "10",
         "-H", "Content-Type: application/json", "--data-binary", "@-", *options, f"{scheme}://localhost:{port}/t"],
        input=data, capture_output=True, text=True)
    return done.stdout, done.returncode


@area.test("curl with the authority's certificate, one request and many, small and large, chunked and not")
def good(_):
    certificates, port = Certificates(), free_port()
    with Daemon(source(port, certificates), port) as daemon:
        assert curl(port, certificates) == ("200", 0), daemon.log()
        large = json.dumps([{"n": i, "text": "x" * 1000} for i in range(3000)])
        assert curl(port, certificates, data=large) == ("200", 0), daemon.log()
        assert curl(port, certificates, "-H", "Transfer-Encoding: chunked", data=large) == ("200", 0), daemon.log()
        assert curl(port, certificates, "-H", "Expect: 100-continue") == ("200", 0), daemon.log()
        daemon.wait_for_events(6002)
        # Larger than is allowed: the answer comes, although the body is not read.
        assert curl(port, certificates, data="x" * (33 << 20))[0] == "413", daemon.log()
        assert curl(port, certificates, "--tlsv1.3") == ("200", 0), daemon.log()
        assert curl(port, certificates, "--tls-max", "1.2") == ("200", 0), daemon.log()


@area.test("client_cert_auth: the right certificate is let in; none, and another authority's, are not, and the log says why")
def client_certificates(_):
    certificates, strangers, port = Certificates(), Certificates(), free_port()
    more = f"client_cert_auth true\n    ca_path {certificates.authority}"
    with Daemon(source(port, certificates, more), port) as daemon:
        def with_identity(one):
            return curl(port, certificates, "--cert", one.client_certificate, "--key", one.client_key)
        assert with_identity(certificates) == ("200", 0), daemon.log()
        assert curl(port, certificates)[0] == "000"
        wait_until(lambda: "the client sent no certificate" in daemon.log(), 5, daemon.log)
        assert with_identity(strangers)[0] == "000"
        wait_until(lambda: "is not accepted" in daemon.log(), 5, daemon.log)
        assert len(daemon.wait_for_events(1)) == 1


@area.test("plain HTTP, an old version and a client that never ends its handshake are closed and said, others go on")
def wrong(_):
    certificates, port = Certificates(), free_port()
    config = source(port, certificates).replace("  port ", "  handshake_timeout 1s\n  port ")
    with Daemon(config, port) as daemon:
        assert curl(port, certificates, scheme="http")[0] == "000"
        wait_until(lambda: "HTTP without TLS" in daemon.log(), 5, daemon.log)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        try:
            with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain):
                raise AssertionError("TLS 1.1 was accepted")
        except (ssl.SSLError, ConnectionError):
            pass
        wait_until(lambda: "min_version" in daemon.log(), 5, daemon.log)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
            silent.sendall(b"\x16\x03\x01\x02\x00\x01")
            assert curl(port, certificates) == ("200", 0), daemon.log()
            assert silent.recv(100) in (b"", b"\x15\x03\x03\x00\x02\x02\x50"), "it is hung up on"
        wait_until(lambda: "handshake_timeout" in daemon.log(), 5, daemon.log)


@area.test("a reload takes a new certificate; a client that is connected goes on with the old one")
def renewed(_):
    old, new, port = Certificates(), Certificates(), free_port()
    with Daemon(source(port, old), port) as daemon:
        context = ssl.create_default_context(cafile=old.authority)
        with socket.create_connection(("127.0.0.1", port)) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as connected:
            def ask():
                connected.sendall(b'POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
                                  b'Content-Length: 7\r\n\r\n{"a":1}')
                return connected.recv(1000)[:15]
            assert ask() == b"HTTP/1.1 200 OK"
            for name in ("certificate", "key"):
                shutil.copy(getattr(new, name), getattr(old, name))
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: "the configuration is in force" in daemon.log(), 10, daemon.log)
            wait_until(lambda: curl(port, new) == ("200", 0), 5, daemon.log)
            assert curl(port, old)[0] == "000", "the old certificate is shown still"
            assert ask() == b"HTTP/1.1 200 OK", "the client that was connected"
        daemon.wait_for_events(3)


@area.test("a certificate that is not there, or does not fit its key, is an error of the configuration with its place")
def mistakes(_):
    from harness import run_sluice
    certificates, port = Certificates(), free_port()
    for wanted, name, value in (("cert_path", "certificate", "/nonexistent.crt"),
                                ("private_key_path", "key", certificates.client_key)):
        config = source(port, certificates).replace(getattr(certificates, name), value)
        path = os.path.join(certificates.folder, "wrong.conf")
        with open(path, "w") as file:
            file.write(config)
        done = run_sluice("check", path)
        text = done.stdout + done.stderr
        assert done.returncode == 2 and wanted in text and value in text, text
