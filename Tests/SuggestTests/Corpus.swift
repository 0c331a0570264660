/// The formats of the corpus: own lines in the shapes that public programs write.
enum Corpus {
    static let formats = web + system + applications + servers + databases + security + plain

    static let web: [CorpusFormat] = [
        CorpusFormat("combined") { v in
            let (ip, user, at, method, path, status) = (
                v.ip(), v.chance(30) ? v.user() : "-", v.moment(), v.method(), v.path(), v.status()
            )
            let (bytes, referrer, agent) = (v.text(0...99999), v.chance(50) ? "https://shop.example/" : "-", v.agent())
            return CorpusLine(
                "\(ip) - \(user) [\(at.http)] \"\(method) \(path) HTTP/1.1\" \(status) \(bytes) \"\(referrer)\" \"\(agent)\"",
                [ip, at.http, method, path, status, bytes, agent] + (user == "-" ? [] : [user]))
        },
        CorpusFormat("combined with virtual host") { v in
            let (ip, at, path, status, agent, host) = (v.ip(), v.moment(), v.path(), v.status(), v.agent(), v.host())
            return CorpusLine(
                "\(host):443 \(ip) - - [\(at.http)] \"GET \(path) HTTP/2.0\" \(status) 12 \"-\" \"\(agent)\"",
                [host, "443", ip, at.http, "GET", path, status, "12", agent])
        },
        CorpusFormat("nginx error") { v in
            let (at, level, pid, connection, ip, path) = (
                v.moment(), v.pick(["error", "warn"]), v.text(2...9999), v.text(1...99999), v.ip(), v.path()
            )
            let message = v.pick([
                "open() \"/srv/a.html\" failed (2: No such file or directory)",
                "connect() failed (111: Connection refused) while connecting to upstream",
            ])
            return CorpusLine(
                "\(at.slashed) [\(level)] \(pid)#\(pid): *\(connection) \(message), client: \(ip), server: shop.example, request: \"GET \(path) HTTP/1.1\", host: \"shop.example\"",
                [at.slashed, level, pid, connection, message, ip, "shop.example", "GET \(path) HTTP/1.1"])
        },
        CorpusFormat("apache error 2.4") { v in
            let (at, level, pid, tid, ip, port, message) = (
                v.moment(), v.pick(["error", "warn"]), v.text(2...9999), v.text(100_000...999_999), v.ip(), v.port(),
                v.prose()
            )
            let time = "Tue \(at.monthName) \(CorpusValues.padded(at.day, 2)) \(at.clock).\(at.fraction)000 2026"
            return CorpusLine(
                "[\(time)] [core:\(level)] [pid \(pid):tid \(tid)] [client \(ip):\(port)] AH00124: \(message)",
                [time, "core", level, pid, tid, ip, port, "AH00124", message])
        },
        CorpusFormat("haproxy http") { v in
            let (at, pid, ip, port, bytes, status, path) = (
                v.moment(), v.text(100...9999), v.ip(), v.port(), v.text(10...99999), v.status(), v.path()
            )
            return CorpusLine(
                "\(at.syslog) lb-1 haproxy[\(pid)]: \(ip):\(port) [\(CorpusValues.padded(at.day, 2))/\(at.monthName)/2026:\(at.clock).\(at.fraction)] web-in app/app01 2/0/1/35/38 \(status) \(bytes) - - ---- 12/11/4/2/0 0/0 \"GET \(path) HTTP/1.1\"",
                [
                    at.syslog, "lb-1", "haproxy", pid, ip, port, "web-in", "app", "app01", "35", "38", status, bytes,
                    "GET", path,
                ])
        },
        CorpusFormat("squid") { v in
            let (at, ms, ip, bytes, method, took) = (
                v.moment(), v.text(100...999), v.ip(), v.text(100...99999), v.method(), v.text(1...3000)
            )
            let time = "\(at.epoch).\(ms)"
            return CorpusLine(
                "\(time)  \(took) \(ip) TCP_MISS/200 \(bytes) \(method) http://example.org/a - HIER_DIRECT/192.0.2.7 text/html",
                [
                    time, took, ip, "TCP_MISS", "200", bytes, method, "http://example.org/a", "HIER_DIRECT",
                    "192.0.2.7", "text/html",
                ])
        },
        CorpusFormat("traefik") { v in
            let (ip, at, path, status, count, took) = (
                v.ip(), v.moment(), v.path(), v.status(), v.text(1...9999), v.text(0...999)
            )
            return CorpusLine(
                "\(ip) - - [\(at.http)] \"GET \(path) HTTP/1.1\" \(status) 19 \"-\" \"curl/8.5.0\" \(count) \"shop@docker\" \"http://172.18.0.4:80\" \(took)ms",
                [
                    ip, at.http, "GET", path, status, "19", "curl/8.5.0", count, "shop@docker", "http://172.18.0.4:80",
                    took,
                ])
        },
        CorpusFormat("envoy") { v in
            let (at, method, path, status, id, took) = (
                v.moment(), v.method(), v.path(), v.status(), v.uuid(), v.text(0...999)
            )
            return CorpusLine(
                "[\(at.iso)] \"\(method) \(path) HTTP/2\" \(status) - 154 2033 \(took) \(took) \"10.0.35.28\" \"nsq2http\" \"\(id)\" \"locations\" \"tcp://10.0.2.1:80\"",
                [
                    at.iso, method, path, "HTTP/2", status, "154", "2033", took, "10.0.35.28", "nsq2http", id,
                    "locations", "tcp://10.0.2.1:80",
                ])
        },
        CorpusFormat(
            "iis w3c",
            header: [
                "#Software: Microsoft Internet Information Services 10.0", "#Version: 1.0",
                "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip sc-status time-taken",
            ]
        ) { v in
            let (at, server, method, client, status, took) = (
                v.moment(), v.ip(), v.method(), v.ip(), v.status(), v.text(1...9999)
            )
            let (query, user) = (v.chance(50) ? "q=\(v.number(1...99))" : "-", v.chance(30) ? v.user() : "-")
            return CorpusLine(
                "\(at.plain) \(server) \(method) /shop/a.aspx \(query) 443 \(user) \(client) \(status) \(took)",
                [at.plain, server, method, "/shop/a.aspx", "443", client, status, took]
                    + [query, user].filter { $0 != "-" })
        },
        CorpusFormat("access log of an application") { v in
            let (at, ip, method, path, status, took) = (
                v.moment(), v.ip(), v.method(), v.path(), v.status(), v.text(1...999)
            )
            return CorpusLine(
                "\(at.iso) \(status) \(method) \(path) \(ip) \(took)", [at.iso, status, method, path, ip, took])
        },
    ]

