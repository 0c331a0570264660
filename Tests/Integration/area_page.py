"""The monitor's page in a real browser: what a person sees, with a mouse, with the keyboard alone, and with an aid."""
import importlib.util, json, os, threading, time, urllib.error, urllib.request

from browser import Browser, need_chromium
from bulk_server import BulkServer
from harness import (Area, Daemon, ForwardClient, elasticsearch_store, forward_source, free_port, need_msgpack, run_sluice,
                     wait_until)

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = os.path.join(HERE, "../../config")
LINES = "10.0.0.1 GET /index.html 200\n10.0.0.2 POST /order abc\n"
EXPRESSION = "%{IP:client} %{WORD:verb} %{NOTSPACE:path} %{INT:status:integer}"


def needs():
    need_msgpack()
    need_chromium()


area = Area("page", needs=needs, setup=Browser)


def default_configuration(port, monitor, more=""):
    """config/default.conf with other ports, and what it includes."""
    with open(f"{CONFIG}/default.conf") as file:
        text = file.read().replace("port 24224", f"port {port}")
    text = text.replace('@include "outputs/', f'@include "{CONFIG}/outputs/')
    return f"<source>\n  @type monitor_agent\n  bind 127.0.0.1\n  port {monitor}\n{more}</source>\n{text}"


def daemon(more=""):
    port, monitor = free_port(), free_port()
    running = Daemon(default_configuration(port, monitor, more), port, environment={"ELASTICSEARCH_URL": ""})
    running.page = f"http://127.0.0.1:{monitor}/"
    return running


