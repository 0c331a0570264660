"""kill -9 at random moments, with a buffer in files, one loop and four, senders in all forms and a server whose faults change.
A good daemon: every acknowledged event is at the server in the end; with generate_id none is there under two ids, though a
client that has no ack sends the same message again.
Why: An ack says that the events outlive the process, and one that does not come says nothing. SLUICE_KILLS: how often (20)."""
# kind: lost (acknowledged, and gone) · limit 110 s
from faultlib import *
KILLS = int(os.environ.get("SLUICE_KILLS", 20)); R = random.Random(int(os.environ.get("SLUICE_SEED", 7)))
cur = [None]; stop = [False]; acked = set(); lock = threading.Lock(); num = [0]; ids = {}; sent_again = [0]
class Judge(Server):
    """Notes under which ids each number was stored."""
    def take(self, items):
        super().take(items)
        with self.lock:
            for a, d in items: ids.setdefault(d.get("n"), set()).add(a[action(a)].get("_id"))
    def part(self, r):
        """Takes two of three, answers for all."""
        out = []
        for k, (a, d) in enumerate(r["items"]):
            if k % 3: self.take([(a, d)])
            out.append({action(a): {"status": 201 if k % 3 else 429, **({} if k % 3 else {"error": {"type": "x", "reason": "busy"}})}})
        return http(200, json.dumps({"took": 1, "errors": True, "items": out}))
def taken_unanswered(r): r["server"].take(r["items"]); return "close"
def half(r): r["sock"].sendall(r["server"].ok(r)[:-9]); return "close"
FAULTS = [lambda r: "close", taken_unanswered, half, lambda r: http(503, "{}"), lambda r: http(429, "{}"), lambda r: http(200, "<html>", "text/html"), lambda r: r["server"].part(r), lambda r: time.sleep(0.5)]
s = Judge(lambda r: cur[0](r) if cur[0] and is_bulk(r) else None); p = port(); buf = folder(); start = time.monotonic()
def config(threads): return conf(p, parser("svc.**", "@type json", "reserve_data true") + es(s.port, f"@type file\n    path {buf}\n    flush_interval 0.2s\n    flush_thread_count 2\n    chunk_limit_size 64k\n    retry_wait 0.2s\n    retry_max_interval 0.5s", "logstash_format true\n  generate_id true"), system=f"threads {threads}")
def message(k, r):
    """A message of its form, and the numbers that its ack is about."""
    with lock: a = num[0]; num[0] += 20
    ns = range(a, a + 20); tag = r.choice(["svc.a", "plain", f"tag.{r.randrange(50)}"]); recs = [{"n": n, "log": '{"took":%d}' % n} for n in ns]
    m = [lambda: fwd(tag, recs, chunk=str(a)), lambda: packed(tag, recs, chunk=str(a)), lambda: packed(tag, recs, chunk=str(a), comp="gzip"), lambda: b"".join(msg(tag, x, chunk=f"{a}.{i}") for i, x in enumerate(recs))][k]()
    return m, ns, [str(a)] if k < 3 else [f"{a}.{i}" for i in range(20)]
def sender(k):
    r = random.Random(k); open_message = None
    while not stop[0] or open_message:
        try:
            with connect(p, 5) as c:
                while not stop[0] or open_message:
                    if not open_message: open_message = message(k, r)
                    m, ns, chunks = open_message; c.sendall(m)
                    if acks(c, len(chunks), 20) != chunks: sent_again[0] += 1; break
                    with lock: acked.update(ns)
                    open_message = None; time.sleep(0.03)
        except OSError: sent_again[0] += 1; time.sleep(0.05)
senders = [threading.Thread(target=sender, args=(k,), daemon=True) for k in range(4)]; [t.start() for t in senders]
for kill in range(KILLS):
    d = Daemon(config(R.choice([1, 4])), p); cur[0] = R.choice([None] + FAULTS)
    time.sleep(R.uniform(0.05, 0.9)); check(d.alive(), d.ended()); d.kill()
stop[0] = True; cur[0] = None; d = Daemon(config(2), p); [t.join(30) for t in senders]; check(not any(t.is_alive() for t in senders), "a client has no ack in the end")
def missing():
    with s.lock: return len(acked - ids.keys())
while (before := missing()) and (eventually(lambda: missing() < before, 20, 0.5)): pass
time.sleep(1); miss = missing(); check(len(acked) > 50 * KILLS, f"only {len(acked)} events were acknowledged")
check(not miss, f"{miss} of {len(acked)} acknowledged events missing"); twice = sum(len(x) > 1 for x in ids.values()); check(not twice, f"{twice} events are stored under several ids"); check(len(acked) == num[0], f"{num[0] - len(acked)} events were never acknowledged")
left = eventually(lambda: not [f for f in os.listdir(buf) if ".chunk" in f], 20, 0.5); check(left, f"files left: {os.listdir(buf)[:5]}"); check("corrupt" not in d.log(), "a file was corrupt"); check(d.stop(20) == 0, "status after SIGTERM")
finish(f"{KILLS} kills, {len(acked)} events acknowledged, {s.count} stored, {len(ids)} different, {sent_again[0]} messages sent again, {time.monotonic() - start:.0f} s")
