"""A real Kafka: what is acknowledged is in its topic, once, whatever is killed; what is read is committed when it is safe."""
import collections, json, os, random, re, signal, subprocess, tempfile, threading, time, zlib

from certificates import Certificates
from harness import (STDOUT, Area, Daemon, ForwardClient, forward_source, free_port, need_msgpack, need_program,
                     run_sluice, wait_until)
from kafka_server import Broker

LONG = os.environ.get("SLUICE_LONG_TESTS") == "1"
NOW = int(time.time())
# Small messages, so that one can be too large.
area = Area("kafka", needs=need_msgpack, setup=lambda: Broker("num.partitions=3", "message.max.bytes=200000"))


def output(broker, more="", buffer="flush_interval 0.2s\nretry_wait 0.2s\nretry_max_interval 1s\n", kind="kafka2"):
    return (f"<match **>\n@type {kind}\nbrokers {broker.address}\n{more}<format>\n@type json\n</format>\n"
            f"<buffer topic>\n{buffer}</buffer>\n</match>\n")


def group(broker, topic, name, more=""):
    return (f"<source>\n@type kafka_group\nbrokers {broker.address}\nconsumer_group {name}\ntopics {topic}\n"
            f"session_timeout 6s\noffset_commit_interval 0.5s\n{more}</source>\n")


def numbered(start, count):
    return [[NOW, {"number": number}] for number in range(start, start + count)]


def numbers(lines):
    return [json.loads(line)["number"] for line in lines]


class Sender:
    """A client that sends numbered events and keeps which of them were acknowledged. Comes back when it is cut off."""

    def __init__(self, port, pause=0.02, count=20):
        self.port, self.pause, self.count = port, pause, count
        self.acknowledged, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        number = 0
        while not self.ended.is_set():
            try:
                with ForwardClient(self.port) as client:
                    while not self.ended.is_set():
                        client.deliver("app", numbered(number, self.count))
                        self.acknowledged.extend(range(number, number + self.count))
                        number += self.count
                        time.sleep(self.pause)
            except (OSError, AssertionError):
                # What was not acknowledged goes out under numbers of its own.
                number += self.count
                time.sleep(0.05)


def missing(wanted, found):
    return sorted(set(wanted) - set(found))


def twice(found):
    return sorted(number for number, count in collections.Counter(found).items() if count > 1)


@area.test("events come by forward and lie in their topics once, with key, headers and time", seconds=60)
def delivered(broker):
    port, total = free_port(), 200_000 if LONG else 5000
    more = ("default_topic delivered\nuse_event_time true\nexclude_message_key true\nexclude_topic_key true\n"
            "headers {\"from\":\"test\"}\nheaders_from_record {\"number\":\"$.number\"}\ncompression_codec zstd\n")
    with Daemon(forward_source(port) + output(broker, more), port) as daemon:
        with ForwardClient(port) as client:
            for start in range(0, total, 500):
                client.deliver("app", numbered(start, 500))
            client.deliver("app", [[NOW, {"number": -1, "topic": "another", "message_key": "k"}]])
        wait_until(lambda: len(broker.messages("delivered")) >= total, 40, daemon.log)
        wait_until(lambda: broker.messages("another"), 20, daemon.log)
        assert daemon.stop() == 0, daemon.log()
        assert sorted(numbers(broker.messages("delivered"))) == list(range(total))
        assert broker.messages("another", "%k|%s|%h|%T") == [f'k|{{"number":-1}}|from=test,number=-1|{NOW}000']


