"""The disk of the output files has room for a third of the events (a tmpfs), later for all; files that are appended to, and numbered ones.
A good daemon: keeps the events in its buffer, says why, leaves whole lines only; with room again every event is there once.
Why: A full disk is an everyday accident, and a write that fails half way leaves half of it behind."""
# kind: lost (acknowledged, and gone) · limit 60 s
from faultlib import *
disk = folder(); N = 3000
if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode != 0: skip("a file system can be mounted by root only")
mounts.append(disk)
def match(tag, more): return f"<match {tag}>\n  @type file\n  path {disk}/{tag}\n  format json\n  {more}\n  <buffer []>\n    path {folder()}/buffer\n    flush_interval 0.1s\n    chunk_limit_size 128k\n    retry_wait 0.2s\n    retry_max_interval 0.5s\n    flush_at_shutdown true\n  </buffer>\n</match>\n"
p = port(); d = Daemon(conf(p, match("app", "append true") + match("num", "")), p)
with connect(p) as c:
    for a in range(0, N, 100):
        for tag in ("app", "num"):
            c.sendall(fwd(tag, [{"n": n, "x": "y" * 500} for n in range(a, a + 100)], chunk=f"{tag}{a}")); check(acks(c, 1, 20) == [f"{tag}{a}"], f"{tag}{a} is not acknowledged")
def numbers(tag):
    found = []
    for name in sorted(glob.glob(f"{disk}/{tag}*")):
        lines = open(name, "rb").read().split(b"\n")
        if lines.pop() != b"": raise ValueError(f"{name} ends within a line")
        found += [json.loads(l)["n"] for l in lines]
    return found
check(eventually(lambda: "no space left" in d.log().lower(), 15), "the log does not say that the disk is full"); time.sleep(2)
for tag in ("app", "num"):
    # Not in the moment of a write.
    def whole():
        try: return len(set(numbers(tag))) == len(numbers(tag))
        except ValueError: return False
    check(eventually(whole, 5), f"{tag}: half a line, or a line twice, on the full disk"); check(len(numbers(tag)) < N, f"{tag}: the disk was not full")
subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)
for tag in ("app", "num"):
    eventually(lambda: len(numbers(tag)) >= N, 20, 0.5); check(sorted(numbers(tag)) == list(range(N)), f"{tag}: {len(numbers(tag))} lines, {len(set(numbers(tag)))} different, of {N}")
left = [f for f in os.listdir(disk) if f.startswith(".")]; check(not left, f"left behind: {left}"); check(d.stop(20) == 0, "status after SIGTERM")
finish(f"{N} events each, once")
