"""300 clients each send 8 MB of a message of 9 MB and then wait; meanwhile small messages are sent and read, and then the 300 go on, one after the other.
A good daemon: grows by at most three times `unfinished_limit_size` (32 MB) and 64 MB, acknowledges small messages all the while, and in the end the large ones of those it has kept.
Why: `chunk_size_limit` is one client's; hundreds of forwarders flush at the same moment."""
# kind: memory limit not held · limit 90 s
from faultlib import *
many_files()
p = port(); d = Daemon(conf(p, NULL, "unfinished_limit_size 32m"), p); base = d.rss()
N, SIZE = 300, 9 << 20
head = bytes([0x94, 0xA1, 0x74, 1, 0x81, 0xA1, 0x61, 0xC6]) + struct.pack(">I", SIZE); tail = bytes([0x81, 0xA5]) + b"chunk" + bytes([0xA1, 0x63])
part = b"x" * (1 << 20); clients = []
for n in range(N):
    c = connect(p, 5); c.setblocking(False); clients.append([c, memoryview(head + part * 9 + tail)])
def push(limit):
    """Sends what the kernel takes of each client's message, up to `limit` bytes of it."""
    for c in clients:
        if c[1] is None: continue
        try:
            left = limit - (len(head) + SIZE + len(tail) - len(c[1]))
            while left > 0 and len(c[1]):
                n = c[0].send(c[1][:left]); c[1] = c[1][n:]; left -= n
        except BlockingIOError: pass
        except OSError: c[1] = None
peak = 0
for _ in range(60): push(8 << 20); peak = max(peak, d.rss()); time.sleep(0.05)
with connect(p, 3) as c:
    c.settimeout(5); slow = 0
    for n in range(20):
        t = time.monotonic(); c.sendall(msg("t", {"n": n}, chunk="k"))
        try: got = c.recv(100)
        except OSError: got = b""
        check(got, f"small message {n} is not acknowledged"); slow = max(slow, time.monotonic() - t); peak = max(peak, d.rss())
        if not got: break
check(peak - base <= 3 * 32 + 64, f"grew by {peak - base:.0f} MB; the limit is 32 MB")
acks = set(); end = time.monotonic() + 45
while time.monotonic() < end and len(acks) + sum(c[1] is None for c in clients) < N:
    push(1 << 30); peak = max(peak, d.rss())
    for n, c in enumerate(clients):
        if n in acks or c[1] is None: continue
        try:
            got = c[0].recv(100)
            if got: acks.add(n)
            else: c[1] = None
        except BlockingIOError: pass
        except OSError: c[1] = None
    time.sleep(0.01)
check(peak - base <= 3 * 32 + 64, f"grew by {peak - base:.0f} MB; the limit is 32 MB")
check(len(acks) >= N - 5, f"{len(acks)} of {N} large messages were acknowledged")
check(d.alive(), "the daemon has ended"); finish(f"peak +{peak - base:.0f} MB, {len(acks)} of {N} acknowledged, a small message took up to {slow * 1000:.0f} ms")
