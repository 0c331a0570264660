import Grok
import Testing

/// Changes that would make a line match and give a field another text than it has: each was offered once.
@Suite struct ExplainHarmTests {
    /// An expression and a line with one fault, and fields that any change must leave with these texts.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expression: String
        let line: String
        let fields: [String: String]

        init(_ testDescription: String, _ expression: String, _ line: String, _ fields: [String: String]) {
            (self.testDescription, self.expression, self.line) = (testDescription, expression, line)
            self.fields = fields
        }
    }

    static let faults = [
        Fault(
            "a literal that is put back is elsewhere in what is read behind it",
            #"^%{INT:n} %{WORD:level} %{NOTSPACE:base} %{NOTSPACE:logger}: %{GREEDYDATA:m}$"#,
            "17 INFO shop: Caches cleared", ["m": "Caches cleared"]),
        Fault(
            "an optional part is in the value before, which was widened",
            #"^%{IP:from}(?:\(%{DATA:user}\))? Accessed %{GREEDYDATA:url}$"#, #"192.0.2.8(jane), Accessed http://x/a"#,
            ["user": "jane"]),
        Fault(
            "a part that is made optional is in the value before",
            #"^to %{NOTSPACE:interface}:%{IP:to}/%{INT:port} with$"#, "to :203.0.113.80/443 with",
            ["to": "203.0.113.80"]),
        Fault(
            "an optional part is in what is not read",
            #"^<%{INT:p}>%{INT:v} +%{IP:host} +(?:-|%{POSINT:pid}) +%{NOTSPACE:id} +(?:(?<sd>\[[^\]]+\])|-|)"#,
            #"<16>1 192.0.2.1  ID47 [req@32 id="9"]"#, ["sd": #"[req@32 id="9"]"#]),
        Fault(
            "an optional word is in the value before", #"^on %{DATA:name} (?:interface\.)?  end %{INT:n}$"#,
            "on outsideinterface.  end 7", ["name": "outside"]),
        Fault(
            "a text beside a value is missing, and the value is in order", #"^URL %{IP:to}:%{GREEDYDATA:url}$"#,
            "URL 203.0.113.80http://a/b", ["to": "203.0.113.80", "url": "http://a/b"]),
        Fault(
            "a mark stands in the place of a blank", #"^%{TIME:t} %{NOTSPACE:logger} +\[%{POSINT:pid}\]$"#,
            "05:06:07 actions-[311]", ["logger": "actions"]),
        Fault(
            "a mark stands in the place of another, and the value behind it is further on",
            #"^%{DATA:a};%{DATA:b};%{INT:n};%{GREEDYDATA:m}$"#, "db;SOFT,1;load = 7,1; 5,0",
            ["m": "load = 7,1; 5,0"]),
        Fault(
            "a bracket may be where the value ends, or the mark behind it",
            #"^on (?<path>/[\w./]+)\).?$"#, "on /mnt/backup.", ["path": "/mnt/backup"]),
        Fault(
            "the first value is missing",
            #"(?:%{SYSLOGTIMESTAMP:t}) %{HOSTNAME:host}(?: %{WORD:program}\[%{INT:pid}\])?"#,
            "web-1 sshd[311]", ["host": "web-1"]),
        Fault(
            "a mark that joins two numbers is missing, and the first takes more",
            #"client %{IP:client}#%{POSINT:port} \("#, "client 2001:db8::885353 (", ["port": "5353"]),
        Fault(
            "a sign stands between two numbers", #"^%{INT:a}/%{INT:b}/%{INT:c} end$"#, "4/2+1 end",
            ["b": "2", "c": "+1"]),
        Fault(
            "a comma before a blank that is there",
            #"^%{TIME:t} %{WORD:s} (?:%{WORD:c}%{SPACE})?(?:\[%{DATA:x}\])? %{GREEDYDATA:m}$"#,
            "05:06:07 I, NETWORK  [c12] end now", ["c": "NETWORK", "x": "c12", "m": "end now"]),
        Fault(
            "the first of two words is the value's before",
            #"^%{WORD:action} %{WORD:protocol} %{NOTSPACE:interface}/%{IP:ip}"#, "denied two words dmz/192.0.2.200",
            ["interface": "dmz"]),
        Fault(
            "a bracket in brackets", #"^in/%{IP:ip}\(%{INT:port}\)(?:\(%{DATA:user}\))? hit$"#,
            "in/192.0.2.8(443(jane) hit", ["user": "jane"]),
        Fault(
            "a value before is missing, and the last is what stands where it is expected",
            #"^%{INT:n} %{QS:referrer} %{QS:agent}"#, #"126 "Mozilla" vhost=x"#, ["agent": #""Mozilla""#]),
        Fault(
            "one part or another further away may be missing",
            #"^%{NOTSPACE:elb} %{IP:client}:%{INT:port} (?:%{IP:backend}:%{INT:other}|-) %{INT:n}$"#,
            "front 192.0.2.1:4 5", ["client": "192.0.2.1", "port": "4"]),
        Fault(
            "an identifier is missing with the colon behind it", #"^mx1 smtpd: %{WORD:id}: %{GREEDYDATA:m}$"#,
            "mx1 smtpd: connect from a", ["m": "connect from a"]),
        Fault(
            "a mark stands for a value, and what is wanted behind it",
            #"^wall:(?:%{WORD:a})?:(?:%{WORD:b})?.*IN=%{WORD:in}$"#, "wall:-:DROP:IN=eth0", ["b": "DROP"]),
        Fault(
            "a value in brackets in the place of a number that is missing",
            #"^%{INT:q}/%{INT:b} (?:\{%{DATA:request}\})? ?(?:\{%{DATA:response}\})? ?%{QS:line}$"#,
            #"0/{shop} {x} "GET""#, ["request": "shop", "response": "x"]),
        Fault(
            "a mark stands in the place of a blank that what is behind it looks for",
            #"^ID=(?:%{INT:id})?\s+(?<flags>(?:(?<= )(?:CE|DF))?)(?: FRAG: %{INT:part})?"#, "ID=4242-DF PROTO=TCP",
            ["id": "4242", "flags": "DF"]),
        Fault(
            "a mark stands in the place of the tab before a number",
            #"^%{INT:n}\t%{GREEDYDATA:m}\t(?<u>[^\t]*)\t%{NUMBER:a}\t%{NUMBER:b}\t%{GREEDYDATA:s}\t(?<x>[^\t]*)$"#,
            "1\tPOST\t-\t311-16\t404\tOK\t-", ["u": "311", "a": "16"]),
        Fault(
            "a mark stands in the place of blanks that may be left out", "%{RUBY_LOGGER}",
            "W, [2026-11-24T18:22:44 #1]-WARN --   billing: service=a | event=b", ["loglevel": "WARN"]),
        Fault(
            "the blank behind a value of one letter is missing",
            #"%{TIMESTAMP_ISO8601:t} %{MONGO3_SEVERITY:s} (?:-|%{WORD:c})%{SPACE}(?:\[%{DATA:x}\])? %{GREEDYDATA:m}"#,
            "2026-11-24T18:22:44.615Z ECOMMAND no context here", ["c": "COMMAND"]),
        Fault(
            "the blank before a quote is missing",
            #"^%{NOTSPACE:op} (?:-|%{NOTSPACE:key}) (?:-|"%{WORD:verb} %{NOTSPACE:path}(?: HTTP/%{NUMBER:v})?") %{INT:code}"#,
            #"OBJECT -"GET /?all HTTP/1.1" 200"#, ["v": "1.1"]),
        Fault(
            "marks stand for a blank behind a number of which a digit would be enough",
            #"^LEN=%{INT:l}\s+TOS=(?:0|0x%{BASE16NUM:tos})?\s+PREC=%{INT:p}$"#, #"LEN=60 TOS=0x00" "PREC=0"#,
            ["tos": "00"]),
        Fault(
            "the blank behind a part that may be left out is missing",
            #"^client(?::? @0x\h+)? %{IP:ip}#%{POSINT:port} \("#, "client @0x7f00c80a1b20192.0.2.88#40123 (",
            ["ip": "192.0.2.88"]),
        Fault(
            "the beginning of what would be left out stands there",
            #"%{SYSLOGTIMESTAMP:t} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host} %{SYSLOGPROG}:"#,
            "Nov  4 08:02:04192.0.2.1 kernel: oops", ["t": "Nov  4 08:02:04"]),
        Fault(
            "a mark that would be left out stands there, and only the blank is missing",
            #"^dovecot: %{NOTSPACE:service}: Login: user=%{WORD:user}$"#, "dovecot: imap-login:Login: user=jane",
            ["service": "imap-login"]),
    ]

    @Test("no change gives a field another text", arguments: faults + marks + values)
    func harmless(_ fault: Fault) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let line = Array(fault.line.utf8)
        let found = try #require(try compiler.explain(fault.expression, line: line))
        for remedy in found.suggestions {
            let changed = compiler.applying(remedy)
            let fields = try #require(NearMissFields.of(remedy.expression, line: line, changed))
            for (name, text) in fault.fields {
                let own = fields[name].map { String(decoding: line[$0], as: UTF8.self) }
                #expect(own == text, "\(name) of \(remedy.expression) \(remedy.definition?.expression ?? "")")
            }
        }
    }
}
