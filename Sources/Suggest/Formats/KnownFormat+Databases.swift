/// Databases.
///
/// Sources: the manuals of PostgreSQL (log_line_prefix), MySQL (error log, slow query log), MongoDB (log messages before
/// version 4.4) and Redis (`serverLog` of the server).
extension KnownFormat {
    static let databases: [KnownFormat] = [
        KnownFormat(
            title: "PostgreSQL log",
            expression:
                #"(?<timestamp>%{TIMESTAMP_ISO8601} (?:[A-Z]{3,5}|[+-]\d+)) \[%{POSINT:pid:integer}(?:-%{POSINT:session_line:integer})?\]:?(?: (?:\[%{DATA:connection}\] )?%{DATA:user}@%{DATA:database})? +(?<level>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY): +%{GREEDYDATA:message}"#,
            requirement: #"\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+"#),
        KnownFormat(
            title: "MySQL slow query log",
            expression:
                #"(?:[#] Time: %{NOTSPACE:timestamp}\s+)?[#] User@Host: %{DATA:user}\[%{DATA}\] @ %{DATA:host}(?: *\[%{DATA:clientip}\])?(?: +Id: +%{INT:connection:integer})?\s+[#] Query_time: %{NUMBER:query_time:float} +Lock_time: %{NUMBER:lock_time:float} +Rows_sent: %{INT:rows_sent:integer} +Rows_examined: %{INT:rows_examined:integer}(?:\s+use %{DATA:database};)?(?:\s+SET timestamp=%{INT:unix_timestamp};)?\s*%{GREEDYDATA:message}"#,
            requirement: "# (?:Time|User@Host):", pairs: nil),
        KnownFormat(
            title: "MySQL error log",
            expression:
                #"%{TIMESTAMP_ISO8601:timestamp} %{NONNEGINT:tid:integer} \[%{WORD:level}\] (?:\[%{DATA:code}\] \[%{DATA:subsystem}\] )?%{GREEDYDATA:message}"#,
            requirement: #"\d{4}-\S+[T ]\S+ \d+ \[\w+\] "#),
        KnownFormat(
            title: "MongoDB log",
            expression:
                #"%{TIMESTAMP_ISO8601:timestamp} (?<level>[DIWEF][1-5]?) +(?<component>[A-Z-]+) +\[%{DATA:context}\] %{GREEDYDATA:message}"#,
            requirement: #"\d{4}-\S+ [DIWEF][1-5]? +[A-Z-]+ +\["#, pairs: nil),
        KnownFormat(
            title: "Redis log",
            expression:
                #"%{POSINT:pid:integer}:(?<role>[XCSM]) (?<timestamp>%{MONTHDAY} %{MONTH} %{YEAR} %{TIME}) (?<severity>[.*#-]) %{GREEDYDATA:message}"#,
            requirement: #"\d+:[XCSM] \d"#),
        KnownFormat(
            title: "Redis log, before version 3",
            expression:
                #"\[%{POSINT:pid:integer}\] (?<timestamp>%{MONTHDAY} %{MONTH} %{TIME}) (?<severity>[.*#-]) %{GREEDYDATA:message}"#,
            requirement: #"\[\d+\] \d+ \w{3} "#),
        KnownFormat(title: "Redis monitor", expression: "%{REDISMONLOG}", requirement: #"\d+\.\d+ \[\d+ "#),
    ]
}
