/// A log format with a name, recognised as a whole before anything is built.
struct KnownFormat: Sendable {
    let title: String
    /// In the field names of the legacy series where they are our own.
    let expression: String
    /// What a line must match besides, because the expression alone also takes other lines.
    var requirement: String?
    /// How the field `timestamp` is read: `""` when the parser guesses right, nil when it cannot be promised.
    var timeFormat: String?
    /// A narrower form of another: kept only when at least half of that other's lines have it.
    var isSpecialCase = false

    private static let httpTime = "%d/%b/%Y:%H:%M:%S %z"
    private static let isoTime = "%{TIMESTAMP_ISO8601:timestamp}"
    private static let bsdSyslog =
        #"(?:%{SYSLOGTIMESTAMP} (?!%{LOGLEVEL}\b)%{SYSLOGHOST} |%{TIMESTAMP_ISO8601} (?!%{LOGLEVEL}\b)%{SYSLOGHOST} %{PROG}(?:\[\d+\])?: )"#

    /// The narrower before the wider.
    static let all: [KnownFormat] = [
        // Web servers and proxies
        KnownFormat(title: "web access log, combined format", expression: "%{COMBINEDAPACHELOG}", timeFormat: httpTime),
        KnownFormat(
            title: "web access log, combined format with the forwarded address",
            expression: #"%{COMBINEDAPACHELOG} "%{DATA:x_forwarded_for}""#, timeFormat: httpTime),
        KnownFormat(
            title: "web access log, combined format with virtual host",
            expression: "%{IPORHOST:vhost}:%{POSINT:port:integer} %{COMBINEDAPACHELOG}", timeFormat: httpTime),
        KnownFormat(
            title: "web access log, combined format with the request time",
            expression: "%{COMBINEDAPACHELOG} %{NUMBER:request_time:float}", timeFormat: httpTime),
        KnownFormat(title: "web access log, common format", expression: "%{COMMONAPACHELOG}", timeFormat: httpTime),
        KnownFormat(
            title: "web access log, combined format with more fields",
            expression: "%{COMBINEDAPACHELOG} %{GREEDYDATA:extra}", timeFormat: httpTime),
        KnownFormat(title: "Apache error log", expression: "%{HTTPD24_ERRORLOG}"),
        KnownFormat(title: "Apache error log, version 2.2", expression: "%{HTTPD20_ERRORLOG}"),
        KnownFormat(
            title: "nginx error log",
            expression:
                #"(?<timestamp>%{YEAR}/%{MONTHNUM}/%{MONTHDAY} %{TIME}) \[%{LOGLEVEL:level}\] %{POSINT:pid:integer}[#]%{NONNEGINT:tid:integer}: (?:\*%{NONNEGINT:connection:integer} )?%{DATA:message}(?:, client: %{IPORHOST:clientip})?(?:, server: %{DATA:server})?(?:, request: "%{DATA:request}")?(?:, subrequest: "%{DATA:subrequest}")?(?:, upstream: "%{DATA:upstream}")?(?:, host: "%{DATA:host}")?(?:, referrer: "%{DATA:referrer}")?$"#
        ),
        KnownFormat(title: "HAProxy HTTP log", expression: "%{HAPROXYHTTP}"),
        KnownFormat(title: "HAProxy TCP log", expression: "%{HAPROXYTCP}"),
        KnownFormat(title: "HAProxy HTTP log without syslog header", expression: "%{HAPROXYHTTPBASE}"),
        KnownFormat(title: "Squid access log", expression: "%{SQUID3}"),
        KnownFormat(title: "S3 access log", expression: "%{S3_ACCESS_LOG}", timeFormat: httpTime),
        KnownFormat(title: "load balancer access log", expression: "%{ELB_ACCESS_LOG}", timeFormat: ""),
        KnownFormat(title: "CloudFront access log", expression: "%{CLOUDFRONT_ACCESS_LOG}"),
        // Applications
        KnownFormat(title: "Ruby logger", expression: "%{RUBY_LOGGER}", timeFormat: ""),
        KnownFormat(
            title: "Rails request, first line",
            expression:
                #"Started %{WORD:method} "%{DATA:request}" for %{IPORHOST:clientip} at (?<timestamp>%{TIMESTAMP_ISO8601} %{ISO8601_TIMEZONE})"#,
            timeFormat: ""),
        KnownFormat(
            title: "Rails request, controller",
            expression: #" *Processing by (?<controller>[^# ]+)[#]%{WORD:action} as %{NOTSPACE:format}"#),
        KnownFormat(
            title: "Rails request, last line",
            expression:
                "Completed %{INT:status:integer} %{DATA:reason} in %{NUMBER:duration:float}ms%{GREEDYDATA:profile}"),
        KnownFormat(title: "Tomcat log", expression: "%{CATALINALOG}"),
        KnownFormat(title: "Tomcat log with bars", expression: "%{TOMCATLOG}"),
        KnownFormat(
            title: "Spring Boot log",
            expression: isoTime
                + #" +%{LOGLEVEL:level} %{POSINT:pid:integer} --- (?:\[ *%{DATA:application}\] )?\[ *%{DATA:thread}\] %{NOTSPACE:class} *: %{GREEDYDATA:message}"#,
            timeFormat: ""),
        KnownFormat(
            title: "log4j or logback, thread before level",
            expression: isoTime
                + #" \[%{DATA:thread}\] +%{LOGLEVEL:level} +%{JAVACLASS:class}(?::%{INT:line:integer})? +- %{GREEDYDATA:message}"#,
            timeFormat: ""),
        KnownFormat(
            title: "log4j or logback, level before thread",
            expression: isoTime
                + #" +%{LOGLEVEL:level} +\[%{DATA:thread}\] +%{JAVACLASS:class}(?::%{INT:line:integer})? +- %{GREEDYDATA:message}"#,
            timeFormat: ""),
        KnownFormat(
            title: "log4j, class behind the level",
            expression: isoTime
                + #" +%{LOGLEVEL:level} +%{JAVACLASS:class}(?::%{INT:line:integer})?(?::| -) %{GREEDYDATA:message}"#,
            requirement: isoTime + #" +%{LOGLEVEL} +\w+(?:\.\w+)+"#, timeFormat: ""),
        KnownFormat(
            title: "log4j, class at the end (Kafka)",
            expression:
                #"\[%{TIMESTAMP_ISO8601:timestamp}\] +%{LOGLEVEL:level} +%{GREEDYDATA:message} \(%{JAVACLASS:class}\)"#,
            timeFormat: ""),
        KnownFormat(
            title: "Elasticsearch log",
            expression:
                #"\[%{TIMESTAMP_ISO8601:timestamp}\]\[%{LOGLEVEL:level} *\]\[%{DATA:class} *\] *\[%{DATA:node}\] *%{GREEDYDATA:message}"#,
            timeFormat: ""),
        KnownFormat(
            title: "Python logging",
            expression: isoTime + " - %{NOTSPACE:logger} - %{LOGLEVEL:level} - %{GREEDYDATA:message}", timeFormat: ""),
        KnownFormat(
            title: "Kubernetes component log (klog)",
            expression:
                #"(?<level>[IWEF])(?<timestamp>%{MONTHNUM2}%{MONTHDAY} %{TIME}) +%{NONNEGINT:tid:integer} %{NOTSPACE:file}:%{POSINT:line:integer}\] %{GREEDYDATA:message}"#
        ),
        KnownFormat(
            title: "container log (CRI)",
            expression: isoTime + " (?<stream>stdout|stderr) (?<partial>[FP]) %{GREEDYDATA:message}", timeFormat: ""),
        KnownFormat(
            title: "Fluentd log",
            expression:
                #"(?<timestamp>%{TIMESTAMP_ISO8601} %{ISO8601_TIMEZONE}) \[%{LOGLEVEL:level}\]: (?:[#]%{NONNEGINT:worker:integer} )?%{GREEDYDATA:message}"#,
            timeFormat: ""),
        // Databases
        KnownFormat(title: "PostgreSQL, log_line_prefix with connection", expression: "%{POSTGRESQL}"),
        KnownFormat(
            title: "PostgreSQL log",
            expression:
                #"(?<timestamp>%{TIMESTAMP_ISO8601}) (?<timezone>[A-Za-z/_]+|[+-]\d+) \[%{POSINT:pid:integer}(?:-%{POSINT:session_line:integer})?\]:?(?: %{DATA:user}@%{DATA:database})? (?<level>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY): +%{GREEDYDATA:message}"#
        ),
        KnownFormat(
            title: "MySQL error log",
            expression: isoTime
                + #" %{NONNEGINT:tid:integer} \[%{WORD:level}\] (?:\[%{DATA:code}\] \[%{DATA:subsystem}\] )?%{GREEDYDATA:message}"#,
            timeFormat: ""),
        KnownFormat(
            title: "MongoDB log", expression: "%{MONGO3_LOG}", requirement: #"%{TIMESTAMP_ISO8601} [DIWEF] [A-Z-]"#,
            timeFormat: ""),
        KnownFormat(
            title: "Redis log",
            expression:
                #"%{POSINT:pid:integer}:(?<role>[XCSM]) (?<timestamp>%{MONTHDAY} %{MONTH} %{YEAR} %{TIME}) (?<severity>[.*#-]) %{GREEDYDATA:message}"#
        ),
        KnownFormat(title: "Redis log, before version 3", expression: "%{REDISLOG} ?%{GREEDYDATA:message}"),
        KnownFormat(title: "Redis monitor", expression: "%{REDISMONLOG}"),
        // Services
        KnownFormat(title: "Nagios log", expression: "%{NAGIOSLOGLINE}"),
        KnownFormat(title: "Exim message arrival", expression: "%{EXIM}"),
        KnownFormat(title: "BIND query log", expression: "%{BIND9}"),
        KnownFormat(
            title: "dpkg log, state of a package",
            expression: isoTime + " status %{NOTSPACE:state} %{NOTSPACE:package} %{NOTSPACE:version}", timeFormat: ""),
        KnownFormat(
            title: "dpkg log, action on a package",
            expression: isoTime
                + " (?<action>install|upgrade|remove|purge|disappear|trigproc|configure) %{NOTSPACE:package} %{NOTSPACE:old_version} %{NOTSPACE:new_version}",
            timeFormat: ""),
        KnownFormat(
            title: "dpkg log, start", expression: isoTime + " startup %{NOTSPACE:type} %{GREEDYDATA:message}",
            requirement: isoTime + " startup (?:archives|packages) ", timeFormat: ""),
        KnownFormat(
            title: "kernel log (dmesg), seconds since the start",
            expression: #"\[ *%{NUMBER:uptime:float}\] %{GREEDYDATA:message}"#, requirement: #"\[ *\d+\.\d{6}\] "#),
        // Syslog, which carries any other
        KnownFormat(title: "syslog, RFC 5424", expression: "%{SYSLOG5424LINE}", requirement: #"<\d+>\d+ "#),
        KnownFormat(
            title: "syslog with priority", expression: "%{SYSLOG5424PRI}%{SYSLOGLINE}",
            requirement: #"<\d+>"# + bsdSyslog),
        KnownFormat(title: "cron log", expression: "%{CRONLOG}", isSpecialCase: true),
        KnownFormat(title: "PAM session log", expression: "%{SYSLOGPAMSESSION}", isSpecialCase: true),
        KnownFormat(title: "syslog", expression: "%{SYSLOGLINE}", requirement: bsdSyslog),
    ]

    /// Compiled to match whole lines.
    struct Compiled {
        let format: KnownFormat
        /// As it is proposed.
        let expression: String
        let matcher: GrokMatcher
        let requirement: GrokMatcher?
    }

    /// The expression in the names of a series.
    func expression(for series: PatternSeries) -> String { FieldNames.translating(expression, to: series) }

    /// The formats that a library has the definitions for.
    static func compiled(_ compiler: GrokCompiler, _ series: PatternSeries, _ scratch: MatchScratch) -> [Compiled] {
        all.compactMap { format in
            let expression = format.expression(for: series)
            guard let whole = matcher("^(?:\(expression))\\s*$", compiler, scratch) else { return nil }
            let requirement = format.requirement.flatMap { matcher("^(?<x>\($0))", compiler, scratch) }
            if format.requirement != nil, requirement == nil { return nil }
            return Compiled(format: format, expression: expression, matcher: whole, requirement: requirement)
        }
    }

    private static func matcher(_ expression: String, _ compiler: GrokCompiler, _ scratch: MatchScratch) -> GrokMatcher?
    {
        guard let pattern = try? compiler.compile(expression) else { return nil }
        return GrokMatcher(GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]), scratch: scratch)
    }
}
