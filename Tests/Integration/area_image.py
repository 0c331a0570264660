"""The image: made here from the program and this machine's libraries, as docker/Dockerfile makes it in its first stage, and run
in a real Docker daemon. No registry is asked."""
import contextlib, json, os, re, shlex, shutil, subprocess, time

from area_docker import Docker, needs
from harness import ROOT, SLUICE, Area, Skip, need_program, wait_until

IMAGE = "sluice"
# What an image without shell and package manager may have, in bytes.
SIZE_LIMIT = 60_000_000
LIMITS = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
FORWARD = "<source>\n  @type forward\n  bind 127.0.0.1\n</source>\n"
STDOUT = "<match **>\n  @type stdout\n</match>\n"


class ImageDocker(Docker):
    """With the image that `docker build` makes of the Dockerfile's last stage."""

    def _import_image(self):
        context = f"{self.folder}/context"
        made = subprocess.run([f"{ROOT}/docker/root", SLUICE, f"{context}/image"], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        text = open(f"{ROOT}/docker/Dockerfile").read()
        assert text.count("\nFROM scratch\n") == 1 and text.count("COPY --from=build /image /") == 1, "another Dockerfile"
        last = text[text.index("FROM scratch"):].replace("COPY --from=build /image /", "COPY image /")
        with open(f"{context}/Dockerfile", "w") as file:
            file.write(last)
        built = subprocess.run(["docker", "-H", self.address, "build", "-q", "-t", IMAGE, context], capture_output=True,
                               text=True, timeout=110, env={**os.environ, "DOCKER_BUILDKIT": "0"})
        assert built.returncode == 0, built.stderr
        shutil.rmtree(context)

    def configuration(self, text, name="fluent.conf"):
        """A folder of the host that any user can read."""
        folder = f"{self.folder}/conf-{len(os.listdir(self.folder))}"
        os.makedirs(folder)
        os.chmod(self.folder, 0o711)
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
        return folder

    def once(self, *arguments, options=(), check=True):
        """What a container that ends by itself says, on either stream."""
        result = self.command("run", "--rm", "--network=none", *options, IMAGE, *arguments, check=check)
        return result.stdout + result.stderr

    @contextlib.contextmanager
    def container(self, *arguments, options=()):
        """A container that runs, and listens."""
        name = self.command("run", "-d", "--network=none", *options, IMAGE, *arguments).stdout.strip()
        try:
            wait_until(lambda: "listening port" in self.said(name), 10, lambda: self.said(name))
            yield name
        finally:
            self.command("rm", "-fv", name, check=False)

    def said(self, name):
        result = self.command("logs", name)
        return result.stdout + result.stderr

    def send(self, name, count=1, tag="service.other"):
        lines = "".join(f'{{"log":"line {i}"}}\n' for i in range(count))
        self.command("exec", "-i", name, "sluice", "send", "--ack", tag, input=lines.encode())

    def health(self, name):
        result = self.command("exec", name, "sluice", "health", check=False)
        return result.returncode, result.stdout.strip()


def image_needs():
    needs()
    need_program("strip", "binutils")
    if not os.path.exists("/etc/debian_version"):
        raise Skip("docker/root takes the libraries of Debian")


area = Area("image", needs=image_needs, setup=ImageDocker)


@area.test("it is small, has the program and no shell, and says what Docker is to know", seconds=90)
def contents(docker):
    found, = json.loads(docker.command("image", "inspect", IMAGE).stdout)
    config = found["Config"]
    linked = subprocess.run(["ldd", SLUICE], capture_output=True, text=True).stdout
    if "libswiftCore" in linked:
        print("    a debug build with Swift's own libraries beside it: the size says nothing")
    else:
        assert found["Size"] < SIZE_LIMIT, f"{found['Size']} bytes"
    assert config["User"] == "999:999" and "/var/lib/sluice" in config["Volumes"], config
    assert config["StopSignal"] == "SIGTERM" and config["Healthcheck"]["Test"] == ["CMD", "sluice", "health"], config
    assert docker.once("version") == docker.once("--version") and "sluice 0" in docker.once("version")
    assert docker.command("run", "--rm", "--entrypoint=/bin/sh", IMAGE, "-c", "true", check=False).returncode == 127
    assert "matched" in docker.once("grok", "match", "-p", "%{INT:n}", "--format", "json", "/etc/passwd")


@area.test("any user, a read-only root, no capabilities: it is healthy, takes events and says so", seconds=60)
def restricted(docker):
    with docker.container(options=[*LIMITS, "--user=12345:12345", "--health-interval=1s"]) as name:
        docker.send(name)
        wait_until(lambda: 'service.other: {"log":"line 0"}' in docker.said(name), 5, lambda: docker.said(name))
        state = lambda: json.loads(docker.command("inspect", name).stdout)[0]["State"]["Health"]
        wait_until(lambda: state()["Status"] == "healthy", 15, lambda: json.dumps(state()))


@area.test("what fluent/fluentd finds, it finds: its folder, its variables, its commands", seconds=90)
def places(docker):
    def started_with(path, *arguments, options=(), inside="/fluentd/etc", name="fluent.conf", log=""):
        folder = docker.configuration(FORWARD + STDOUT, name)
        with docker.container(*arguments, options=["-v", f"{folder}:{inside}:ro", *options]) as container:
            said = docker.said(container)
            assert f"configuration={path}" in said and log in said, said

    started_with("/fluentd/etc/fluent.conf")
    started_with("/etc/fluent/fluent.conf", inside="/etc/fluent")
    started_with("/fluentd/etc/own.conf", name="own.conf", options=["-e", "FLUENTD_CONF=own.conf"])
    started_with("/c/own.conf", name="own.conf", inside="/c", options=["-e", "FLUENT_CONF=/c/own.conf"])
    started_with("/c/own.conf", "fluentd", "-c", "/c/own.conf", "-p", "/fluentd/plugins", name="own.conf", inside="/c")
    started_with("/c/own.conf", "-c", "/c/own.conf", name="own.conf", inside="/c")
    started_with("/fluentd/etc/fluent.conf", "fluentd", options=["--entrypoint=/bin/entrypoint.sh"])
    started_with("/c/own.conf", "-c", "/c/own.conf", name="own.conf", inside="/c", options=["--entrypoint=fluentd"])
    started_with("/fluentd/etc/fluent.conf", options=["-e", "FLUENTD_OPT=-v --no-supervisor"], log="[debug]")


@area.test("the README's own command runs it, with the configuration and the volume that it names")
def command(docker):
    for path in ["README.md", "docker/README.md"]:
        line, = re.findall(r"^ *(docker run -p .* sluice)$", open(f"{ROOT}/{path}").read(), re.M)
        folder = docker.configuration(FORWARD + STDOUT)
        words = shlex.split(line.replace("$PWD", folder))[2:-1]
        assert words[:4] == ["-p", "24224:24224", "-p", "24224:24224/udp"], line
        # This dockerd has no network in which a port could be published.
        with docker.container(options=words[4:]) as name:
            docker.send(name)
            wait_until(lambda: "line 0" in docker.said(name), 5, lambda: docker.said(name))
            assert "configuration=/fluentd/etc/fluent.conf" in docker.said(name)


AWAY = FORWARD + """<match **>
  @type elasticsearch
  @id es
  host 127.0.0.1
  port 1
  <buffer>
    flush_interval 0.2s
  </buffer>
</match>
"""


@area.test("health says which output is away and why, wherever the monitor answers, and fails where nobody does", seconds=60)
def health(docker):
    for port in [24220, 24999]:
        monitor = f"<source>\n  @type monitor_agent\n  bind 0.0.0.0\n  port {port}\n</source>\n"
        folder = docker.configuration(monitor + AWAY)
        with docker.container(options=["-v", f"{folder}:/fluentd/etc:ro"]) as name:
            assert docker.health(name) == (0, "ok"), docker.health(name)
            docker.send(name)
            told = lambda: docker.health(name)
            wait_until(lambda: re.match("degraded: es since .*: .*refused", told()[1]) and told()[0] == 0, 10,
                       lambda: f"{told()}")
            url = f"http://127.0.0.1:{port}/ready"
            assert docker.command("exec", name, "sluice", "health", url).stdout.startswith("degraded"), told()
    nobody = docker.command("run", "--rm", "--network=none", IMAGE, "health", check=False)
    assert nobody.returncode == 1 and "connection refused" in nobody.stdout, nobody.stdout


@area.test("docker stop, with the server away: over in Docker's ten seconds, every event in the volume", seconds=60)
def stop(docker):
    for buffer in ["", "    @type file\n    path /var/lib/sluice/buffer\n"]:
        folder = docker.configuration(AWAY.replace("  <buffer>\n", "  <buffer>\n" + buffer))
        options = [*LIMITS, "-v", f"{folder}:/fluentd/etc:ro", "-v", "state:/var/lib/sluice"]
        with docker.container(options=options) as name:
            docker.send(name, 500)
            begun = time.monotonic()
            docker.command("stop", name, seconds=30)
            state = json.loads(docker.command("inspect", name).stdout)[0]["State"]
            assert time.monotonic() - begun < 10 and state["ExitCode"] == 0, docker.said(name)
        volume = json.loads(docker.command("volume", "inspect", "state").stdout)[0]["Mountpoint"]
        kept = [os.path.join(f, n) for f, _, names in os.walk(volume) for n in names]
        lines = sum(open(path, "rb").read().count(b"line ") for path in kept)
        assert lines == 500, f"{lines} of 500 events in {kept}"
        docker.command("volume", "rm", "state")


@area.test("a container that is killed loses nothing that was acknowledged into a buffer in files", seconds=60)
def killed(docker):
    folder = docker.configuration(AWAY.replace("  <buffer>\n", "  <buffer>\n    @type file\n    path /var/lib/sluice/b\n"))
    options = ["-v", f"{folder}:/fluentd/etc:ro", "-v", "killed:/var/lib/sluice"]
    with docker.container(options=options) as name:
        docker.send(name, 500)
        docker.command("kill", name)
    other = docker.configuration(FORWARD + STDOUT)
    with docker.container(options=["-v", f"{other}:/fluentd/etc:ro", "-v", "killed:/var/lib/sluice"]):
        volume = json.loads(docker.command("volume", "inspect", "killed").stdout)[0]["Mountpoint"]
        chunks = [os.path.join(f, n) for f, _, names in os.walk(volume) for n in names]
        assert sum(open(path, "rb").read().count(b"line ") for path in chunks) == 500, chunks


@area.test("it knows time zones, the authorities of TLS and names of hosts", seconds=60)
def surroundings(docker):
    config = "<match **>\n  @type stdout\n  <inject>\n    time_key at\n    time_type string\n    time_format %z\n" \
             "    timezone Asia/Kolkata\n  </inject>\n</match>\n"
    folder = docker.configuration(config)
    said = docker.command("run", "-i", "--rm", "--network=none", "-v", f"{folder}:/c:ro", IMAGE, "try", "-c",
                          "/c/fluent.conf", "--tag", "t", input=b'{"a":1}\n').stdout
    assert "+0530" in said, said
    away = docker.once("health", "https://localhost:1", check=False)
    assert "resolve" not in away and "localhost:1" in away, away