    static let system: [CorpusFormat] = [
        CorpusFormat("syslog rfc 3164") { v in
            let (at, host, pid, message) = (v.moment(), v.host(), v.text(1...32000), v.prose())
            let program = v.pick(["sshd", "systemd", "cron", "su(pam_unix)", "dhclient"])
            return CorpusLine(
                "\(at.syslog) \(host) \(program)[\(pid)]: \(message)", [at.syslog, host, program, pid, message])
        },
        CorpusFormat("syslog with priority") { v in
            let (at, host, priority, message) = (v.moment(), v.host(), v.text(0...191), v.prose())
            return CorpusLine(
                "<\(priority)>\(at.syslog) \(host) app: \(message)", [priority, at.syslog, host, "app", message])
        },
        CorpusFormat("syslog rfc 5424") { v in
            let (at, host, pid, message, user) = (v.moment(), v.host(), v.text(1...32000), v.prose(), v.user())
            return CorpusLine(
                "<165>1 \(at.iso) \(host) evntslog \(pid) ID47 [origin@32473 user=\"\(user)\" kind=\"login\"] \(message)",
                ["165", at.iso, host, "evntslog", pid, "ID47", user, "login", message])
        },
        CorpusFormat("kernel packet filter") { v in
            let (at, a, b, length, port) = (v.moment(), v.ip(), v.ip(), v.text(40...1500), v.port())
            let flags = v.pick(["DF ", ""])
            return CorpusLine(
                "\(at.syslog) gw kernel: [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=\(a) DST=\(b) LEN=\(length) \(flags)PROTO=TCP SPT=\(port) DPT=22 SYN URGP=0",
                [at.syslog, "gw", "kernel", "eth0", "52:54:00:12:34:56", a, b, length, "TCP", port, "22"])
        },
        CorpusFormat("dmesg") { v in
            let (up, message) = ("\(v.number(0...9999)).\(v.number(100_000...999_999))", v.prose())
            let padded = String(repeating: " ", count: max(0, 12 - up.count)) + up
            return CorpusLine("[\(padded)] \(message)", [up, message])
        },
        CorpusFormat("dpkg") { v in
            let (at, package) = (v.moment(), v.pick(["libc6:amd64", "vim:amd64", "bash:amd64"]))
            let (state, version) = (
                v.pick(["installed", "unpacked", "half-configured"]), "2.\(v.number(1...99))-\(v.number(1...9))"
            )
            return CorpusLine("\(at.plain) status \(state) \(package) \(version)", [at.plain, state, package, version])
        },
        CorpusFormat("android logcat") { v in
            let (at, pid, tid, level, message) = (
                v.moment(), v.text(1000...9999), v.text(1000...9999), v.pick(["D", "I", "W", "E", "V"]), v.prose()
            )
            let tag = v.pick(["WindowManager", "PowerManagerService", "System.out", "AudioFlinger"])
            let time = "\(at.date.dropFirst(5)) \(at.clock).\(at.fraction)"
            return CorpusLine(
                "\(time)  \(pid)  \(tid) \(level) \(tag): \(message)", [time, pid, tid, level, tag, message])
        },
        CorpusFormat("windows servicing log") { v in
            let (at, level, component, message) = (
                v.moment(), v.pick(["Info", "Info", "Warning", "Error"]), v.pick(["CBS", "CSI"]), v.prose()
            )
            let padding = String(repeating: " ", count: 22 - level.count)
            return CorpusLine(
                "\(at.plain), \(level)\(padding)\(component)    \(message)", [at.plain, level, component, message])
        },
        CorpusFormat("supercomputer events") { v in
            let (label, at, node, message) = (
                v.chance(80) ? "-" : "APPREAD", v.moment(),
                "R0\(v.number(0...7))-M\(v.number(0...1))-N\(v.hex(1).uppercased())", v.prose()
            )
            let level = v.pick(["INFO", "INFO", "FATAL", "ERROR", "FAILURE"])
            return CorpusLine(
                "\(label) \(at.epoch) 2026.03.04 \(node) RAS KERNEL \(level) \(message)",
                (label == "-" ? [] : [label]) + ["\(at.epoch)", "2026.03.04", node, "RAS", "KERNEL", level, message])
        },
    ]

