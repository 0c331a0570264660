"""A certificate authority, a server's certificate for localhost and a client's, made with openssl."""
import os, subprocess, tempfile


class Certificates:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tls-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
        self.authority, authority_key = self._path("authority.crt"), self._path("authority.key")
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                      "-keyout", authority_key, "-out", self.authority)
        self.certificate, self.key = self._signed("server", "/CN=localhost", authority_key)
        self.client_certificate, self.client_key = self._signed("client", "/CN=client", authority_key)

    def _signed(self, name, subject, authority_key):
        certificate, key, request = (self._path(f"{name}.{end}") for end in ("crt", "key", "csr"))
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", key, "-out", request)
        extensions = self._path(f"{name}.ext")
        with open(extensions, "w") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.authority, "-CAkey", authority_key,
                      "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