@area.test("the partition is the event's own, else by the hash of its partition key or key, as from ruby-kafka", seconds=60)
def partitions(broker):
    port = free_port()
    with Daemon(forward_source(port) + output(broker, "default_topic parts\n"), port) as daemon:
        keyed = [{"number": n, "partition_key": f"p{n}", "message_key": "k"} for n in range(20)]
        plain = [{"number": n, "message_key": f"k{n}"} for n in range(20, 40)]
        own = [{"number": n, "partition": n % 3} for n in range(40, 60)]
        with ForwardClient(port) as client:
            client.deliver("app", [[NOW, record] for record in keyed + plain + own])
        wait_until(lambda: len(broker.messages("parts")) == 60, 30, daemon.log)
        assert daemon.stop() == 0, daemon.log()
        found = {json.loads(line.split("|")[1])["number"]: int(line.split("|")[0])
                 for line in broker.messages("parts", "%p|%s")}
        wanted = {n: zlib.crc32(f"p{n}".encode()) % 3 for n in range(20)}
        wanted |= {n: zlib.crc32(f"k{n}".encode()) % 3 for n in range(20, 40)} | {n: n % 3 for n in range(40, 60)}
        assert found == wanted, f"{found} is not {wanted}"


@area.test("the broker is killed and started again under load: nothing is missing, and nothing is there twice", seconds=600)
def broker_killed(broker):
    port, rounds = free_port(), 8 if LONG else 2
    with Daemon(forward_source(port) + output(broker, "default_topic killed\n"), port) as daemon:
        with Sender(port) as sender:
            for round in range(rounds):
                time.sleep(1 + 0.37 * round)
                broker.kill()
                time.sleep(0.5)
                broker.start()
            time.sleep(1)
        wanted = sender.acknowledged
        assert len(wanted) > 1000, len(wanted)
        wait_until(lambda: len(broker.messages("killed")) >= len(wanted), 60,
                   lambda: f"{len(broker.messages('killed'))} of {len(wanted)}; log:\n{daemon.log()}")
        assert daemon.stop() == 0, daemon.log()
        found = numbers(broker.messages("killed"))
        assert not missing(wanted, found), f"{len(missing(wanted, found))} of {len(wanted)} are missing"
        assert not twice(found), f"{len(twice(found))} of {len(wanted)} are there twice: {twice(found)[:5]}"


@area.test("no broker answers for longer than librdkafka waits for a topic: it is made when one does, nothing is refused",
           seconds=120)
