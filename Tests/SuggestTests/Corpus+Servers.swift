/// What application and database servers write about themselves.
extension Corpus {
    static let servers: [CorpusFormat] = [
        CorpusFormat("uwsgi") { v in
            let (at, pid, request, ip, method, path) = (
                v.moment(), v.text(100...9999), v.text(1...999), v.ip(), v.method(), v.path()
            )
            let (vars, bytes, ms, status) = (v.text(28...60), v.text(100...99999), v.text(1...900), v.status())
            let time = "Tue \(at.monthName) \(CorpusValues.padded(at.day, 2)) \(at.clock) 2026"
            return CorpusLine(
                "[pid: \(pid)|app: 0|req: \(request)/\(request)] \(ip) () {\(vars) vars in 718 bytes} [\(time)] \(method) \(path) => generated \(bytes) bytes in \(ms) msecs (HTTP/1.1 \(status)) 4 headers in 126 bytes (1 switches on core 0)",
                [ip, time, method, path, bytes, ms])
        },
        CorpusFormat("odoo") { v in
            let (at, pid, level, message) = (v.moment(), v.text(10...9999), v.level(), v.prose())
            let database = v.chance(30) ? "?" : v.pick(["shop", "test", "crm"])
            let logger = v.pick([
                "odoo.http", "odoo.sql_db", "odoo.modules.loading", "werkzeug", "odoo.addons.base.ir_cron",
            ])
            return CorpusLine(
                "\(at.comma) \(pid) \(level) \(database) \(logger): \(message)",
                [at.comma, pid, level, logger, message] + (database == "?" ? [] : [database]))
        },
        CorpusFormat("sql server error log") { v in
            let (at, message) = (
                v.moment(),
                v.pick(["Starting up database", "Error:", "Login failed for", "Recovery of", "Database", "Clearing"])
                    + " "
                    + v.prose()
            )
            let source = v.pick(["Server", "Logon", "Backup", "spid7s", "spid\(v.number(10...99))"])
            let time = "\(at.plain).\(CorpusValues.padded(at.milliseconds / 10, 2))"
            let padding = String(repeating: " ", count: 12 - source.count)
            return CorpusLine("\(time) \(source)\(padding)\(message)", [time, source, message])
        },
        CorpusFormat("ceph") { v in
            let (at, thread, message) = (v.moment(), "7f" + v.hex(10), v.prose())
            let level = v.pick(["0", "1", "-1", "10"])
            let time = "\(at.date)T\(at.clock).\(at.fraction)+0000"
            let padding = String(repeating: " ", count: 2 - level.count)
            return CorpusLine(
                "\(time) \(thread) \(padding)\(level) \(message)", [time, thread, level, message])
        },
    ]
}
