extension NearMissPairs {
    /// Values right before text that may be anything, which is how most programs write their lines.
    static let openText: [Pair] = [
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07,283 WARN Connection to broker 3 lost, trying again"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} +%{LOGLEVEL:level} %{POSINT:pid} --- \[%{DATA:thread}\] %{JAVACLASS:logger} +: %{GREEDYDATA:message}$"#,
            "2026-03-04T05:06:07.123+01:00  INFO 4711 --- [main] o.s.b.w.e.TomcatWebServer : Started on port 8080"),
        Pair(
            #"^%{SYSLOGTIMESTAMP:at} %{SYSLOGHOST:host} %{WORD:program}(?:\[%{POSINT:pid}\])?: %{GREEDYDATA:message}$"#,
            "Mar 14 05:06:07 web-1 systemd[1]: Started Daily apt download activities."),
        Pair(
            #"^%{YEAR:y}/%{MONTHNUM:m}/%{MONTHDAY:d} %{TIME:time} %{INT:worker} %{NOTSPACE:logger} %{GREEDYDATA:message}$"#,
            "2026/03/04 05:06:07 17 com.example.Billing Invoice 4711 was paid in full"),
        Pair(
            #"^%{IP:client} %{WORD:action} %{GREEDYDATA:reason}$"#,
            "192.0.2.74 refused too many requests from one address"),
        Pair(
            #"^%{TIME:time} (?<unit>[a-z]+\.service) %{NUMBER:took:float}s %{DATA:what} done$"#,
            "05:06:07 nginx.service 1.25s reload of all workers done"),
        Pair(
            #"^<%{POSINT:pri}>%{INT:version} %{TIMESTAMP_ISO8601:at} %{HOSTNAME:host} %{WORD:app} %{NOTSPACE:pid} %{NOTSPACE:id} - %{GREEDYDATA:message}$"#,
            "<165>1 2026-03-04T05:06:07.003Z db-1 backup 811 ID47 - Wrote 12 files to the archive"),
    ]
}