def ask(page, path, body=None, headers={}):
    """Status and body, as of a program that asks."""
    request = urllib.request.Request(page + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def no_problems(browser):
    # What it has said since is heard with the next answer.
    browser.value("1")
    assert not browser.problems, browser.problems


def picture(browser, name):
    """Where somebody wants to look at it: SLUICE_TEST_PICTURES=FOLDER."""
    if folder := os.environ.get("SLUICE_TEST_PICTURES"):
        browser.picture(f"{folder}/{name}.png")


@area.test("the plan of config/default.conf is drawn with its figures, on a desk and on a phone")
def draws(browser):
    with daemon() as running:
        for width, dark in [(1440, False), (390, True)]:
            browser.problems.clear()
            browser.open(running.page, width, dark=dark)
            browser.wait("document.querySelectorAll('#drawing g[data-id]').length === 7")
            boxes = browser.value("[...document.querySelectorAll('#drawing .title')].map(n => n.textContent)")
            assert sorted(boxes) == sorted(["forward", "events", "concat", "parser", "parser", "parser", "stdout"]), boxes
            edges = browser.value("[...document.querySelectorAll('#drawing g[data-from]')].map(n => n.dataset.from + '>' + n.dataset.to)")
            assert len(edges) == 8 and any(e.endswith(">label @ROOT") for e in edges), edges
            assert browser.value("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"
            assert width < 600 or browser.value(
                "document.getElementById('drawing').scrollWidth <= document.getElementById('drawing').clientWidth"), \
                "a plan of six columns does not fit a wide screen"
            with ForwardClient(running.port) as client:
                for _ in range(3):
                    client.deliver("service.post", [[1715000000, {"log": "{}"}]] * 50)
            browser.wait("Number(document.querySelector('#stages td:nth-child(4)').textContent) >= 150")
            picture(browser, f"pipeline-{width}")
            assert not browser.problems, browser.problems


@area.test("the tail shows an event before and after its filters, and what it holds stays text")
def tail(browser):
    with daemon() as running:
        browser.problems.clear()
        browser.open(running.page + "#tail")
        browser.wait("document.getElementById('tail-state').textContent === 'no event yet'")
        with ForwardClient(running.port) as client:
            client.deliver("other.a", [[1715000000, {"log": "<script>window.struck = 1</script><img src=x onerror='window.struck=1'>"}]])
            client.deliver("service.post", [[1715000001, {"log": json.dumps({"event": "find\u202e\u0007", "took": 3})}]])
        browser.wait("document.querySelectorAll('#events > li').length === 2")
        first = browser.text("#events > li")
        for words in ["service.post", "filter:", "passed", "taken", "took", "U+202E", "U+0007"]:
            assert words in first, first
        kinds = browser.value("[...document.querySelectorAll('#events > li:first-child .fields div')].map(n => n.className + n.querySelector('.key').textContent)")
        assert "addedevent" in kinds and "addedtook" in kinds and "removedlog" in kinds, kinds
        assert "<script>window.struck = 1</script>" in browser.text("#events")
        assert browser.value("window.struck === undefined && !document.querySelector('#events script, #events img')")
        picture(browser, "tail-1440")
        # A filter on the tag, and a pause.
        browser.value("const f = document.getElementById('tail-tag'); f.value = 'service.*'; f.dispatchEvent(new Event('change'))")
        browser.wait("document.querySelectorAll('#events > li').length === 0")
        browser.wait("performance.getEntriesByType('resource').filter(r => r.name.includes('tag=service') && r.responseEnd).length >= 2")
        with ForwardClient(running.port) as client:
            client.deliver("other.a", [[1715000000, {"log": "a"}]])
            client.deliver("service.post", [[1715000000, {"log": "{\"seen\":1}"}]])
        browser.wait("document.querySelectorAll('#events > li').length === 1")
        browser.value("document.getElementById('tail-pause').click()")
        assert "Paused" in browser.text("#tail-state")
        no_problems(browser)


@area.test("with the keyboard alone an expression is written with completion, explained, mended and ready to copy")
def playground(browser):
    with daemon() as running:
        browser.problems.clear()
        browser.open(running.page, 390)
        browser.press("Tab")
        assert browser.focused() == "Skip to the content"
        browser.tab_to("Grok")
        browser.press("Enter")
        browser.wait("!document.getElementById('grok').hidden")
        browser.tab_to("expression")
        browser.wait("performance.getEntriesByType('resource').some(r => r.name.endsWith('grok/patterns') && r.responseEnd)")
        browser.type("%{IP")
        browser.wait("document.querySelectorAll('#names [role=option]').length > 2")
        assert browser.value("document.querySelector('#names [aria-selected=true]').dataset.name") == "IP"
        assert browser.value("document.getElementById('expression').getAttribute('aria-activedescendant')") == "name-0"
        browser.press("ArrowDown")
        assert browser.value("document.querySelector('#names [aria-selected=true]').dataset.name") != "IP"
        browser.press("ArrowUp")
        browser.press("Enter")
        assert browser.value("document.getElementById('expression').value") == "%{IP}"
        browser.value("document.getElementById('expression').select()")
        browser.type(EXPRESSION)
        browser.press("Escape")
        browser.tab_to("lines")
        browser.type(LINES)
        browser.wait("document.getElementById('grok-state').textContent.startsWith('1 of 2 lines matched')")
        marks = browser.value("[...document.querySelectorAll('#matches li:first-child mark')].map(n => n.title + '=' + n.textContent)")
        assert marks == ["client=10.0.0.1", "verb=GET", "path=/index.html", "status=200"], marks
        browser.wait("!!document.querySelector('#explanation .stop')")
        stops = browser.value("[...document.querySelectorAll('#explanation .stop')].map(n => n.textContent)")
        assert stops == ["%{INT:status:integer}", "abc"], stops
        picture(browser, "grok-390")
        browser.value("document.querySelector('#explanation button').focus()")
        browser.press("Enter")
        browser.wait("document.getElementById('grok-state').textContent.startsWith('2 of 2 lines matched')")
        assert "grok_pattern %{IP:client}" in browser.text("#section-text")
        no_problems(browser)


@area.test("pasted lines are proposed an expression, a bad one is told where it is bad")
def suggests(browser):
    with daemon() as running:
        browser.problems.clear()
        browser.open(running.page + "#grok")
        browser.value("document.getElementById('lines').focus()")
        browser.type('10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 12\n')
        browser.value("document.getElementById('suggest').click()")
        browser.wait("document.getElementById('grok-state').textContent.startsWith('1 of 1 line matched')", 20)
        assert "COMMONAPACHELOG" in browser.value("document.getElementById('expression').value")
        browser.value("document.getElementById('expression').select()")
        browser.type("%{IP:a} %{NOSUCH:b}")
        browser.wait("!!document.querySelector('#expression-problem .stop')")
        assert browser.text("#expression-problem .stop") == "%{NOSUCH:b}"
        no_problems(browser)


@area.test("a pasted configuration shows every error in its place, and reads nothing of the machine")
def checks(browser):
    with daemon() as running:
        browser.problems.clear()
        browser.open(running.page + "#check", 390, dark=True)
        browser.value("document.getElementById('configuration').focus()")
        browser.type("<source>\n  @type forwrd\n</source>\n@include /etc/passwd\n<match **>\n  @type stdout\n"
                     "  @id \"#{File.read('/etc/hostname')}#{ENV['HOME']}\"\n</match>\n<b>")
        browser.value("document.querySelector('#check-form button').click()")
        browser.wait("document.querySelectorAll('#findings li').length >= 3")
        found, source = browser.text("#findings"), browser.text("#checked")
        assert "line 2" in found and "did you mean 'forward'" in found, found
        assert "'/etc/passwd' is not included: no file is read here" in found and "cannot read '/etc/hostname'" in found, found
        assert "root:" not in found and os.environ.get("HOME", "/root") not in found + source.replace("ENV['HOME']", ""), found
        assert browser.value("document.getElementById('line-2').className") == "error"
        assert browser.value("!document.querySelector('#checked b')")
        picture(browser, "check-390")
        no_problems(browser)


@area.test("each part passes axe, or, where that is not there, has names for all its controls", seconds=60)
def accessible(browser):
    axe = importlib.util.find_spec("axe_core_python")
    with daemon() as running:
        for part in ["pipeline", "tail", "grok", "letters", "check"]:
            for dark in (False, True):
                browser.open(running.page + "#" + part, 1440, dark=dark)
                browser.wait(f"!document.getElementById('{part}').hidden")
                if part == "tail":
                    browser.wait("document.getElementById('tail-state').textContent === 'no event yet'")
                    with ForwardClient(running.port) as client:
                        client.deliver("service.post", [[1715000000, {"log": "{\"a\":1}"}]])
                    browser.wait("document.querySelectorAll('#events > li').length === 1")
                if part == "grok":
                    browser.value(
                        f"for (const [id, text] of {json.dumps([['expression', EXPRESSION], ['lines', LINES]])})"
                        " { const n = document.getElementById(id); n.value = text; n.dispatchEvent(new Event('input')) }")
                    browser.wait("!!document.querySelector('#explanation .stop')", 20)
                nameless = browser.value(
                    f"[...document.querySelectorAll('#{part} input, #{part} select, #{part} textarea')]"
                    ".filter(n => !n.labels.length).length")
                assert nameless == 0 and browser.value("document.querySelectorAll('main h2, header h1').length") > 5
                if not axe:
                    continue
                with open(os.path.join(os.path.dirname(axe.origin), "axe.min.js")) as file:
                    browser.value(file.read() + ";0")
                found = browser.value("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + n.failureSummary).join(' | ')))")
                assert found == [], f"{part}: {found}"
    if not axe:
        print("    axe is not here: controls were looked at by hand (pip install axe-core-python)")


@area.test("a token is asked for on the page; without one, an address beyond this machine shows nothing")
def tokens(browser):
    with daemon("  token open sesame\n") as running:
        browser.problems.clear()
        assert ask(running.page, "api/pipeline")[0] == 401
        assert ask(running.page, "metrics")[0] == 200
        browser.open(running.page)
        browser.wait("!document.getElementById('login').hidden")
        assert browser.focused() == "token"
        browser.type("wrong")
        browser.press("Enter")
        browser.wait("document.getElementById('problem').textContent.includes('not the one')")
        browser.type("open sesame")
        browser.press("Enter")
        browser.wait("document.querySelectorAll('#drawing g[data-id]').length === 7")
        assert "sesame" not in json.dumps(ask(running.page, "api/plugins.json")) + running.log()
    port, monitor = free_port(), free_port()
    with Daemon(default_configuration(port, monitor).replace("bind 127.0.0.1", "bind 0.0.0.0", 1), port,
                environment={"ELASTICSEARCH_URL": ""}):
        page = f"http://127.0.0.1:{monitor}/"
        for path in ["", "page.js", "api/pipeline", "api/tap", "api/grok/patterns", "api/dead-letters"]:
            status, body = ask(page, path, headers={"Accept": "text/html"})
            assert status == 403 and "no token is set" in body, (path, status, body)
        # Who is no browser hears at "/" what Fluentd says.
        assert ask(page, "")[0] == 404
        for path in ["api/plugins.json", "metrics", "health", "ready"]:
            assert ask(page, path)[0] == 200, path


@area.test("a page from elsewhere is refused, and a body beyond its limit")
def elsewhere(_):
    with daemon() as running:
        kind = {"Content-Type": "application/json"}
        body = json.dumps({"configuration": ""}).encode()
        assert ask(running.page, "api/check", body, kind)[0] == 200
        assert ask(running.page, "api/check", body, {"Content-Type": "text/plain"})[0] == 415
        assert ask(running.page, "api/check", body, {**kind, "Origin": "http://evil.example"})[0] == 403
        assert ask(running.page, "api/pipeline", headers={"Host": "evil.example"})[0] == 403
        assert ask(running.page, "api/check", b" " * 300_000, kind)[0] == 413
        assert ask(running.page, "api/check", b"no", kind)[0] == 400
        assert ask(running.page, "api/check")[0] == 405
        assert ask(running.page, "health")[0] == 200


@area.test("/health answers at once while expressions that never end are tried")
def busy(_):
    with daemon() as running:
        body = json.dumps({"expression": "^(?<x>(a+)+)$", "lines": ("a" * 600 + "!\n") * 200}).encode()
        statuses = []
        def work():
            statuses.append(ask(running.page, "api/grok/match", body, {"Content-Type": "application/json"})[0])
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        slowest = 0
        while any(thread.is_alive() for thread in threads):
            start = time.monotonic()
            assert ask(running.page, "health")[0] == 200
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.05)
        assert slowest < 1, f"{slowest:.1f} s"
        assert set(statuses) <= {200, 503} and 200 in statuses, statuses


POST = {"Content-Type": "application/json", "Authorization": "Bearer sesame"}


def letters_configuration(monitor, port, server_port, more="  monitor_replay true\n"):
    """A daemon whose dead letters can be looked at with the token sesame, and sent again unless `more` says nothing."""
    return (f"<system>\n  monitor 127.0.0.1:{monitor}\n  monitor_token sesame\n{more}</system>\n" + forward_source(port)
            + f"<match **>\n    {elasticsearch_store(server_port, '@id es', 'flush_interval 0.2s' + chr(10))}</match>\n")


def open_letters(browser, page, reasons):
    """The page of dead letters for who has the token, once it shows so many reasons."""
    browser.problems.clear()
    browser.open(page + "#letters")
    browser.wait("!document.getElementById('login').hidden")
    browser.type("sesame")
    browser.press("Enter")
    browser.wait(f"document.querySelectorAll('#reasons .card').length === {reasons}")


@area.test("dead letters go to their output again by a button, for who has the token and where that is allowed", seconds=60)
def replays(browser):
    port, monitor = free_port(), free_port()
    healed = threading.Event()

    class Moody(BulkServer):
        """Refuses every document until it is healed."""

        def take(self, body):
            if healed.is_set():
                return super().take(body)
            error = {"type": "mapper_parsing_exception", "reason": "failed to parse field [took] of type [long]"}
            return {"took": 1, "errors": True, "items": [{"index": {"status": 400, "error": error}} for _ in body.split(b"\n")[1::2]]}

    page, post = f"http://127.0.0.1:{monitor}/", POST
    with Moody() as server:
        with Daemon(letters_configuration(monitor, port, server.port, more=""), port) as running:
            assert ask(page, "api/replay", b'{"output":"es"}', post)[0] == 403, "it is off unless allowed"
            assert json.loads(ask(page, "api/replay", headers=post)[1])["allowed"] is False
        with Daemon(letters_configuration(monitor, port, server.port), port) as running:
            folder = f"{running.folder}/state/dead-letters/es"
            with ForwardClient(port) as client:
                for tag in ("a", "b"):
                    client.deliver(tag, [[1715000000 + n, {"number": n, "took": "long"}] for n in range(700)])
            wait_until(lambda: json.loads(ask(page, "api/dead-letters", headers=post)[1])["events"] == 1400, 20, running.log)
            assert ask(page, "api/replay", b'{"output":"es"}', {**post, "Authorization": "Bearer other"})[0] == 401
            assert ask(page, "api/replay", b'{"output":"es"}', {**post, "Origin": "http://evil.example"})[0] == 403
            assert ask(page, "api/replay", b'{"output":"none"}', post)[0] == 409
            # Nothing is mended: all of them come back, each once.
            assert ask(page, "api/replay", b'{"output":"es"}', post)[0] == 200
            state = lambda: json.loads(ask(page, "api/replay", headers=post)[1])  # noqa: E731
            wait_until(lambda: not state()["running"], 20, state)
            assert state()["sent"] == state()["settled"] == 1400 and "problem" not in state(), state()
            left = json.loads(ask(page, "api/dead-letters", headers=post)[1])["events"]
            assert left == 1400, (left, os.listdir(folder), running.log()[-1500:])
            healed.set()
            open_letters(browser, page, reasons=1)
            shown = browser.text("#reasons")
            for words in ["1,400 events", "took", "send them again", f"sluice replay -c {running.config} --to es {folder}"]:
                assert words in shown, shown
            picture(browser, "letters-1440")
            browser.tab_to("Send those of es again")
            browser.press("Enter")
            browser.wait("document.getElementById('replay-state').textContent.startsWith('1,400 of 1,400 events for es taken again')", 20)
            browser.wait("document.querySelectorAll('#reasons .card').length === 0")
            # 401 in front of the login is said by the browser, too.
            assert all("401" in str(problem) for problem in browser.problems), browser.problems
            wait_until(lambda: len(server.sources()) == 1400, 10, lambda: f"{len(server.sources())}")
            assert sorted(s["number"] for s in server.sources()) == sorted(list(range(700)) * 2)
            assert os.listdir(folder) == [], os.listdir(folder)
            done = run_sluice("dead-letters", f"{running.folder}/state/dead-letters")
            assert "no dead letters" in done.stdout, done.stdout


@area.test("dead letters of one reason go alone, and the others stay in their file", seconds=60)
def replays_a_reason(browser):
    port, monitor = free_port(), free_port()
    healed = threading.Event()

    class Picky(BulkServer):
        """Refuses numbers for one reason, and other documents for another; the first until it is healed."""

        def take(self, body):
            lines = body.split(b"\n")[1::2]
            if healed.is_set() and all(b"number" in line for line in lines):
                return super().take(body)
            words = ["[took] of type [long]" if b"number" in line else "[name] of type [date]" for line in lines]
            errors = [{"type": "mapper_parsing_exception", "reason": f"failed to parse {word}" if "long" in word else f"no parser for {word}"}
                      for word in words]
            return {"took": 1, "errors": True, "items": [{"index": {"status": 400, "error": error}} for error in errors]}

    page, post = f"http://127.0.0.1:{monitor}/", POST
    with Picky() as server:
        with Daemon(letters_configuration(monitor, port, server.port), port) as running:
            folder = f"{running.folder}/state/dead-letters"
            with ForwardClient(port) as client:
                client.deliver("a", [[1715000000 + n, {"number": n} if n % 3 else {"name": n}] for n in range(300)])
            letters = lambda: json.loads(ask(page, "api/dead-letters", headers=post)[1])  # noqa: E731
            wait_until(lambda: letters()["events"] == 300, 20, running.log)
            assert len(letters()["reasons"]) == 2, letters()
            nothing = run_sluice("replay", "--reason", "no such words", "--port", str(port), folder)
            assert nothing.returncode == 1 and "no event is kept for this reason" in nothing.stderr, nothing.stderr
            healed.set()
            open_letters(browser, page, reasons=2)
            browser.tab_to("Send only these 200 events again")
            browser.press("Enter")
            browser.wait("document.getElementById('replay-state').textContent.startsWith('200 of 200 events for es taken again')", 20)
            browser.wait("document.querySelectorAll('#reasons .card').length === 1")
            wait_until(lambda: len(server.sources()) == 200, 10, lambda: f"{len(server.sources())}")
            assert sorted(s["number"] for s in server.sources()) == [n for n in range(300) if n % 3]
            left = letters()
            assert left["events"] == 100 and "no parser" in left["reasons"][0]["reason"], left
            files = [name for _, _, names in os.walk(folder) for name in names]
            assert files and not [name for name in files if name.startswith(".") or name.endswith(".replay")], files
            # The command sends a reason by its words or its type, and leaves the files.
            for words in (left["reasons"][0]["reason"], "mapper_parsing_exception"):
                done = run_sluice("replay", "--reason", words, "-v", "-c", running.config, "--to", "es", folder)
                assert "100 events sent" in done.stderr, (words, done.stderr)
            assert letters()["events"] == 100

