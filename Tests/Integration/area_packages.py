"""The Debian package, made of the program that is there: what is in it, and its life in a fresh root (the long form)."""
import contextlib, glob, os, re, shutil, subprocess, tempfile

from harness import CACHE, ROOT, SLUICE, Area, Skip, need_program

UNIT = os.path.join(ROOT, "packaging/debian/sluice.service")
# Of systemd-analyze, where 10 is the worst.
EXPOSURE_LIMIT = 3.0


def needs():
    need_program("dpkg-deb", "dpkg-dev")
    need_program("dpkg-shlibdeps", "dpkg-dev")
    need_program("strip", "binutils")


@contextlib.contextmanager
def package():
    """The file's path."""
    folder = tempfile.mkdtemp(prefix="deb-", dir=os.environ.get("SLUICE_TEST_SCRATCH"))
    # Packed when it is given away, not for a test.
    made = subprocess.run([f"{ROOT}/packaging/deb", SLUICE, folder], capture_output=True, text=True,
                          env={**os.environ, "DPKG_DEB_COMPRESSOR_TYPE": "none"})
    assert made.returncode == 0, made.stderr
    yield made.stdout.strip()


area = Area("packages", needs=needs, setup=package)


def output(*command, check=True, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert done.returncode == 0 or not check, f"{' '.join(command)}: status {done.returncode}: {done.stdout[-2000:]}"
    return done.stdout


@area.test("the package has program, unit, man page and completions; its libraries are dependencies, its configuration conffiles")
def contents(deb):
    field = lambda name: output("dpkg-deb", "-f", deb, name).strip()
    assert re.fullmatch(r"sluice_\d+\.\d+\.\d+_\w+\.deb", os.path.basename(deb)), deb
    assert field("Architecture") == output("dpkg", "--print-architecture").strip()
    assert "sluice " + field("Version") == output(SLUICE, "version").strip()
    for library in ["libc6", "libuv1", "libcurl4", "libmicrohttpd12", "libpcre2-8-0", "libssl3", "libyaml-0-2", "librdkafka1"]:
        assert re.search(rf"\b{library}[ ,]", field("Depends") + ","), f"no {library} in {field('Depends')}"
    files = {line.split()[5]: line.split()[0:2] for line in output("dpkg-deb", "-c", deb).splitlines()}
    assert all(owner == "root/root" for _, owner in files.values()), files
    for path in ["./usr/bin/sluice", "./usr/lib/systemd/system/sluice.service", "./usr/share/man/man1/sluice.1.gz",
                 "./usr/share/bash-completion/completions/sluice", "./etc/sluice/fluent.conf"]:
        assert path in files, path
    conffiles = output("dpkg-deb", "-I", deb, "conffiles").split()
    assert sorted(conffiles) == sorted(p[1:] for p in files if p.startswith("./etc/") and not p.endswith("/")), conffiles
    assert files["./etc/sluice/environment"][0] == "-rw-------", "passwords can be read"
    for script in ["postinst", "prerm", "postrm"]:
        output("sh", "-n", "-c", output("dpkg-deb", "-I", deb, script))


@area.test("the configuration that is packaged can be run, from any folder")
def configuration(deb):
    with tempfile.TemporaryDirectory() as folder:
        output("dpkg-deb", "-x", deb, folder)
        assert f"{folder}/etc/sluice/fluent.conf: ok" in output(SLUICE, "check", f"{folder}/etc/sluice/fluent.conf", cwd="/")
        output(f"{folder}/usr/bin/sluice", "check", f"{folder}/etc/sluice/fluent.conf", cwd="/")


@area.test("the unit is one that systemd takes, and is exposed less than 3 of 10")
def unit(deb):
    program = need_program("systemd-analyze", "systemd")
    shown = output(program, "security", "--offline=true", "--no-pager", UNIT)
    level = float(re.search(r"exposure level for sluice.service: ([\d.]+)", shown).group(1))
    assert level < EXPOSURE_LIMIT, shown
    # It names the program that the package would bring.
    said = output(program, "verify", "--man=no", UNIT, check=False)
    said = "\n".join(line for line in said.splitlines() if "sluice.service" in line and "/usr/bin/sluice is not exec" not in line)
    assert not said, said


@area.test("make, without root and without sudo, names what is missing and how an administrator gets it")
def unrooted(deb):
    if os.geteuid() != 0:
        raise Skip("it takes root to be somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for tool in ["swift", "pkg-config"]:
            with open(f"{folder}/{tool}", "w") as file:
                file.write("#!/bin/sh\nexit 1\n")
            os.chmod(f"{folder}/{tool}", 0o755)
        shutil.copy(f"{ROOT}/Makefile", folder)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", f"PATH={folder}:/usr/bin:/bin",
             "make", "-C", folder, "deps", "LIBRARIES=libnone-dev libnull-dev"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if shutil.which("sudo"):
        raise Skip("sudo is here")
    assert done.returncode == 2 and "apt-get install libnone-dev libnull-dev" in done.stdout, done.stdout + done.stderr
    assert "not found" not in done.stdout + done.stderr, done.stderr


# MARK: - A fresh root

def fresh_root():
    """A Debian of its own with systemd, made once; some minutes the first time."""
    if not os.environ.get("SLUICE_LONG_TESTS"):
        raise Skip("SLUICE_LONG_TESTS=1 installs it in a fresh Debian")
    if os.geteuid() != 0:
        raise Skip("it takes root")
    need_program("debootstrap", "debootstrap")
    base = os.environ.get("SLUICE_TEST_ROOT", os.path.join(CACHE, "debian"))
    if not os.path.exists(f"{base}/etc/debian_version") or os.path.exists(f"{base}/debootstrap"):
        shutil.rmtree(base, ignore_errors=True)
        release = re.search(r"VERSION_CODENAME=(\w+)", open("/etc/os-release").read()).group(1)
        output("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,ca-certificates", release, base)
    return base


def listing(root):
    """Every path of a root but for what any package changes: caches and dpkg's own."""
    skipped = re.compile(r"/(var/(lib/(dpkg|apt|systemd)|cache|log/(apt|dpkg|journal))|proc|sys|dev|run|tmp)(/|\.|$)")
    return {path[len(root):] for folder, folders, files in os.walk(root) for path in [os.path.join(folder, n) for n in folders + files]
            if not skipped.match(path[len(root):])}


@contextlib.contextmanager
def copied_root(deb):
    base = fresh_root()
    root = tempfile.mkdtemp(prefix="root-")
    try:
        output("cp", "-a", f"{base}/.", root)
        os.chmod(root, 0o755)
        shutil.copy(deb, f"{root}/sluice.deb")
        shutil.copy("/etc/resolv.conf", f"{root}/etc/resolv.conf")
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def inside(root, script):
    """A command in the root, with /proc and /dev for as long as it runs."""
    return output("unshare", "-m", "sh", "-c", 'mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" && '
                  'exec chroot "$0" /bin/sh -c "$1"', root, script,
                  env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})


INSTALL = "apt-get install -qqy --no-install-recommends /sluice.deb"
# What a booted system does with the service, told by its exit status.
SCRIPT = """set -ex
# systemd knows that the process runs, not that it listens already.
send() { for try in $(seq 50); do echo "{\\"log\\":\\"$1\\"}" | sluice send --ack service.other && return; sleep 0.2; done; false; }
systemctl is-active sluice
test "$(stat -c %U "/proc/$(systemctl show -P MainPID sluice)")" = sluice
send hello
sluice health
systemctl reload sluice
systemctl kill -s KILL sluice
sleep 4
systemctl is-active sluice
systemctl restart sluice
send again
systemctl stop sluice
test "$(systemctl show -P Result sluice)" = success
journalctl --no-pager -o cat -u sluice
echo '@include /nowhere.conf' >> /etc/sluice/fluent.conf
systemctl start sluice || true
sleep 4
test "$(systemctl show -P NRestarts sluice)" = 0
"""
UNIT_OF_SCRIPT = """[Unit]
After=sluice.service
[Service]
Type=oneshot
ExecStart=/bin/bash /life.sh
StandardOutput=file:/life.out
StandardError=file:/life.out
ExecStopPost=/bin/sh -c 'echo "status $EXIT_STATUS" >> /life.out; systemctl --no-block poweroff'
"""


def boot(root):
    """What the script says, from a systemd that starts in the root; None where none can."""
    if not shutil.which("systemd-nspawn"):
        return None
    for path, text in [("life.sh", SCRIPT), ("etc/systemd/system/life.service", UNIT_OF_SCRIPT)]:
        with open(f"{root}/{path}", "w") as file:
            file.write(text)
    os.symlink("../life.service", f"{root}/etc/systemd/system/multi-user.target.wants/life.service")
    # A /run of its own: nspawn wants to find a tmpfs there.
    subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && exec timeout -s KILL 120 systemd-nspawn -q -D "
                    f"{root} --private-network --register=no --keep-unit -b"], stdin=subprocess.DEVNULL, capture_output=True)
    return open(f"{root}/life.out").read() if os.path.exists(f"{root}/life.out") else None


