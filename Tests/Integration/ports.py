"""Ports for servers that are yet to start. The system gives none of them to a client, and no other test process has them."""
import random, socket

FIRST = 10000
# Fluentd's own, which a test that needs the standard port takes itself.
STANDARD = range(24200, 24300)

_kept = []


def free_port(count=1):
    """The first of `count` TCP ports in a row whose UDP twins are free too; kept from other test processes until this one ends.

    Not port 0: that gives one of the range from which connections get theirs, so that, until the server listens or while it is
    down, any connection of the machine may sit on it, and one to the closed port itself may even be answered by itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        lowest, highest = map(int, file.read().split())
    # Where connections get nearly all ports, there is nothing else to take.
    end = lowest if lowest >= FIRST + 1000 else highest
    while True:
        first = random.randrange(FIRST, end - count)
        ports = range(first, first + count)
        if ports[0] < STANDARD.stop and STANDARD.start <= ports[-1]:
            continue
        locks = []
        try:
            for port in ports:
                with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    tcp.bind(("", port))
                    udp.bind(("", port))
                # A name without a file: bound once on the whole machine, and free when the process is gone.
                locks.append(socket.socket(socket.AF_UNIX))
                locks[-1].bind(f"\0sluice-test-port-{port}")
        except OSError:
            for lock in locks:
                lock.close()
            continue
        _kept.extend(locks)
        return first