    static let applications: [CorpusFormat] = [
        CorpusFormat("log4j, thread first") { v in
            let (at, thread, level, name, message) = (v.moment(), v.thread(), v.level(), v.className(), v.prose())
            return CorpusLine(
                "\(at.comma) [\(thread)] \(level) \(name) - \(message)", [at.comma, thread, level, name, message])
        },
        CorpusFormat("log4j, level first") { v in
            let (at, thread, level, name, message) = (v.moment(), v.thread(), v.level(), v.className(), v.prose())
            return CorpusLine(
                "\(at.comma) \(level) [\(thread)] \(name): \(message)", [at.comma, thread, level, name, message])
        },
        CorpusFormat("log4j with a short date") { v in
            let (at, level, message) = (v.moment(), v.level(), v.prose())
            let name = v.pick(["executor.Executor", "storage.BlockManager", "spark.SecurityManager"])
            return CorpusLine("\(at.short) \(level) \(name): \(message)", [at.short, level, name, message])
        },
        CorpusFormat("log4j with a place in brackets") { v in
            let (at, level, line, message, id) = (v.moment(), v.level(), v.text(10...999), v.prose(), v.number(1...3))
            let thread = v.pick(["QuorumPeer[myid=\(id)]/0.0.0.0:2181", "SendWorker:18897856", "main"])
            return CorpusLine(
                "\(at.comma) - \(level) [\(thread):FastLeaderElection@\(line)] - \(message)",
                [at.comma, level, thread, "FastLeaderElection", line, message])
        },
        CorpusFormat("spring boot") { v in
            let (at, level, pid, name, message) = (
                v.moment(), v.level(), v.text(100...9999), "o.acme." + v.pick(["App", "web.Filter"]), v.prose()
            )
            return CorpusLine(
                "\(at.dot)  \(level) \(pid) --- [           main] \(name)  : \(message)",
                [at.dot, level, pid, "main", name, message])
        },
        CorpusFormat("python logging") { v in
            let (at, level, message, name) = (
                v.moment(), v.pick(["INFO", "WARNING", "ERROR"]), v.prose(), v.pick(["app.db", "app.web", "root"])
            )
            return CorpusLine("\(at.comma) - \(name) - \(level) - \(message)", [at.comma, name, level, message])
        },
        CorpusFormat("klog") { v in
            let (at, level, tid, message, line) = (
                v.moment(), v.pick(["I", "W", "E"]), v.text(1...99999), v.prose(), v.text(1...999)
            )
            let time = "\(at.date.dropFirst(5).filter { $0 != "-" }) \(at.clock).\(at.fraction)123"
            let file = v.pick(["server.go", "main.go", "kubelet.go"])
            return CorpusLine(
                "\(level)\(time)   \(tid) \(file):\(line)] \(message)", [level, time, tid, file, line, message])
        },
        CorpusFormat("ruby logger") { v in
            let (at, pid, message) = (v.moment(), v.text(1...9999), v.prose())
            let level = v.pick(["INFO", "WARN", "ERROR"])
            let padding = level.count == 4 ? " " : ""
            let time = "\(at.date)T\(at.clock).\(at.fraction)123"
            return CorpusLine(
                "\(level.prefix(1)), [\(time) #\(pid)] \(padding)\(level) -- : \(message)", [time, pid, level, message])
        },
        CorpusFormat("logfmt") { v in
            let (at, level, took, id) = (v.moment(), v.pick(["info", "warn"]), v.text(1...999), v.hex(12))
            let extra = v.chance(40) ? " user=\(v.user())" : ""
            return CorpusLine(
                "time=\(at.iso) level=\(level) msg=\"request done\" took=\(took) id=\(id)x\(extra)",
                [at.iso, level, "request done", took, id + "x"])
        },
        CorpusFormat("pairs in any order") { v in
            let (user, took) = (v.user(), v.text(1...999))
            let pairs = ["user=\(user)", "op=\(v.pick(["get", "put"]))", "took=\(took)"]
            return CorpusLine((v.chance(50) ? pairs : pairs.reversed()).joined(separator: " "), [user, took])
        },
        CorpusFormat("pairs between bars") { v in
            let (at, id, status) = (v.moment(), v.uuid(), v.status())
            return CorpusLine(
                "\(at.iso) INFO service=ui | event=\(v.pick(["request", "show posts"])) | request_id=\(id) | status=\(status)",
                [at.iso, "INFO", "ui", id, status])
        },
        CorpusFormat("bars") { v in
            let (at, component, id, message) = (
                v.moment(), v.pick(["Step_LSC", "Step_Util", "HiSync"]), v.text(10_000_000...99_999_999), v.prose()
            )
            let time =
                "2026\(at.date.dropFirst(5).filter { $0 != "-" })-\(at.hour):\(at.minute):\(at.second):\(at.fraction)"
            return CorpusLine("\(time)|\(component)|\(id)|\(message)", [time, component, id, message])
        },
        CorpusFormat("tabs") { v in
            let (at, user, count, state) = (v.moment(), v.user(), v.text(0...999), v.pick(["ok", "bad", "time out"]))
            return CorpusLine("\(at.iso)\t\(user)\t\(count)\t\(state)", [at.iso, user, count, state])
        },
        CorpusFormat("csv with names", header: ["when,account,amount,state,comment"]) { v in
            let (at, user, amount, comment) = (v.moment(), v.user(), v.text(1...9999), "\(v.prose()), \(v.prose())")
            return CorpusLine(
                "\(at.iso),\(user),\(amount),done,\"\(comment)\"", [at.iso, user, amount, "done", comment])
        },
        CorpusFormat("csv behind syslog") { v in
            let (at, serial, a, b, rule, bytes) = (
                v.moment(), v.text(1_000_000...9_999_999), v.ip(), v.ip(), v.pick(["allow-web", "deny"]),
                v.text(1...99999)
            )
            return CorpusLine(
                "\(at.syslog) fw-1 1,\(at.slashed),\(serial),THREAT,url,1,\(a),\(b),\(rule),\(bytes),,vsys1",
                [at.syslog, "fw-1", "1", at.slashed, serial, "THREAT", "url", a, b, rule, bytes, "vsys1"])
        },
        CorpusFormat("ltsv") { v in
            let (at, ip, status, path) = (v.moment(), v.ip(), v.status(), v.path())
            return CorpusLine(
                "at:\(at.iso)\thost:\(ip)\tstatus:\(status)\treq:GET \(path)", [at.iso, ip, status, "GET \(path)"])
        },
        CorpusFormat("json") { v in
            let (at, level, took, message) = (v.moment(), v.level(), v.text(1...999), v.prose())
            return CorpusLine(
                "{\"at\":\"\(at.iso)\",\"level\":\"\(level)\",\"took\":\(took),\"msg\":\"\(message)\"}",
                [at.iso, level, took, message])
        },
        CorpusFormat("windows with a half day") { v in
            let (at, user, word) = (v.moment(), v.user(), v.pick(["ok", "failed"]))
            let time =
                "\(at.american) \(CorpusValues.padded(at.hour % 12 + 1, 2)):\(CorpusValues.padded(at.minute, 2)) \(v.pick(["AM", "PM"]))"
            return CorpusLine("\(time) login \(word) for \(user)", [time, word, user])
        },
        CorpusFormat("measurements") { v in
            let (degrees, name) = ("\(v.number(-40...60)).\(v.number(0...9))", v.pick(["kitchen", "cellar", "roof"]))
            return CorpusLine("temp \(degrees) C at \(name)", [degrees, name])
        },
        CorpusFormat("epoch seconds") { v in
            let (at, host, word) = (v.moment(), v.host(), v.pick(["up", "down"]))
            return CorpusLine("\(at.epoch) \(host) \(word)", ["\(at.epoch)", host, word])
        },
        CorpusFormat("connections in brackets") { v in
            let (at, ip, port, cid, word) = (v.moment(), v.ip(), v.port(), v.text(1...9999), v.prose())
            let level = v.pick(["INF", "ERR", "DBG"])
            return CorpusLine(
                "[7] \(at.slashed).\(at.fraction) [\(level)] \(ip):\(port) - cid:\(cid) - \(word)",
                ["7", "\(at.slashed).\(at.fraction)", level, ip, port, cid])
        },
        CorpusFormat("program and separator") { v in
            let (at, program, host) = (
                v.moment(), v.pick(["chrome.exe", "mail.exe", "sync.exe"]),
                v.pick(["proxy.example:5070", "get.example:80"])
            )
            let time = "\(CorpusValues.padded(at.month, 2)).\(CorpusValues.padded(at.day, 2)) \(at.clock)"
            let message = "\(host) \(v.prose())"
            return CorpusLine("[\(time)] \(program) - \(message)", [time, program, message])
        },
        CorpusFormat("request context in brackets") { v in
            let (at, pid, level, id, message) = (
                v.moment(), v.text(1000...9999), v.pick(["INFO", "WARNING"]), v.uuid(), v.prose()
            )
            let context = v.chance(20) ? "-" : "req-\(id) \(v.hex(32)) - - -"
            return CorpusLine(
                "\(at.dot) \(pid) \(level) nova.compute.manager [\(context)] \(message)",
                [at.dot, pid, level, "nova.compute.manager", context, message])
        },
    ]