def late_broker(_):
    port = free_port()
    late = Broker()
    options = "default_topic late\nrdkafka_options {\"topic.metadata.propagation.max.ms\":\"10000\"}\n"
    with Daemon(forward_source(port) + output(late, options), port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("app", numbered(0, 100))
        time.sleep(12)
        with late:
            wait_until(lambda: len(late.messages("late")) == 100, 60, daemon.log)
            assert daemon.stop() == 0, daemon.log()
            assert "rejected" not in daemon.log(), daemon.log()


@area.test("the daemon is killed with a buffer in files: nothing that was acknowledged is missing", seconds=600)
def daemon_killed(broker):
    port, rounds = free_port(), 20 if LONG else 3
    folder = tempfile.mkdtemp(prefix="kafka-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    buffer = f"@type file\npath {folder}/buffer\nflush_interval 0.2s\nretry_wait 0.2s\n"
    config = forward_source(port) + output(broker, "default_topic daemon\n", buffer)
    with Daemon(config, port) as daemon, Sender(port) as sender:
        for _ in range(rounds):
            time.sleep(random.uniform(0.3, 1.2))
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            daemon.start()
        time.sleep(0.5)
        sender.ended.set()
        sender.thread.join()
        wanted = sender.acknowledged
        assert len(wanted) > 500, len(wanted)
        wait_until(lambda: not missing(wanted, numbers(broker.messages("daemon"))), 40,
                   lambda: f"{len(missing(wanted, numbers(broker.messages('daemon'))))} of {len(wanted)} are missing; "
                           f"log:\n{daemon.log()}")
        assert daemon.stop() == 0, daemon.log()


@area.test("no broker answers at a stop: it is over in time, and the events are delivered by the next start", seconds=120)
def stopped(broker):
    port = free_port()
    folder = tempfile.mkdtemp(prefix="kafka-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    buffer = f"@type file\npath {folder}/buffer\nflush_interval 0.1s\nretry_wait 0.2s\n"
    config = forward_source(port) + output(broker, "default_topic stopped\n", buffer)
    broker.kill()
    with Daemon(config, port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("app", numbered(0, 100))
        time.sleep(1)
        start = time.monotonic()
        assert daemon.stop(20) == 0, daemon.log()
        assert time.monotonic() - start < 10, f"the stop took {time.monotonic() - start:.1f} s"
        broker.start()
        daemon.start()
        wait_until(lambda: len(broker.messages("stopped")) >= 100, 40, daemon.log)
        assert daemon.stop() == 0, daemon.log()
        assert sorted(numbers(broker.messages("stopped"))) == list(range(100))


@area.test("what a topic does not take is refused alone, with the reason, and the rest arrives", seconds=60)
def refused(broker):
    port = free_port()
    more = "default_topic refused\nrdkafka_options {\"topic.metadata.propagation.max.ms\":\"1000\"}\n"
    error = "<label @ERROR>\n<match **>\n@type stdout\n</match>\n</label>\n"
    with Daemon(forward_source(port) + output(broker, more) + error, port) as daemon:
        with ForwardClient(port) as client:
            client.deliver("app", [[NOW, {"number": 1}], [NOW, {"number": 2, "text": "x" * 300_000}],
                                   [NOW, {"number": 3, "partition": 99}], [NOW, {"number": 4, "topic": "no topic"}],
                                   [NOW, {"number": 5}]])
        wait_until(lambda: len(daemon.events()) >= 3, 40, daemon.log)
        assert daemon.stop() == 0, daemon.log()
        assert sorted(numbers(broker.messages("refused"))) == [1, 5]
        assert sorted(record["number"] for _, _, record in daemon.events()) == [2, 3, 4]
        for text in ("the message is too large for topic 'refused'", "does not have the partition",
                     "'no topic' cannot be a topic"):
            assert text in daemon.log(), f"'{text}' is not in\n{daemon.log()}"


@area.test("a topic that the cluster does not have is refused with its name, or another takes its messages", seconds=120)
def unknown_topic(_):
    port, other = free_port(), free_port()
    options = "rdkafka_options {\"topic.metadata.propagation.max.ms\":\"1000\"}\n"
    error = "<label @ERROR>\n<match **>\n@type stdout\n</match>\n</label>\n"
    with Broker() as strict:
        strict.produce("here", ["{\"number\":0}"])
        end = strict.process
        end.terminate()
        end.wait(20)
        strict.settings = ("auto.create.topics.enable=false",)
        strict.start()
        with Daemon(forward_source(port) + output(strict, "default_topic gone\n" + options) + error, port) as daemon, \
                Daemon(forward_source(other) + output(strict, "default_topic here\n" + options +
                                                      "use_default_for_unknown_topic true\n"), other) as second:
            for at, record in (port, {"number": 1}), (other, {"number": 2, "topic": "gone"}):
                with ForwardClient(at) as client:
                    client.deliver("app", [[NOW, record]])
            wait_until(daemon.events, 40, daemon.log)
            assert "the cluster has no topic 'gone'" in daemon.log(), daemon.log()
            wait_until(lambda: len(strict.messages("here")) == 2, 40, second.log)
            for each in daemon, second:
                assert each.stop() == 0, each.log()


@area.test("a group reads a topic, each message once, and goes on where it was", seconds=90)
def consumed(broker):
    total = 100_000 if LONG else 2000
    broker.produce("consumed", [json.dumps({"number": n}) for n in range(total)], "-H", "from=kcat")
    config = group(broker, "consumed", "readers", "add_prefix kafka\nadd_headers true\n") + STDOUT
    with Daemon(config) as daemon:
        events = daemon.wait_for_events(total, "kafka.consumed", seconds=40)
        assert sorted(record["number"] for _, _, record in events) == list(range(total))
        assert events[0][2]["from"] == "kcat"
        assert daemon.stop() == 0, daemon.log()
        # A message that cannot be read is left out, and named; those behind it come.
        broker.produce("consumed", ["this is no JSON", json.dumps({"number": total})])
        daemon.start()
        daemon.wait_for_events(total + 1, "kafka.consumed", seconds=40)
        time.sleep(1)
        assert daemon.stop() == 0, daemon.log()
        assert len(daemon.events()) == total + 1, "after the stop it went on where it was"
        assert "a message cannot be read and is left out: no valid JSON" in daemon.log(), daemon.log()


@area.test("the consumer is killed at random: nothing is missing, and what comes twice came after the last commit", seconds=600)
def consumer_killed(broker):
    rounds, rate = 15 if LONG else 3, 400
    folder = tempfile.mkdtemp(prefix="kafka-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    port, ended, produced = free_port(), threading.Event(), []
    # Its events go on to a daemon that writes them down, from a buffer in files.
    forward = (f"<match **>\n@type forward\nrequire_ack_response true\n<server>\nhost 127.0.0.1\nport {port}\n</server>\n"
               f"<buffer tag>\n@type file\npath {folder}/buffer\nflush_interval 0.1s\nretry_wait 0.2s\n</buffer>\n</match>\n")

    def produce():
        number = 0
        while not ended.is_set():
            broker.produce("consumer", [json.dumps({"number": n}) for n in range(number, number + rate // 4)])
            produced.extend(range(number, number + rate // 4))
            number += rate // 4
            time.sleep(0.2)

    with Daemon(forward_source(port) + STDOUT, port) as sink, \
            Daemon(group(broker, "consumer", "killed") + forward) as consumer:
        producer = threading.Thread(target=produce)
        producer.start()
        try:
            for _ in range(rounds):
                time.sleep(random.uniform(1.5, 3))
                consumer.signal(signal.SIGKILL)
                consumer.wait(5)
                consumer.start()
        finally:
            time.sleep(1)
            ended.set()
            producer.join()

        def seen():
            return [record["number"] for _, _, record in sink.events()]

        # A member that was killed is missed after its session, and the others wait for that.
        wait_until(lambda: not missing(produced, seen()), 60,
                   lambda: f"{len(missing(produced, seen()))} of {len(produced)} are missing; log:\n{consumer.log()}")
        assert consumer.stop() == 0, consumer.log()
        assert sink.stop() == 0, sink.log()
        again = len(seen()) - len(set(seen()))
        # A commit comes every half second, and what was on its way when the process died is sent again by its buffer.
        assert again <= rounds * rate * 4, f"{again} of {len(produced)} came more than once"


@area.test("while the output is full the partitions wait, and no message is missing", seconds=120)
def back_pressure(broker):
    total, port = 3000, free_port()
    broker.produce("pressure", [json.dumps({"number": n, "text": "x" * 500}) for n in range(total)])
    buffer = "flush_interval 0.1s\nretry_wait 0.2s\nretry_max_interval 0.5s\ntotal_limit_size 200k\nchunk_limit_size 50k\n"
    forward = (f"<match **>\n@type forward\nrequire_ack_response true\nrecover_wait 0.5s\n<server>\nhost 127.0.0.1\n"
               f"port {port}\n</server>\n<buffer tag>\n{buffer}</buffer>\n</match>\n")
    with Daemon(group(broker, "pressure", "slow") + forward) as consumer:
        time.sleep(9)
        with Daemon(forward_source(port) + STDOUT, port) as sink:
            events = sink.wait_for_events(total, seconds=60)
            assert consumer.stop() == 0, consumer.log()
            assert sorted(set(record["number"] for _, _, record in events)) == list(range(total))
            assert len(events) == total, f"{len(events)} events"


@area.test("a wrong property of librdkafka is an error at its line, and a wrong file of authorities stops the start")
def settings(broker):
    folder = tempfile.mkdtemp(prefix="kafka-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    path = os.path.join(folder, "sluice.conf")
    for more, text in (("rdkafka_options {\"linger.mss\":\"1\"}\n", "No such configuration property"),
                       ("ssl_ca_cert /nowhere.pem\n", "cannot read 'ssl_ca_cert' '/nowhere.pem'"),
                       ("username me\npassword secret123\n", "sasl_over_ssl false")):
        with open(path, "w") as file:
            file.write(forward_source(free_port()) + output(broker, "default_topic t\n" + more))
        result = run_sluice("check", path)
        shown = result.stdout + result.stderr
        assert result.returncode == 2 and text in shown and "secret123" not in shown, shown


class SecureBroker(Broker):
    """Beside its plain listener one that wants a client's certificate, one that wants an account over TLS, and one without."""

    def __init__(self, certificates):
        super().__init__("num.partitions=1")
        self.certificates = certificates
        self.tls, self.account, self.bare = free_port(), free_port(), free_port()
        store = os.path.join(self.folder, "server.pem")
        with open(store, "w") as file:
            file.write(open(certificates.key).read() + open(certificates.certificate).read())
        plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_app="right, and = long";'
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        self.settings += (
            f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.port + 1},TLS://127.0.0.1:{self.tls},"
            f"ACCOUNT://127.0.0.1:{self.account},BARE://127.0.0.1:{self.bare}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port},TLS://localhost:{self.tls},"
            f"ACCOUNT://localhost:{self.account},BARE://127.0.0.1:{self.bare}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,ACCOUNT:SASL_SSL,BARE:SASL_PLAINTEXT",
            "ssl.keystore.type=PEM", f"ssl.keystore.location={store}", "ssl.truststore.type=PEM",
            f"ssl.truststore.location={certificates.authority}", "listener.name.tls.ssl.client.auth=required",
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
            *(f"listener.name.{name}.{mechanism}.sasl.jaas.config={module}" for name in ("account", "bare")
              for mechanism, module in (("plain", plain), ("scram-sha-512", scram))))

    def add_scram(self, name, password):
        jars = os.path.join(os.path.dirname(self.start_script), "kafka", "*")
        subprocess.run(["java", "-cp", jars, "kafka.admin.ConfigCommand", "--bootstrap-server", self.address, "--alter",
                        "--add-config", f"SCRAM-SHA-512=[password={password}]", "--entity-type", "users",
                        "--entity-name", name], check=True, capture_output=True, timeout=60)


@area.test("over TLS with a client's certificate, and with accounts (PLAIN, SCRAM), events go into a topic and come out of it", seconds=300)
def secured(_):
    need_program("openssl", "openssl")
    certificates, stranger = Certificates(), Certificates()
    authority = f"ssl_ca_cert {certificates.authority}\n"
    account = "username app\npassword \"right, and = long\"\n"
    with SecureBroker(certificates) as broker:
        broker.add_scram("chef", "salted")
        ways = {
            "tls": (broker.tls, f"{authority}ssl_client_cert {certificates.client_certificate}\n"
                                f"ssl_client_cert_key {certificates.client_key}\n"),
            "plain": (broker.account, authority + account),
            "scram": (broker.account, f"{authority}username chef\npassword salted\nscram_mechanism sha512\n"),
            "bare": (broker.bare, account + "sasl_over_ssl false\n"),
        }
        # Before 2.6.1 librdkafka cannot: then the configuration says so, whatever the broker does.
        version = tuple(int(part) for part in re.search(r"librdkafka ([0-9.]+)", subprocess.run(
            ["kcat", "-V"], capture_output=True, text=True).stdout).group(1).split("."))
        if version < (2, 6, 1):
            port, more = ways.pop("scram")
            path = os.path.join(broker.folder, "scram.conf")
            with open(path, "w") as file:
                file.write(f"{forward_source(free_port())}<match **>\n@type kafka2\nbrokers localhost:{port}\n{more}</match>\n")
            said = run_sluice("check", path)
            assert said.returncode == 0 and "cannot log in with SCRAM to brokers from Kafka 3.8.1 on" in said.stderr, said.stderr
            print(f"    librdkafka {version}: SCRAM was checked, not tried")
        for name, (port, more) in ways.items():
            into, out_of = free_port(), free_port()
            at = f"@type %s\nbrokers localhost:{port}\n{more}"
            sends = (f"<match **>\n{at % 'kafka2'}default_topic {name}\n<format>\n@type json\n</format>\n"
                     "<buffer topic>\nflush_interval 0.2s\n</buffer>\n</match>\n")
            reads = f"<source>\n{at % 'kafka_group'}consumer_group {name}\ntopics {name}\nsession_timeout 6s\n</source>\n"
            with Daemon(forward_source(into) + sends, into) as sender:
                with ForwardClient(into) as client:
                    client.deliver("app", numbered(0, 100))
                wait_until(lambda: len(broker.messages(name)) == 100, 40, lambda: f"{name}\n{sender.log()}")
                assert sender.stop() == 0, sender.log()
            with Daemon(forward_source(out_of) + reads + STDOUT, out_of) as reader:
                reader.wait_for_events(100, seconds=60)
                assert sorted(event[2]["number"] for event in reader.events()) == list(range(100)), f"{name}\n{reader.log()}"
        # What is wrong is said, and nothing is thrown away for it.
        wrong = {
            ("uthentication failed",): (broker.account, authority + account.replace("right", "wrong")),
            ("certificate verify failed",): (broker.account, f"ssl_ca_cert {stranger.authority}\n{account}"),
            ("certificate required", "bad certificate"): (broker.tls, authority),
        }
        for words, (port, more) in wrong.items():
            into = free_port()
            sends = (f"<match **>\n@type kafka2\nbrokers localhost:{port}\n{more}default_topic wrong\n<format>\n@type json\n"
                     "</format>\n<buffer topic>\nflush_interval 0.2s\n</buffer>\n</match>\n")
            with Daemon(forward_source(into) + sends, into) as sender:
                with ForwardClient(into) as client:
                    client.deliver("app", numbered(0, 1))
                wait_until(lambda: any(word in sender.log() for word in words), 30, lambda: f"{words}\n{sender.log()}")
                assert "right, and" not in sender.log() and "wrong, and" not in sender.log(), sender.log()
        assert broker.messages("wrong") == []


@area.test("an account that may not write is tried again, with a word, and nothing is lost until it may", seconds=200)
def forbidden(_):
    need_program("openssl", "openssl")
    broker, port = SecureBroker(Certificates()), free_port()
    own, error = broker.settings, "<label @ERROR>\n<match **>\n@type stdout\n</match>\n</label>\n"
    rights = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    broker.settings = own + (rights, "super.users=User:ANONYMOUS")
    sends = (f"<match **>\n@type kafka2\nbrokers 127.0.0.1:{broker.bare}\ndefault_topic guarded\nusername app\n"
             "password \"right, and = long\"\nsasl_over_ssl false\n<format>\n@type json\n</format>\n"
             "<buffer topic>\nflush_interval 0.2s\nretry_wait 0.2s\nretry_max_interval 1s\n</buffer>\n</match>\n")
    with broker:
        broker.produce("guarded", ["{\"number\":0}"])
        with Daemon(forward_source(port) + sends + error, port) as daemon:
            with ForwardClient(port) as client:
                client.deliver("app", numbered(1, 20))
            wait_until(lambda: "the account may not write to" in daemon.log(), 40, daemon.log)
            # The administrator gives the right; the broker reads it at its start.
            broker.process.terminate()
            broker.process.wait(20)
            broker.settings = own + (rights, "super.users=User:ANONYMOUS;User:app")
            broker.start()
            wait_until(lambda: len(broker.messages("guarded")) == 21, 60, daemon.log)
            assert daemon.stop() == 0, daemon.log()
            assert daemon.events() == [], daemon.log()
        assert sorted(numbers(broker.messages("guarded"))) == list(range(21))
