"""kill -9 at random moments while events go to a plain HTTP server that errs: 5xx, slow answers, resets, 413, one record that it finds bad.
A good daemon: every acknowledged event is at the server in the end or, the bad ones alone, in the dead letters; nothing is torn.
Why: A server that only says yes or no to a whole request must not cost events when both sides have a bad day."""
# kind: lost (acknowledged, and gone) · limit 90 s
from faultlib import *
KILLS = int(os.environ.get("SLUICE_KILLS", 10)); R = random.Random(int(os.environ.get("SLUICE_SEED", 16)))
got = {}; torn = []; lock = threading.Lock(); mood = ["good"]; bad = set()
def script(r):
    m = mood[0]
    if m == "busy": return http(503, "later", extra="Retry-After: 1\r\n")
    if m == "reset": return "close"
    if m == "slow": time.sleep(0.5)
    if len(r["body"]) > 200_000: return http(413, "too large")
    try: records = [json.loads(l) for l in r["body"].split(b"\n") if l]
    except ValueError: torn.append(r["body"][:80]); return http(400, "torn")
    if any(x.get("bad") for x in records): return http(400, "a bad record")
    with lock:
        for x in records: got[x["n"]] = got.get(x["n"], 0) + 1
    if m == "deaf": return "close"  # taken, and never said
    return http(200, "")
s = Server(script); p = port(); acked = set(); stop = [False]; num = [0]; out = folder()
def config(): return conf(p, f"<match **>\n  @type http\n  endpoint http://127.0.0.1:{s.port}/in\n  open_timeout 2\n  read_timeout 2\n  <buffer>\n    @type file\n    path {out}/buffer\n    flush_interval 0.1s\n    retry_wait 0.1s\n    retry_max_interval 0.3s\n    chunk_limit_size 400k\n    flush_at_shutdown true\n  </buffer>\n</match>")
env = {**os.environ}
def sender():
    while not stop[0]:
        try:
            with connect(p, 5) as c:
                while not stop[0]:
                    with lock: a = num[0]; num[0] += 50
                    recs = [{"n": n, "x": "y" * 500} for n in range(a, a + 50)]
                    if a % 1000 == 0: recs[7]["bad"] = True; bad.add(a + 7)
                    c.sendall(fwd("a", recs, chunk=str(a)))
                    if acks(c, 1, 20) != [str(a)]: break
                    with lock: acked.update(range(a, a + 50))
        except OSError: time.sleep(0.02)
senders = [threading.Thread(target=sender, daemon=True) for _ in range(2)]; [t.start() for t in senders]
dirs = []
for kill in range(KILLS):
    d = Daemon(config(), p); dirs.append(d.dir)
    for _ in range(3): mood[0] = R.choice(["good", "good", "busy", "reset", "slow", "deaf"]); time.sleep(R.uniform(0.1, 0.4))
    check(d.alive(), d.ended()); d.kill()
mood[0] = "good"; stop[0] = True; d = Daemon(config(), p); dirs.append(d.dir); [t.join(30) for t in senders]
def letters():
    kept = set()
    for x in dirs: kept |= backup_numbers(x + "/state")
    return kept
eventually(lambda: not (acked - set(got) - letters()), 25, 0.5); check(d.stop(30) == 0, "status after SIGTERM: " + d.log()[-300:])
kept = letters(); miss = acked - set(got) - kept
check(len(acked) > 50 * KILLS, f"only {len(acked)} events were acknowledged"); check(not miss, f"{len(miss)} of {len(acked)} acknowledged events missing")
check(not torn, f"torn requests: {torn[:2]}"); check(not (kept - bad), f"{len(kept - bad)} good events in the dead letters")
check((bad & acked) <= kept, f"{len((bad & acked) - kept)} bad events are not in the dead letters")
finish(f"{KILLS} kills, {len(acked)} events acknowledged, {sum(got.values()) - len(got)} twice, {len(kept)} dead letters")
