/// Marks that are too much, missing, or in the place of something else.
extension ExplainHarmTests {
    static let marks = [
        Fault(
            "a quote beside a blank is half of a pair",
            #"(?:%{SYSLOGTIMESTAMP:t}) (?:<%{INT:f}> )?%{HOSTNAME:host}(?: %{WORD:program}\[%{INT:pid}\])?"#,
            #"Nov 24 18:22:44 "web-1" sshd[311]: a"#, ["program": "sshd"]),
        Fault(
            "a quote before a value that ends with the other one",
            "session opened for user %{USERNAME:user}(?: by %{GREEDYDATA:by})?",
            #"session opened for user "root" by (uid=0)"#, ["by": "(uid=0)"]),
        Fault(
            "a quote closes in a value before it opens",
            "^<%{INT:p}>%{SYSLOGTIMESTAMP:t}(?: %{HOSTNAME:host})? ?: x",
            #"<166>Nov 24 18:22:44" asa-edge" : x"#, ["t": "Nov 24 18:22:44"]),
        Fault(
            "a quote closes in a value before a colon",
            #"^at %{WORD:c}\((?<file>[\w.]+)(?::%{INT:line})?\)"#,
            #"at Foo(Foo.java":9")"#, ["file": "Foo.java"]),
        Fault(
            "a comma behind a time, allowed inside the time's definition",
            #"%{SYSLOGTIMESTAMP:t} \[%{WORD:c}\] %{GREEDYDATA:m}"#,
            "Tue Nov 24 18:22:44.615, [conn12] end connection", ["t": "Nov 24 18:22:44.615"]),
        Fault(
            "a mark stands in the place of a quote that may be left out",
            #"daemon at "?%{HOSTNAME:host}(?::%{INT:port})?"?\. end"#,
            #"daemon at -web-1.example.org:9102". end"#, ["host": "web-1.example.org"]),
        Fault(
            "a mark stands in the place of a part that may be left out",
            #"^%{TIME:t} (?:\[%{INT:pid}\] )?%{HOSTNAME:id} <="#,
            "18:22:44 -1tFbQz-0004Kp <=", ["id": "1tFbQz-0004Kp"]),
        Fault(
            "a mark stands in the place of a blank before any text",
            "^interface %{GREEDYDATA:m}$",
            "interface-outside", ["m": "outside"]),
        Fault(
            "a mark is missing further back, in what is a word now",
            #"^at %{NOTSPACE:class}\.%{WORD:method}\((?<file>[A-Za-z. ]+)\)"#,
            "at java.lang.Method.invokeNative Method)", ["method": "invoke"]),
        Fault(
            "a colon is missing behind a word, and a number ends it",
            "^%{WORD}:%{NONNEGINT:a} %{WORD}:%{NONNEGINT:b} %{WORD}:%{NONNEGINT:c}.*n:%{NONNEGINT:n}",
            "x:1 skip0 scan:1042 keys:0 n:1", ["c": "1042"]),
        Fault(
            "a colon is missing behind a word, and a longer number ends it",
            "^%{WORD}:%{NONNEGINT:a} %{WORD}:%{NONNEGINT:b} %{WORD}:%{NONNEGINT:c}.*n:%{NONNEGINT:n}",
            "x:1 skip:0 scan1042 keys:0 n:1", ["c": "1042"]),
        Fault(
            "a mark stands in the place of the blank before a list of words, of which one may be the first",
            #"W=%{INT:w}\s+RES=0x%{BASE16NUM:bits}\s+(?<flags>(?:(?:CWR|ACK|PSH|SYN) )*)"#,
            "W=5 RES=0x00-ACK PSH URGP=0", ["bits": "00", "flags": "ACK PSH "]),
        Fault(
            "a mark that separates no values stands in the place of a blank",
            #"^%{NOTSPACE:logger} \[%{POSINT:pid}\]$"#, "actions#[311]", ["logger": "actions"]),
        Fault(
            "a mark stands in the place of the blank before a quote",
            #"^%{NOTSPACE:a} "%{DATA:b}"$"#, #"x$"b""#, ["a": "x"]),
        Fault(
            "another mark stands before the value, which is further on then",
            #"^%{DATA:a}:%{INT:n}:%{GREEDYDATA:m}$"#, "db=1:load:2", ["n": "1", "m": "load:2"]),
    ]
}
