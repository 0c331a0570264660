/// Values that are missing, joined with others, or left out of the fields they belong to.
extension ExplainHarmTests {
    static let values = [
        Fault(
            "a group of several fields gets an alternative that fills none",
            #"^%{NOTSPACE:key} (?:"%{WORD:verb} %{NOTSPACE:path}"|-) %{INT:code}"#,
            #"up/x"PUT /up/x" 403"#, ["key": "up/x", "verb": "PUT"]),
        Fault(
            "a group of one field gets an alternative that fills none",
            "^%{HOSTNAME:host} (?:%{IP:ip}|port %{INT:port}) %{WORD:x}",
            "web-1 db.example.org up", ["ip": "db.example.org"]),
        Fault(
            "a group of two times gets an alternative that takes anything",
            #"^(?:%{SYSLOGTIMESTAMP:t}|%{TIMESTAMP_ISO8601:t})\s*%{HOSTNAME:h} kernel"#,
            #"Nov 24 18:22:44" "suse1 kernel"#, ["t": "Nov 24 18:22:44"]),
        Fault(
            "the blank behind a value is missing, and less than the value is blamed",
            #"%{SYSLOGTIMESTAMP:t} (?:<%{INT:f}> )?%{HOSTNAME:host} %{WORD:program}(?:\[%{INT:pid}\])?:"#,
            "Nov 24 18:22:44web-1 sshd[311]: a", ["t": "Nov 24 18:22:44"]),
        Fault(
            "a value is at the end of one that takes anything",
            "from %{DATA:from} to %{DATA:to} %{INT:id} .*",
            "from trust to untrust70012 N/A(N/A) ge-0", ["to": "untrust"]),
        Fault(
            "a value is missing, and the word is that of the text that follows",
            "^%{TIME:t} %{LOGLEVEL:level} %{GREEDYDATA:m}$",
            "10:00:00 connection refused by peer", ["m": "connection refused by peer"]),
        Fault(
            "a value is missing, and the word is the value that follows",
            "^%{TIME:t} %{INT:n} %{NOTSPACE:logger} %{GREEDYDATA:m}$",
            "10:00:00 com.x.Foo Something happened", ["logger": "com.x.Foo"]),
        Fault(
            "a value is missing, and the mark is that of flags that may be left out",
            #"^%{NOTSPACE:name} IN %{WORD:type}(?: %{DATA:flags})? \(%{IP:ip}\)"#,
            "example.org IN + (192.0.2.1)", ["flags": "+"]),
        Fault(
            "a value is there, and only its edge is not",
            "%{MONGO_SLOWQUERY}",
            "query shop.orders query: { _id: 1 } ntoreturn:1 ntoskip:0 nscanned:1042 keyUpdates:0 numYields: 2 nreturned:1reslen:84 310ms",
            ["nreturned": "1"]),
        Fault(
            "an address would begin behind its own first colon",
            "^%{WORD:tag}: %{GREEDYDATA:reason}: %{IP:ip}/%{INT:port}",
            "close: unset 2001:db8::1/53", ["ip": "2001:db8::1"]),
    ]
}
