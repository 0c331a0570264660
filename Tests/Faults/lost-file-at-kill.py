"""kill -9 at random moments while events are received and appended to a file, with a buffer in files; chunks of 256 KB.
A good daemon: every acknowledged event is in the file in the end, each line is whole, and of a kill no more than one chunk is there twice.
Why: A file that is appended to has no transaction: what was half written must be cut off before it is written again."""
# kind: lost (acknowledged, and gone) · limit 60 s
from faultlib import *
KILLS = int(os.environ.get("SLUICE_KILLS", 15)); R = random.Random(int(os.environ.get("SLUICE_SEED", 11)))
out = folder(); p = port(); acked = set(); stop = [False]; lock = threading.Lock(); num = [0]
def config(): return conf(p, f"<match **>\n  @type file\n  path {out}/log\n  append true\n  format json\n  <buffer []>\n    path {out}/buffer\n    flush_interval 0.05s\n    chunk_limit_size 256k\n    retry_wait 0.1s\n    flush_at_shutdown true\n  </buffer>\n</match>")
def sender():
    while not stop[0]:
        try:
            with connect(p, 5) as c:
                while not stop[0]:
                    with lock: a = num[0]; num[0] += 100
                    c.sendall(fwd("a", [{"n": n, "x": "y" * 2000} for n in range(a, a + 100)], chunk=str(a)))
                    if acks(c, 1, 20) != [str(a)]: break
                    with lock: acked.update(range(a, a + 100))
        except OSError: time.sleep(0.02)
senders = [threading.Thread(target=sender, daemon=True) for _ in range(2)]; [t.start() for t in senders]
for kill in range(KILLS):
    d = Daemon(config(), p); time.sleep(R.uniform(0.1, 0.8)); check(d.alive(), d.ended()); d.kill()
stop[0] = True; d = Daemon(config(), p); [t.join(30) for t in senders]; check(d.stop(30) == 0, "status after SIGTERM: " + d.log()[-300:])
lines = open(f"{out}/log.log", "rb").read().split(b"\n"); check(lines.pop() == b"", "the last line has no end")
numbers = []
for l in lines:
    try: numbers.append(json.loads(l)["n"])
    except ValueError: check(False, f"a line that is none: {l[:60]} … {l[-60:]}")
miss = len(acked - set(numbers)); check(len(acked) > 20 * KILLS, f"only {len(acked)} events were acknowledged"); check(not miss, f"{miss} of {len(acked)} acknowledged events missing")
twice = len(numbers) - len(set(numbers)); check(twice <= KILLS * 400, f"{twice} events are there twice after {KILLS} kills")
left = [f for f in os.listdir(out) + os.listdir(f"{out}/buffer") if f.startswith(".sluice") or ".chunk" in f] if os.path.isdir(f"{out}/buffer") else []; check(not left, f"left behind: {left[:5]}")
finish(f"{KILLS} kills, {len(acked)} events acknowledged, {len(numbers)} lines, {twice} twice, {d.log().count('cut back')} cut back")