    static let databases: [CorpusFormat] = [
        CorpusFormat("postgresql") { v in
            let (at, pid, user, message) = (v.moment(), v.text(10...9999), v.user(), v.prose())
            let level = v.pick(["LOG", "ERROR", "FATAL", "WARNING"])
            return CorpusLine(
                "\(at.dot) UTC [\(pid)] \(user)@shop \(level):  \(message)",
                ["\(at.dot) UTC", pid, user, "shop", level, message])
        },
        CorpusFormat("mysql error log") { v in
            let (at, tid, code, message) = (v.moment(), v.text(0...99), "MY-0\(v.number(10000...19999))", v.prose())
            let level = v.pick(["System", "Warning", "ERROR"])
            return CorpusLine(
                "\(at.iso) \(tid) [\(level)] [\(code)] [Server] \(message)",
                [at.iso, tid, level, code, "Server", message])
        },
        CorpusFormat("mongodb") { v in
            let (at, connection, message) = (v.moment(), v.text(1...999), v.prose())
            let (level, component) = (v.pick(["I", "W", "D"]), v.pick(["NETWORK", "STORAGE", "-"]))
            let time = "\(at.date)T\(at.clock).\(at.fraction)+0000"
            let padding = String(repeating: " ", count: 8 - component.count)
            return CorpusLine(
                "\(time) \(level) \(component)\(padding) [conn\(connection)] \(message)",
                [time, level, component, "conn\(connection)", message])
        },
        CorpusFormat("redis") { v in
            let (at, pid, role, sign, message) = (
                v.moment(), v.text(1...99999), v.pick(["M", "S", "C"]), v.pick(["*", "#", "-"]), v.prose()
            )
            let time = "\(CorpusValues.padded(at.day, 2)) \(at.monthName) 2026 \(at.clock).\(at.fraction)"
            return CorpusLine("\(pid):\(role) \(time) \(sign) \(message)", [pid, role, time, sign, message])
        },
        CorpusFormat("elasticsearch") { v in
            let (at, level, message) = (v.moment(), v.pick(["INFO ", "WARN ", "ERROR"]), v.prose())
            let time = "\(at.date)T\(at.clock),\(at.fraction)"
            return CorpusLine(
                "[\(time)][\(level)][o.e.n.Node               ] [node-1] \(message)",
                [time, level.filter { $0 != " " }, "o.e.n.Node", "node-1", message])
        },
    ]

