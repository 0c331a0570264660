"""A headless Chromium, driven over its DevTools protocol (chromedevtools.github.io/devtools-protocol)."""
import base64, json, os, shutil, signal, socket, struct, subprocess, tempfile, time, urllib.request

from harness import Skip, end_process, free_port, wait_until

PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]


def need_chromium():
    if not any(shutil.which(name) for name in PROGRAMS):
        raise Skip("there is no Chromium (apt-get install chromium-headless-shell)")


class Browser:
    """One page, and what it said: `problems` has violations of its policy, errors of its script, requests elsewhere."""

    KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Space": 32, "Backspace": 8}

    def __enter__(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("SLUICE_TEST_SCRATCH"))
        port = free_port()
        program = next(shutil.which(name) for name in PROGRAMS if shutil.which(name))
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--disable-background-networking", "--no-first-run", f"--user-data-dir={self.folder}",
             f"--remote-debugging-port={port}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        found = []

        def is_there():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=2) as answer:
                    found[:] = [page["webSocketDebuggerUrl"] for page in json.load(answer) if page["type"] == "page"]
            except OSError:
                pass
            return bool(found)
        wait_until(is_there, 20, "Chromium did not start")
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        path = "/" + found[0].split("/", 3)[3]
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline().strip():
            pass
        self.number, self.problems = 0, []
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.socket.close()
        # Debian's program is a script around the browser: both are ended.
        os.killpg(self.process.pid, signal.SIGTERM)
        end_process(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, **parameters):
        """What the browser answers. What it tells of its own accord on the way is noted."""
        self.number += 1
        self._send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._receive())
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _note(self, message):
        kind, told = message.get("method"), message.get("params", {})
        if kind == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.problems.append(told["entry"]["text"])
        if kind == "Runtime.exceptionThrown":
            self.problems.append(told["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        if kind == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.problems.append(str(told["args"]))
        if kind == "Network.requestWillBeSent" and not told["request"]["url"].startswith(("http://127.0.0.1:", "data:")):
            self.problems.append("asks for " + told["request"]["url"])

    def _send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else \
            b"\xfe" + struct.pack(">H", len(data)) if len(data) < 65536 else b"\xff" + struct.pack(">Q", len(data))
        self.socket.sendall(b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def _receive(self):
        text = b""
        while True:
            first, length = self.stream.read(2)
            length &= 0x7F
            if length > 125:
                length = struct.unpack(*((">H", self.stream.read(2)) if length == 126 else (">Q", self.stream.read(8))))[0]
            text += self.stream.read(length)
            if first & 0x80:
                return text

    # What a person does and sees

    def open(self, url, width=1440, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url="about:blank")
        # An earlier page asked a daemon that has gone meanwhile.
        self.wait("location.href === 'about:blank'")
        self.problems.clear()
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait(self, expression, seconds=8):
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, f"never true: {expression}; the page shows {self.text()[-1500:]}"
            time.sleep(0.1)

    def text(self, selector="body"):
        return self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, times=1):
        for _ in range(times):
            more = {"text": "\r"} if key == "Enter" else {}
            code = self.KEYS[key]
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **more)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def focused(self):
        """The id of what has the focus, or its text."""
        return self.value("document.activeElement.id || document.activeElement.textContent.trim()")

    def tab_to(self, name, most=40):
        """Goes on with the tabulator until something has the focus."""
        for _ in range(most):
            self.press("Tab")
            if self.focused() == name:
                return
        raise AssertionError(f"the tabulator never comes to {name}; it is at {self.focused()}")

    def picture(self, path):
        height = self.value("document.documentElement.scrollHeight")
        width = self.value("innerWidth")
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