@area.test("in a fresh Debian: it installs, runs under systemd as its user, reloads, restarts, stops, and a purge leaves nothing",
           seconds=900)
def life(deb):
    with copied_root(deb) as root:
        inside(root, "apt-get update -qq; apt-get install -qqy --no-install-recommends adduser "
                     "$(dpkg-deb -f /sluice.deb Depends | sed 's/([^)]*)//g; s/,/ /g')")
        before = listing(root)
        passwd = open(f"{root}/etc/passwd").read()
        inside(root, INSTALL)
        assert os.stat(f"{root}/var/lib/sluice").st_mode & 0o777 == 0o700
        assert os.path.islink(f"{root}/etc/systemd/system/multi-user.target.wants/sluice.service"), "not enabled"
        # A changed configuration survives an upgrade and a removal, and goes with a purge.
        with open(f"{root}/etc/sluice/fluent.conf", "a") as file:
            file.write("# mine\n")
        inside(root, "dpkg -i --force-confold /sluice.deb && dpkg -r sluice")
        assert "# mine" in open(f"{root}/etc/sluice/fluent.conf").read() and os.path.exists(f"{root}/var/lib/sluice")
        inside(root, "dpkg -P sluice")
        left = listing(root) - before
        assert not left, sorted(left)
        assert open(f"{root}/etc/passwd").read() == passwd, "the user is left"
        inside(root, INSTALL)
        said = boot(root)
        if said is None:
            print("    no systemd can be booted here (systemd-nspawn): installed and purged, not started")
            return
        assert "status 0\n" in said, said[-3000:]
        assert 'service.other: {"log":"again"}' in said, said[-3000:]
        inside(root, "dpkg -P sluice")
        left = {path for path in listing(root) if "sluice" in path and path != "/sluice.deb"}
        assert not left, sorted(left)


@area.test("what test-deps installs is asked for first, and leaves no service enabled", seconds=600)
def dependencies(deb):
    with copied_root(deb) as root:
        os.makedirs(f"{root}/source/.ci")
        shutil.copy(f"{ROOT}/.ci/test-dependencies", f"{root}/source/.ci")
        enabled = lambda: output("find", f"{root}/etc/systemd/system", *glob.glob(f"{root}/etc/rc?.d"), "-type", "l")
        before = enabled()
        said = inside(root, "/source/.ci/test-dependencies cron < /dev/null")
        assert "missing: cron" in said and "YES=1" in said and "cron is not installed" in said, said
        inside(root, "YES=1 /source/.ci/test-dependencies cron")
        assert os.path.exists(f"{root}/usr/sbin/cron"), "it is not installed"
        assert enabled() == before and not os.path.exists(f"{root}/usr/sbin/policy-rc.d"), enabled()