    static let security: [CorpusFormat] = [
        CorpusFormat("cef") { v in
            let (a, b, port, user, message) = (v.ip(), v.ip(), v.port(), v.user(), v.prose())
            return CorpusLine(
                "CEF:0|Acme|Wall|2.1|\(v.number(100...999))|Port scan|7|src=\(a) dst=\(b) spt=\(port) suser=\(user) msg=\(message)",
                ["Acme", "Wall", "2.1", "Port scan", "7", a, b, port, user, message])
        },
        CorpusFormat("leef") { v in
            let (a, b, user) = (v.ip(), v.ip(), v.user())
            return CorpusLine(
                "LEEF:1.0|Acme|Wall|2.1|\(v.number(100...999))|src=\(a)\tdst=\(b)\tusrName=\(user)",
                ["Acme", "Wall", "2.1", a, b, user])
        },
        CorpusFormat("audit") { v in
            let (at, serial, pid, uid) = (v.moment(), v.text(1...99999), v.text(1...9999), v.text(0...1000))
            let type = v.pick(["SYSCALL", "USER_LOGIN", "CRED_ACQ"])
            let time = "\(at.epoch).\(at.fraction)"
            return CorpusLine(
                "type=\(type) msg=audit(\(time):\(serial)): pid=\(pid) uid=\(uid) comm=\"sshd\" exe=\"/usr/sbin/sshd\" res=success",
                [type, time, serial, pid, uid, "sshd", "/usr/sbin/sshd", "success"])
        },
        CorpusFormat("firewall of pairs") { v in
            let (at, a, b, port, name) = (v.moment(), v.ip(), v.ip(), v.port(), v.pick(["fw-01", "fw-02"]))
            return CorpusLine(
                "<189>date=\(at.date) time=\(at.clock) devname=\"\(name)\" type=\"traffic\" srcip=\(a) srcport=\(port) dstip=\(b) action=\"\(v.pick(["deny", "accept"]))\"",
                [at.date, at.clock, name, "traffic", a, port, b])
        },
        CorpusFormat("cisco") { v in
            let (at, a, b, id) = (v.moment(), v.ip(), v.ip(), v.text(100_000...999_999))
            let message = "Built inbound TCP connection \(id) for outside:\(a)/443 to inside:\(b)/80"
            let time = "\(at.monthName) \(CorpusValues.padded(at.day, 2)) 2026 \(at.clock)"
            return CorpusLine("\(time): %ASA-6-302013: \(message)", [time, "ASA", "6", "302013", message])
        },
    ]

