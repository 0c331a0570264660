/// Operating systems, mail, names, packages, and syslog.
///
/// Sources: RFC 3164, RFC 5424; the manuals of dpkg, dmesg, BIND, Exim, Nagios.
extension KnownFormat {
    private static let isoTime = "%{TIMESTAMP_ISO8601:timestamp}"
    private static let bsdTime = #"\w{3} +\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d"#
    private static let host = #"(?:(?!%{LOGLEVEL}\b)%{NOTSPACE:logsource})"#
    /// A program may be missing: `last message repeated 2 times`.
    private static let program = #"%{PROG:program}(?:\[%{INT:pid:integer}\])?(?: \((?<subsystem>[^\s)]+)\))?:(?: +|$)"#
    /// A program may be missing: `last message repeated 2 times`.
    private static let line =
        "%{SYSLOGTIMESTAMP:timestamp} " + host + " +(?:" + program + ")?%{GREEDYDATA:message}"
    private static let startsAsSyslog =
        #"\w{3} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? +(?!%{LOGLEVEL}\b)\S+ "#

    static let system: [KnownFormat] = [
        KnownFormat(title: "Nagios log", expression: "%{NAGIOSLOGLINE}", requirement: #"\[\d{10}\] "#),
        KnownFormat(
            title: "Exim message arrival", expression: "%{EXIM}", requirement: #"\d{4}-\S+ \S+ (?:\[\d+\] )?\w{6}-"#),
        KnownFormat(title: "BIND query log", expression: "%{BIND9}", requirement: #"\d+-\w{3}-\d{4} "#),
        KnownFormat(
            title: "BIND log with categories",
            expression:
                #"(?<timestamp>%{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}) (?<category>[a-z-]+): (?<level>critical|error|warning|notice|info|debug \d+): %{GREEDYDATA:message}"#,
            requirement: #"\d+-\w{3}-\d{4} \S+ [a-z-]+: (?:critical|error|warning|notice|info|debug \d+): "#),
        KnownFormat(
            title: "dpkg log, state of a package",
            expression: isoTime + " status %{NOTSPACE:state} %{NOTSPACE:package} %{NOTSPACE:version}",
            requirement: #"\S+ \S+ status "#),
        KnownFormat(
            title: "dpkg log, action on a package",
            expression: isoTime
                + " (?<action>install|upgrade|remove|purge|disappear|trigproc|configure) %{NOTSPACE:package} %{NOTSPACE:old_version} %{NOTSPACE:new_version}",
            requirement: #"\S+ \S+ (?:install|upgrade|remove|purge|disappear|trigproc|configure) "#),
        KnownFormat(
            title: "dpkg log, start", expression: isoTime + " startup %{NOTSPACE:type} %{GREEDYDATA:message}",
            requirement: #"\S+ \S+ startup (?:archives|packages) "#),
        KnownFormat(
            title: "kernel log (dmesg), seconds since the start",
            expression: #"\[ *%{NUMBER:uptime:float}\] %{GREEDYDATA:message}"#, requirement: #"\[ *\d+\.\d{6}\] "#),
        KnownFormat(
            title: "Cisco device log",
            expression:
                #"(?:<%{NONNEGINT:priority:integer}>)?(?:%{INT:sequence:integer}: +)?(?:%{NOTSPACE:logsource}: )?(?:[*.]?(?<timestamp>%{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME})(?: %{TZ:timezone})?(?: %{NOTSPACE:logsource})? ?: )?%(?<facility>[A-Z0-9_]+(?:-[A-Z_]+)?)-%{INT:severity:integer}-(?<mnemonic>[A-Z0-9_]+): *%{GREEDYDATA:message}"#,
            requirement: #".{0,80}%[A-Z0-9_-]+-\d-[A-Z0-9_]+:"#),
        KnownFormat(
            title: "syslog, RFC 5424",
            expression:
                #"<%{NONNEGINT:priority:integer}>%{NONNEGINT:version} +(?:-|%{TIMESTAMP_ISO8601:timestamp}) +(?:-|%{NOTSPACE:logsource}) +(?:-|%{NOTSPACE:program}) +(?:-|%{NOTSPACE:pid}) +(?:-|%{NOTSPACE:msgid}) +(?:-|(?<structured_data>(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+))(?: +%{GREEDYDATA:message})?"#,
            requirement: #"<\d+>\d+ "#, pairs: "structured_data"),
        KnownFormat(title: "cron log", expression: "%{CRONLOG}", requirement: bsdTime, isSpecialCase: true),
        KnownFormat(
            title: "PAM session log", expression: "%{SYSLOGPAMSESSION}", requirement: bsdTime, isSpecialCase: true),
        KnownFormat(
            title: "syslog with priority",
            expression: #"<%{NONNEGINT:priority:integer}>"# + line, requirement: #"<\d+>"# + startsAsSyslog),
        KnownFormat(title: "syslog", expression: line, requirement: startsAsSyslog),
        KnownFormat(
            title: "syslog with a time of ISO 8601",
            expression: isoTime + " " + host + " +" + program + "%{GREEDYDATA:message}",
            requirement:
                #"\d{4}-\d\d-\d\dT\S+ +(?!%{LOGLEVEL}\b)[\w.-]+ [\w./()-]+(?:\[\d+\])?:(?:\s|$)"#),
    ]
}
