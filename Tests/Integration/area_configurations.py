"""The files in config/, the check of a configuration, and the demonstration."""
import glob, os, re, subprocess

from certificates import Certificates
from harness import (ROOT, SLUICE, STDOUT, Area, Daemon, forward_source, free_port, need_msgpack, need_program,
                     run_sluice)

area = Area("configurations", needs=need_msgpack)
CONFIG = os.path.join(ROOT, "config")


@area.test("every file in config/ can be run")
def files(_):
    need_program("openssl", "openssl")
    tls = Certificates()
    environment = {"TLS_CERTIFICATE": tls.certificate, "TLS_KEY": tls.key, "SLUICE_BUFFER": Daemon("").folder,
                   "SLUICE_FILES": Daemon("").folder, "TLS_AUTHORITY": tls.authority}
    names = [f"{CONFIG}/default.conf", *sorted(glob.glob(f"{CONFIG}/examples/*.conf") + glob.glob(f"{CONFIG}/examples/*.yaml"))]
    assert len(names) > 5
    for name in names:
        result = run_sluice("check", name, environment=environment)
        assert result.returncode == 0, f"{name}: status {result.returncode}\n{result.stdout}{result.stderr}"


@area.test("check takes its configuration with -c as the other commands do, and one at a time")
def named(_):
    one, other = f"{CONFIG}/examples/json.conf", f"{CONFIG}/examples/file.conf"
    plain = run_sluice("check", one)
    assert plain.returncode == 0 and "stdout" in plain.stdout, plain
    for words in [("-c", one), ("--config", one), ("-c", one, one)]:
        same = run_sluice("check", *words)
        assert (same.returncode, same.stdout) == (0, plain.stdout), same
    both = run_sluice("check", "-c", other, one)
    assert both.returncode == 64 and other in both.stderr and one in both.stderr and not both.stdout, both


@area.test("what config/examples/tests says of the examples holds")
def cases(_):
    result = run_sluice("test", f"{CONFIG}/examples/tests")
    assert result.returncode == 0, result.stdout + result.stderr


@area.test("tls-sender.conf and tls-receiver.conf are two nodes that take each other's events with TLS and a key")
def two_nodes(_):
    need_program("openssl", "openssl")
    tls = Certificates()
    front, back = free_port(), free_port()

    def text(name, port):
        content = open(f"{CONFIG}/examples/{name}.conf").read()
        return content.replace("port 24224", f"port {port}").replace("port 24225", f"port {back}")

    environment = {"TLS_CERTIFICATE": tls.certificate, "TLS_KEY": tls.key, "TLS_AUTHORITY": tls.authority,
                   "AGGREGATOR": "localhost", "FORWARD_SHARED_KEY": "a-key-of-two-nodes", "SLUICE_BUFFER": Daemon("").folder}
    with Daemon(text("tls-receiver", back), back, environment=environment) as receiver, \
            Daemon(text("tls-sender", front), front, environment=environment):
        result = run_sluice("send", "--ack", "--port", str(front), "a.b", text='{"n": 1}\n')
        assert result.returncode == 0, result.stderr
        assert receiver.wait_for_events(1)[0][1:] == ("a.b", {"n": 1}), receiver.events()


@area.test("a YAML configuration runs, is checked, tried and read again like any other")
def yaml(_):
    port = free_port()
    folder = Daemon("").folder
    path = os.path.join(folder, "fluent.yaml")
    good = f"config:\n  - source: {{$type: forward, port: {port}}}\n  - match: {{$tag: '**', $type: stdout}}\n"
    open(path, "w").write(good)
    assert run_sluice("check", path).returncode == 0
    shown = run_sluice("try", "-c", path, "--tag", "a.b", text='{"n": 1}\n')
    assert 'a.b: {"n":1}' in shown.stdout, shown.stdout
    open(path, "w").write(good.replace("forward, port", "forward, prt"))
    result = run_sluice("check", path)
    assert result.returncode == 2 and "fluent.yaml:2:30: error: unknown parameter 'prt'" in result.stderr, result.stderr
    result = run_sluice("check", "--format", "json", path)
    assert result.returncode == 2 and '"line":2,"column":30' in result.stdout, result.stdout


@area.test("--migrate and --skip-unknown answer with a status")
def migrate(_):
    path = os.path.join(Daemon("").folder, "old.conf")
    text = forward_source(free_port()) + "<match a>\n  @type s4\n</match>\n<match **>\n  @type stdout\n</match>\n"
    open(path, "w").write(text)
    for arguments, expected in ((["--migrate"], 2), (["--migrate", "--skip-unknown"], 1), (["--skip-unknown"], 0), ([], 2)):
        result = run_sluice("check", *arguments, path)
        assert result.returncode == expected, f"{arguments}: {result.returncode}\n{result.stdout}{result.stderr}"
    open(path, "w").write(text.replace("s4", "null"))
    assert run_sluice("check", "--migrate", path).returncode == 0


