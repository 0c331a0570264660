"""The power goes at random moments, `durability power`, a buffer in files, a server that fails or is slow. power-loss.c notes what has been
brought to the disk; of the rest sectors and names are there or not, by the seed. A good daemon: every acknowledged event is at the server in
the end. A control with `durability process`, where only what was synced survives, must lose events: else nothing is proved.
Why: `durability power` promises that an ack outlives the power. SLUICE_POWER_CUTS: how often (6)."""
# kind: lost (acknowledged, and gone) · limit 120 s
from faultlib import *
CUTS = int(os.environ.get("SLUICE_POWER_CUTS", 6)); R = random.Random(int(os.environ.get("SLUICE_SEED", 11))); SECTOR = 512
compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
if not compiler: skip("no C compiler")
lib = TMP + "/power-loss.so"
built = subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", lib, os.path.join(os.path.dirname(os.path.abspath(__file__)), "power-loss.c"), "-ldl", "-lpthread"], capture_output=True)
if built.returncode: skip("power-loss.c cannot be built: " + built.stderr.decode("utf8", "replace")[:200])
def read(path):
    try:
        with open(path, "rb") as f: return f.read()
    except FileNotFoundError: return b""
class Disk:
    """A folder, and what would be left of it."""
    def __init__(self): self.folder = folder(); self.notes = folder(); self.begin({})
    def env(self): return {**os.environ, "LD_PRELOAD": lib, "POWER_LOSS_FOLDER": self.folder, "POWER_LOSS_NOTES": self.notes, "POWER_LOSS_SYNC_MICROS": str(R.choice([0, 2000, 30000]))}
    def begin(self, files):
        for d in (self.folder, self.notes): shutil.rmtree(d); os.mkdir(d)
        os.mkdir(self.notes + "/held"); os.mkdir(self.notes + "/synced")
        with open(self.notes + "/names", "w") as names:
            for n, data in files.items():
                with open(f"{self.folder}/{n}", "wb") as f: f.write(data)
                i = os.stat(f"{self.folder}/{n}").st_ino; os.link(f"{self.folder}/{n}", f"{self.notes}/held/{i}")
                with open(f"{self.notes}/synced/{i}", "wb") as f: f.write(data)
                names.write(f"{i} {n}\n")
    def bytes_of(self, inode, survival):
        out = bytearray(read(f"{self.notes}/synced/{inode}")); now = read(f"{self.notes}/held/{inode}")
        if len(now) < len(out) and R.random() < survival: del out[len(now):]
        for at in range(0, len(now), SECTOR):
            new = now[at:at + SECTOR]
            if out[at:at + SECTOR] != new and R.random() < survival: out.extend(bytes(max(0, at + len(new) - len(out)))); out[at:at + len(new)] = new
        return bytes(out)
    def cut(self, survival):
        """The power is lost: the folder is what the disk holds. `survival`: of what nobody has waited for."""
        names = dict(l.split(" ", 1)[::-1] for l in read(self.notes + "/names").decode().splitlines())
        seen = {e.name: str(e.stat().st_ino) for e in os.scandir(self.folder) if e.is_file()}; coins = {}
        # A file that was given another name has one of the two.
        for n in sorted(seen.keys() | names.keys()):
            i = seen.get(n) or names[n]
            if seen.get(n) != names.get(n) and coins.setdefault(i, R.random() < survival):
                if n in seen: names[n] = seen[n]
                else: del names[n]
        self.begin({n: self.bytes_of(i, survival) for n, i in names.items()})
FAULTS = [lambda r: "close", lambda r: http(503, "{}"), lambda r: http(429, "{}"), lambda r: time.sleep(0.3)]
def rounds(durability, cuts, survivals):
    """Acknowledged events, and those that are at the server in the end."""
    disk = Disk(); cur = [None]; stop = [False]; acked = set(); lock = threading.Lock(); num = [0]; p = port()
    s = Server(lambda r: cur[0](r) if cur[0] and is_bulk(r) else None)
    def config(): return conf(p, es(s.port, f"@type file\n    path {disk.folder}\n    {durability()}\n    flush_interval 0.3s\n    flush_thread_count 2\n    chunk_limit_size 16k\n    retry_wait 0.2s\n    retry_max_interval 0.5s", keys=R.choice(["", "tag"])), system=f"threads {R.choice([1, 3])}")
    def sender(k):
        r = random.Random(k)
        while not stop[0]:
            try:
                with connect(p, 5) as c:
                    while not stop[0]:
                        with lock: a = num[0]; num[0] += 10
                        c.sendall(fwd(r.choice(["a", "b", f"t.{r.randrange(9)}"]), [{"n": n, "m": "x" * r.randrange(300)} for n in range(a, a + 10)], chunk=str(a)))
                        if acks(c, 1, 20) != [str(a)]: break
                        with lock: acked.update(range(a, a + 10))
            except OSError: time.sleep(0.05)
    ts = [threading.Thread(target=sender, args=(k,), daemon=True) for k in range(4)]; [t.start() for t in ts]; corrupt = 0
    for _ in range(cuts):
        d = Daemon(config(), p, env=disk.env()); cur[0] = R.choice(FAULTS)
        time.sleep(R.uniform(0.3, 1.2)); check(d.alive(), d.ended()); d.kill(); disk.cut(R.choice(survivals))
    stop[0] = True; [t.join(25) for t in ts]; cur[0] = None; d = Daemon(config(), p)
    def missing(): return len(acked - s.have())
    while (before := missing()) and (eventually(lambda: missing() < before, 4, 0.2)): pass
    check(d.ping() is not None, "no ack after the last power cut"); d.kill(); s.stop(); return len(acked), missing()
start = time.monotonic()
total, missing = rounds(lambda: "durability power" + R.choice(["", "\n    fsync_interval 0.05s"]), CUTS, [0, 0, 0.3, 0.7, 1])
check(total > 20 * CUTS, f"only {total} events were acknowledged"); check(not missing, f"{missing} of {total} acknowledged events missing")
weak, lost = rounds(lambda: "durability process", 1, [0])
check(lost, f"none of {weak} events is lost without a sync: nothing is proved")
finish(f"{CUTS} power cuts, {total} events acknowledged, {missing} lost; without syncs {lost} of {weak}; {time.monotonic() - start:.0f} s")
