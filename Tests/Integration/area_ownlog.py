"""The daemon's own log: as JSON, and as events where a configuration asks for them, without feeding on itself."""
import json, re, signal, time

from bulk_server import BulkServer
from harness import (STDOUT, Area, Daemon, ForwardClient, elasticsearch_store, forward_source, free_port, need_msgpack,
                     run_sluice, wait_until)

area = Area("ownlog", needs=need_msgpack)
SHOWN = "<match **>\n  @type stdout\n</match>\n"
# Every line of it is a warning of the filter: the tag is in it, so that each is one that is written.
REFUSING = "<filter app.**>\n  @type parser\n  key_name log\n  <parse>\n    @type json\n  </parse>\n</filter>\n"


def label(body):
    return f"<label @FLUENT_LOG>\n{body}</label>\n"


def reload(running, configuration):
    with open(running.config, "w") as file:
        file.write(configuration)
    done = run_sluice("reload", str(running.process.pid))
    assert done.returncode == 0, done.stderr


def own(running):
    """The log's events on standard output, as (tag, record)."""
    return [(tag, record) for _, tag, record in running.events() if tag.startswith("fluent.")]


@area.test("lines go to <label @FLUENT_LOG>, with their fields and the whole line, from the start to the stop")
def labelled(_):
    port = free_port()
    with Daemon(forward_source(port) + REFUSING + "<match **>\n  @type null\n</match>\n" + label(SHOWN), port) as running:
        with ForwardClient(port) as client:
            client.deliver("app.a", [[1715000000, {"log": "no json"}]])
        wait_until(lambda: any(tag == "fluent.warn" for tag, _ in own(running)), 10, running.log)
        assert running.stop() == 0, running.log()
        events = own(running)
    records = {record["message"].partition(" pid=")[0]: (tag, record) for tag, record in events}
    tag, started = records["sluice is now running"]
    assert tag == "fluent.info" and started["pid"] > 1 and started["message"].endswith(f"threads={started['threads']}"), started
    warned = next(record for tag, record in events if tag == "fluent.warn")
    assert warned["filter"].startswith("filter:") and warned["tag"] == "app.a", warned
    assert any("received a signal to stop" in record["message"] for _, record in events), events
    # As it stands in the log, which has all of them as well.
    for tag, record in events:
        assert f"[{tag.partition('.')[2]}]: {record['message']}" in running.log(), record


@area.test("<match fluent.**> at the top level is asked for, <match **> is not; and filters may change the events")
def matched(_):
    port = free_port()
    change = "<filter fluent.**>\n  @type record_transformer\n  <record>\n    seen yes\n  </record>\n</filter>\n"
    with Daemon(forward_source(port) + change + "<match fluent.warn fluent.info>\n  @type stdout\n</match>\n" + SHOWN, port) as running:
        wait_until(lambda: own(running), 10, running.log)
        assert all(record["seen"] == "yes" for _, record in own(running))
    port = free_port()
    with Daemon(forward_source(port) + STDOUT, port) as running:
        with ForwardClient(port) as client:
            client.deliver("a", [[1715000000, {"n": 1}]])
        wait_until(lambda: running.events(), 10, running.log)
        assert running.stop() == 0 and not own(running), running.events()


@area.test("an output that refuses every line of the log, and an @ERROR that warns of each, make no more lines than there are causes")
def no_loop(_):
    port = free_port()
    refused = []

    class Refusing(BulkServer):
        def take(self, body):
            records = body.split(b"\n")[1::2]
            refused.extend(records)
            error = {"type": "mapper_parsing_exception", "reason": "failed to parse field [n] of type [long]"}
            return {"took": 1, "errors": True, "items": [{"index": {"status": 400, "error": error}} for _ in records]}

    # What the output refuses goes to @ERROR, whose filter refuses it again with a warning, and whose match fits nothing.
    errors = "<label @ERROR>\n" + REFUSING.replace("app.**", "**").replace("<parse>", "emit_invalid_record_to_error true\n  <parse>") \
        + "<match nothing>\n  @type null\n</match>\n</label>\n"
    with Refusing() as server:
        store = elasticsearch_store(server.port, "@id own", "flush_interval 0.1s\n")
        with Daemon(forward_source(port) + REFUSING + "<match **>\n  @type null\n</match>\n" + errors
                    + label(f"<match **>\n    {store}</match>\n"), port) as running:
            with ForwardClient(port) as client:
                for number in range(20):
                    client.deliver(f"app.{number}", [[1715000000, {"log": "no json"}]])
            wait_until(lambda: len(refused) > 5, 10, running.log)
            time.sleep(4)
            before = len(refused)
            time.sleep(4)
            assert len(refused) == before, f"{len(refused) - before} more:\n" + "\n".join(map(str, refused[before:][:5]))
            assert running.stop() == 0, running.log()
        messages = [json.loads(line)["message"] for line in refused]
        assert not any("output=own" in message for message in messages), messages
        assert len(messages) <= len(running.log().splitlines()), f"{len(messages)} events"


@area.test("a reload begins it and ends it")
def reloaded(_):
    port = free_port()
    without = forward_source(port) + STDOUT
    with Daemon(without, port) as running:
        reload(running, without + label(SHOWN))
        wait_until(lambda: any("in force" in record["message"] for _, record in own(running)), 10, running.log)
        reload(running, without)
        time.sleep(0.2)
        count = len(own(running))
        running.signal(signal.SIGUSR1)
        wait_until(lambda: "flushing all buffers" in running.log(), 5, running.log)
        time.sleep(0.3)
        assert len(own(running)) == count, own(running)[count:]


@area.test("--log-format json and <log> format json: every line is one object, with Fluentd's keys")
def as_json(_):
    port = free_port()
    for system, options in [("<system>\n  <log>\n    format json\n  </log>\n</system>\n", []), ("", ["--log-format", "json"])]:
        with Daemon(system + forward_source(port) + REFUSING + STDOUT, port, options=options) as running:
            with ForwardClient(port) as client:
                client.deliver("app.a", [[1715000000, {"log": "no \x1b json\n"}]])
            assert running.stop() == 0, running.log()
            # What a configuration is told before the log begins is text.
            lines = [json.loads(line) for line in running.log().splitlines() if line.startswith("{")]
        assert len(lines) >= 4, running.log()
        for line in lines:
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", line["time"]) and line["level"] and line["message"], line
        assert any(line.get("tag") == "app.a" and line["level"] == "warn" for line in lines), lines