@area.test("default.conf writes to Elasticsearch only when ELASTICSEARCH_URL is set")
def elasticsearch_url(_):
    for url, expected in (("", False), ("http://127.0.0.1:9200", True)):
        result = run_sluice("check", f"{CONFIG}/default.conf", environment={"ELASTICSEARCH_URL": url})
        assert result.returncode == 0, result.stderr
        plan = result.stdout
        assert ("elasticsearch" in plan) == expected, f"ELASTICSEARCH_URL={url!r}: the plan is\n{plan}"


@area.test("check warns of what a variable that is not set leaves empty, and run refuses it")
def unset(_):
    daemon = Daemon("<source>\n  @type forward\n  port \"#{ENV['NO_SUCH_PORT']}\"\n</source>\n"
                    "<match **>\n  @type elasticsearch\n  host \"#{ENV['NO_SUCH_HOST']}\"\n</match>\n")
    checked = run_sluice("check", daemon.config)
    assert checked.returncode == 0 and "sluice run refuses this: set NO_SUCH_PORT" in checked.stderr, checked.stderr
    assert run_sluice("check", "--strict", daemon.config).returncode == 2
    run = run_sluice("run", "-c", daemon.config)
    assert run.returncode == 2 and "'port' is ''" in run.stderr, run.stderr


@area.test("an expression in a parser of type nginx takes the place of its own")
def own_expression(_):
    daemon = Daemon("<source>\n  @type forward\n</source>\n<filter **>\n  @type parser\n  key_name m\n  <parse>\n    @type nginx\n"
                    "    expression /^(?<a>\\w+) \\[(?<time>.*)\\]$/\n  </parse>\n</filter>\n<match **>\n  @type stdout\n</match>\n")
    tried = run_sluice("try", "-c", daemon.config, "--tag", "t", "--format", "json",
                       text='{"m":"x [10/Oct/2000:13:55:36 +0000]"}\n')
    assert '"a":"x"' in tried.stdout.replace(": ", ":"), tried.stdout + tried.stderr


