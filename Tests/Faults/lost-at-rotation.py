"""kill -9 at random moments while three files grow and are rotated by rename, with a buffer in memory and in files by turns.
A good daemon: every line is at the server in the end; what comes twice was read after the position that was written last.
Why: A position says up to where a file's lines are safe. SLUICE_KILLS: how often (8)."""
# kind: lost (read, and gone) · limit 110 s
from faultlib import *
KILLS = int(os.environ.get("SLUICE_KILLS", 8)); R = random.Random(int(os.environ.get("SLUICE_SEED", 7)))
stop = [False]; up = [0.0]; written = [0] * 3; s = Server(lambda r: None); logs, buf, p = folder(), folder(), port(); counts = {}
class Judge(Server):
    def take(self, items):
        super().take(items)
        with self.lock:
            for _, d in items: counts[d["m"]] = counts.get(d["m"], 0) + 1
s = Judge(lambda r: None); start = time.monotonic()
def config(kind):
    where = f"@type file\n    path {buf}" if kind else "@type memory"
    source = f"""<source>
  @type tail
  path {logs}/*.log
  pos_file {logs}/pos
  tag app.*
  read_from_head true
  refresh_interval 0.2s
  rotate_wait 1s
  <parse>
    @type none
    message_key m
  </parse>
</source>
"""
    return source + conf(p, es(s.port, f"{where}\n    flush_interval 0.2s\n    chunk_limit_size 64k\n    retry_wait 0.2s"), system="threads 2")
def write(k):
    # A file that comes and is renamed while nobody follows it has a name that the path does not say: that is no fault.
    r = random.Random(k); path = f"{logs}/{'abc'[k]}.log"; turn = 0; f = open(path, "a"); last = 0
    while not stop[0]:
        for _ in range(r.randrange(1, 60)):
            f.write(f"{k} {written[k]}\n"); written[k] += 1
            if r.random() < 0.05: f.write(f"{k} "); f.flush(); time.sleep(0.002); f.write(f"{written[k]}\n"); written[k] += 1
        f.flush(); time.sleep(r.uniform(0, 0.02))
        if r.random() < 0.05 and up[0] and time.monotonic() - max(up[0], last) > 0.6:
            turn += 1; last = time.monotonic(); os.rename(path, f"{path}.{turn}")
            if r.random() < 0.5: f.write(f"{k} {written[k]}\n"); written[k] += 1  # late, to the file that was renamed
            f.close(); time.sleep(r.choice([0, 0, 0.05, 0.3])); f = open(path, "a")
    f.close()
threads = [threading.Thread(target=write, args=(k,), daemon=True) for k in range(3)]; [t.start() for t in threads]
for kill in range(KILLS):
    d = Daemon(config(kill % 2), p); up[0] = time.monotonic(); time.sleep(R.uniform(0.3, 3)); check(d.alive(), d.ended()); up[0] = 0; d.kill()
stop[0] = True; [t.join(10) for t in threads]; d = Daemon(config(1), p)
def missing():
    with s.lock: return [f"{k} {n}" for k in range(3) for n in range(written[k]) if f"{k} {n}" not in counts]
while (before := len(missing())) and eventually(lambda: len(missing()) < before, 10, 0.5): pass
lost = missing(); check(not lost, f"{len(lost)} of {sum(written)} lines missing: {lost[:5]}"); check(d.stop(20) == 0, "status after SIGTERM")
strange = sorted(set(counts) - {f"{k} {n}" for k in range(3) for n in range(written[k])}); check(not strange, f"{len(strange)} lines that nobody wrote: {strange[:5]}")
finish(f"{KILLS} kills, {sum(written)} lines, {sum(counts.values()) - sum(written)} came twice, {time.monotonic() - start:.0f} s")