    static let plain: [CorpusFormat] = [
        CorpusFormat("sentence") { v in
            let (user, ip, port) = (v.user(), v.ip(), v.port())
            return CorpusLine("user \(user) logged in from \(ip) port \(port)", [user, ip, port])
        },
        CorpusFormat("sentence behind a time") { v in
            let (at, user, amount) = (v.moment(), v.user(), v.text(1...999))
            return CorpusLine(
                "\(at.plain) INFO account \(user) charged with \(amount) points",
                [at.plain, "INFO", user, amount])
        },
        CorpusFormat("duration of a request") { v in
            let (id, took) = ("req-\(v.hex(4))", v.text(1...999))
            return CorpusLine("\(id) done in \(took) ms", [id, took])
        },
        CorpusFormat("hardware addresses") { v in
            let (word, place) = (v.pick(["joined", "left"]), v.pick(["wlan0", "wlan1"]))
            let mac = (0..<6).map { _ in v.hex(2) }.joined(separator: ":")
            return CorpusLine("\(mac) \(word) \(place)", [mac, word, place])
        },
        CorpusFormat("address and port") { v in
            let (ip, port, word) = (v.ip(), v.port(), v.pick(["open", "closed"]))
            return CorpusLine("\(ip):\(port) \(word)", [ip, port, word])
        },
    ]
}