@area.test("each of the four configurations with one '<' or '>' lost is refused with its line")
def lost_brackets(_):
    folder = Daemon("").folder
    for name in ("grok", "regexp", "json", "no-filter"):
        text = open(f"{CONFIG}/examples/{name}.conf").read()
        places = [m.start() for m in re.finditer(r"^\s*<|>$", text, re.MULTILINE)]
        for place in places[:: max(1, len(places) // 6)]:
            at = text.index("<", place) if text[place] != ">" else place
            path = os.path.join(folder, "broken.conf")
            open(path, "w").write(text[:at] + text[at + 1:])
            result = run_sluice("check", path)
            line = text.count("\n", 0, at) + 1
            output = result.stdout + result.stderr
            assert result.returncode == 2, f"{name}:{line}: status {result.returncode}\n{output}"
            assert f"broken.conf:{line}:" in output, f"{name}: line {line} is not named:\n{output}"


@area.test("a configuration with mistakes is refused with status 2, all of them at once, before a port opens")
def mistakes(_):
    port = free_port()
    text = forward_source(port, "  chunk_size_limt 1m\n  backlog many\n") + "<match **>\n  @type stdot\n</match>\n"
    daemon = Daemon(text).launch()
    with daemon:
        assert daemon.wait(10) == 2, daemon.log()
    log = daemon.log()
    for word in ("sluice.conf:5:", "chunk_size_limit", "sluice.conf:6:", "sluice.conf:9:", "stdout"):
        assert word in log, f"'{word}' is not in\n{log}"


@area.test("the status of check says whether there is an error, and with --strict whether there is a warning")
def statuses(_):
    folder = Daemon("").folder
    path = os.path.join(folder, "status.conf")
    warning = "<label @UNUSED{}>\n  <match **>\n    @type null\n  </match>\n</label>\n"
    good = forward_source(free_port()) + "<match **>\n  @type null\n</match>\n"
    for count in (0, 1, 2):
        open(path, "w").write(good + "".join(warning.format(number) for number in range(count)))
        for arguments, expected in (([], 0), (["--strict"], 2 if count else 0),
                                    (["--format", "json"], 0), (["--format", "json", "--strict"], 2 if count else 0)):
            result = run_sluice("check", *arguments, path)
            assert result.returncode == expected, f"{count} warnings, {arguments}: status {result.returncode}"
    open(path, "w").write(good.replace("null", "nul"))
    assert run_sluice("check", path).returncode == 2


@area.test("check, --dry-run and run look at certificates and say what is wrong at its line")
def certificates(_):
    need_program("openssl", "openssl")
    tls, other = Certificates(), Certificates()
    secret = os.path.join(tls.folder, "secret.key")
    subprocess.run(["openssl", "rsa", "-aes256", "-passout", "pass:right", "-in", tls.key, "-out", secret], check=True,
                   capture_output=True)
    path = os.path.join(tls.folder, "tls.conf")
    fifo = os.path.join(tls.folder, "fifo")
    os.mkfifo(fifo)
    for certificate, key, passphrase, line in (
            (tls.certificate, tls.key, "", 0), (tls.certificate, secret, "right", 0), ("/nowhere.pem", tls.key, "", 6),
            (__file__, tls.key, "", 6), (tls.certificate, "/nowhere.key", "", 7), (tls.certificate, other.key, "", 7),
            (tls.certificate, secret, "sesame", 8), (fifo, tls.key, "", 6)):
        text = forward_source(free_port(), f"  <transport tls>\n    cert_path {certificate}\n    private_key_path {key}\n"
                              + (f"    private_key_passphrase {passphrase}\n" if passphrase else "") + "  </transport>\n")
        open(path, "w").write(text + "<match **>\n  @type null\n</match>\n")
        for command in (["check", path], ["run", "--dry-run", "-c", path]):
            result = run_sluice(*command)
            output = result.stdout + result.stderr
            assert result.returncode == (2 if line else 0), f"{certificate} {key}: {result.returncode}\n{output}"
            assert not line or f"tls.conf:{line}:" in output, output
            assert not passphrase or passphrase not in output.replace("passphrase of the private key is wrong", ""), output


@area.test("--dry-run tries the log file, and leaves none behind")
def dry_run(_):
    folder = Daemon("").folder
    path = os.path.join(folder, "dry.conf")
    open(path, "w").write(forward_source(free_port()) + "<match **>\n  @type null\n</match>\n")
    log = os.path.join(folder, "dry.log")
    assert run_sluice("run", "--dry-run", "-c", path, "-o", log).returncode == 0
    assert not os.path.exists(log)
    result = run_sluice("run", "--dry-run", "-c", path, "-o", "/nowhere/sluice.log")
    assert result.returncode != 0 and "/nowhere/sluice.log" in result.stderr, result.stderr
    result = run_sluice("run", "--dry-run", "-c", path, "-i", "<match>\n@type nul\n</match>")
    assert result.returncode == 2, result.stdout + result.stderr


@area.test("a fifo named by @include is refused at once")
def fifo(_):
    folder = Daemon("").folder
    os.mkfifo(os.path.join(folder, "part.conf"))
    path = os.path.join(folder, "fifo.conf")
    open(path, "w").write("@include part.conf\n")
    result = run_sluice("check", path)
    assert result.returncode == 2 and "is no regular file" in result.stderr, result.stderr


@area.test("a missing configuration is an error that names the file")
def missing(_):
    result = run_sluice("run", "-c", "/nonexistent/fluent.conf")
    assert result.returncode in (1, 2), result.returncode
    assert "/nonexistent/fluent.conf" in result.stderr, result.stderr


@area.test("config/demo starts a daemon, sends the sample lines and shows them taken apart")
def demo(_):
    port = free_port()
    path = os.path.join(Daemon("").folder, "default.conf")
    text = open(f"{CONFIG}/default.conf").read().replace("port 24224", f"port {port}").replace("0.0.0.0", "127.0.0.1")
    open(path, "w").write(text.replace('"outputs/', f'"{CONFIG}/outputs/'))
    environment = {**os.environ, "SLUICE_BIN": SLUICE, "SLUICE_CONFIG": path, "SLUICE_PORT": str(port), "TZ": "UTC",
                   "ELASTICSEARCH_URL": ""}
    result = subprocess.run([f"{CONFIG}/demo"], capture_output=True, text=True, timeout=25, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    for fragment in ('service.post: {"addr":"172.19.0.2","event":"request"', '"loglevel":"INFO"',
                     '"response_status":"404"', "service.comment: "):
        assert fragment in result.stdout, f"'{fragment}' is not in\n{result.stdout}"


@area.test("config/demo uses the daemon that is there")
def demo_with_daemon(_):
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as daemon:
        environment = {**os.environ, "SLUICE_BIN": SLUICE, "SLUICE_PORT": str(port)}
        result = subprocess.run([f"{CONFIG}/demo"], capture_output=True, text=True, timeout=25, env=environment)
        assert result.returncode == 0 and "A daemon listens" in result.stdout, result.stdout + result.stderr
        daemon.wait_for_events(7)
