import Events
import Grok
import Parsing
import TestSupport
import Testing

@Suite("Parsers")
struct ParserTests {
    static func options(_ change: (inout ParserOptions) -> Void) -> ParserOptions {
        var options = ParserOptions()
        change(&options)
        return options
    }

    static let apacheLine =
        #"192.168.0.1 - - [28/Feb/2013:12:00:00 +0900] "GET /a?b=1 HTTP/1.1" 200 777 "-" "Opera/12.0""#

    static func everyParser() throws -> [(String, ParserRecipe, String, String?)] {
        var syslog = SyslogOptions()
        syslog.withPriority = true
        syslog.messageFormat = .auto
        let library = try PatternLibrary(series: .legacy)
        return [
            ("json", try .json(), #"{"a":1,"b":{"c":[1]},"a":2,"time":1500000000.25}"#, #"{"a":1,"#),
            ("json list", try .json(), #"{"a":1}"#, #"[{"a":1},{"b":2},3]"#),
            ("json list, bad time", try .json(), #"{"a":1}"#, #"[{"a":1},{"b":2,"time":null}]"#),
            ("regexp", try .regexp(#"/^(?<k>\w+)=(?<v>.*)$/"#), "key=välue", "nothing here"),
            ("grok", try .grok(GrokOptions([.init("%{WORD:w} %{INT:n:integer}")], library: library)), "abc 12", nil),
            ("ltsv", try .ltsv(), "a:1\tb:\tc\ta:x:y", nil),
            ("none", .none(), "any", nil),
            ("csv", try .csv(keys: ["a", "b", "c"]), "1,\"x \"\"y\"\"\",", "a\"b,c"),
            ("tsv", try .tsv(keys: ["a", "b"]), "1\t2\t3", nil),
            ("apache2", try .apache2(), apacheLine, "no"),
            ("nginx", try .nginx(), apacheLine, "no"),
            (
                "apache_error", try .apacheError(),
                "[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] client denied", "no"
            ),
            ("syslog", try .syslog(syslog), "<34>Dec  7 18:15:04 web-1 su[5]: failed", "no"),
            (
                "multiline",
                try .multiline(formats: [#"/^(?<a>\w+)\n/"#, #"/(?<rest>.*)$/"#]), "one\ntwo\nthree", "one"
            ),
            (
                "multi_format",
                try .firstMatch([.json(), .regexp(#"^(?<k>\w+)=(?<v>\w+)$"#)]), "a=b", "no match"
            ),
        ]
    }

    @Test("every parser keeps the rules of the contract")
    func rules() throws {
        for (_, recipe, accepts, refuses) in try Self.everyParser() {
            ParserRules.check(recipe, accepts: accepts, refuses: refuses)
        }
    }

    @Test("the limits of a parser hold for all that match by expressions, and what gives up is told from no match")
    func limits() throws {
        var options = ParserOptions()
        options.matchLimits.matchSteps = 1
        var syslog = SyslogOptions()
        syslog.options = options
        var grok = GrokOptions([.init("^(?<x>(?:a|aa)+)$")], library: PatternLibrary())
        grok.options = options
        let recipes: [(String, ParserRecipe)] = [
            ("regexp", try .regexp("^(?<x>(?:a|aa)+)$", options)), ("grok", try .grok(grok)),
            ("apache2", try .apache2(options)), ("nginx", try .nginx(options)),
            ("apache_error", try .apacheError(options)), ("syslog", try .syslog(syslog)),
            ("multiline", try .multiline(formats: ["/^(?<x>(?:a|aa)+)$/"], options)),
        ]
        let lines = [
            "aaaaaaaaa!", #"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 23 "-" "x""#,
            "[Wed Oct 11 14:32:52 2000] [error] [client 1.2.3.4] x", "Oct 11 22:14:15 host prog[1]: text",
        ]
        for (name, recipe) in recipes {
            let answers = lines.map { Trial.run(recipe, $0) }
            let gaveUp = answers.contains { if case .gaveUp = $0 { true } else { false } }
            #expect(gaveUp, "\(name): \(answers)")
        }
    }

    @Test("a field says which of several formats it was, in each record that came of the text") func formatKey() throws
    {
        let recipe = try ParserRecipe.firstMatch(
            [.json(), .none(), .none()], formatKey: "f", names: ["docker", nil, "never"])
        #expect(Trial.run(recipe, #"{"a":1}"#) == .record(#"{"a":1,"f":"docker"}"#, nil))
        #expect(Trial.run(recipe, #"{"f":0,"a":1}"#) == .record(#"{"f":"docker","a":1}"#, nil))
        #expect(Trial.run(recipe, "text") == .record(#"{"message":"text"}"#, nil))
    }

    @Test("when one format gives up the next is tried, and no match is not said")
    func formats() throws {
        var options = ParserOptions()
        options.matchLimits.matchSteps = 100
        let slow = try ParserRecipe.regexp("^(?<x>(?:a|aa)+)$", options)
        let line = String(repeating: "a", count: 60) + "!"
        #expect(Trial.run(try .firstMatch([slow, .none()]), line) == .record("{\"message\":\"\(line)\"}", nil))
        guard case .gaveUp = Trial.run(try .firstMatch([slow, .json()]), line) else {
            Issue.record("no match was said")
            return
        }
    }

    @Test("records have Fluentd's fields in Fluentd's order")
    func records() throws {
        let expected = [
            "json": #"{"a":2,"b":{"c":[1]}} at 1500000000.250000000"#,
            "regexp": #"{"k":"key","v":"välue"} at no time"#,
            "grok": #"{"w":"abc","n":12} at no time"#,
            "ltsv": #"{"a":"x:y","b":""} at no time"#,
            "none": #"{"message":"any"} at no time"#,
            "csv": #"{"a":"1","b":"x \"y\"","c":null} at no time"#,
            "tsv": #"{"a":"1","b":"2\t3"} at no time"#,
            "apache2":
                #"{"host":"192.168.0.1","user":null,"method":"GET","path":"/a?b=1","code":200,"size":777,"referer":null,"agent":"Opera/12.0"} at 1362020400.0"#,
            "nginx":
                #"{"remote":"192.168.0.1","host":"-","user":"-","method":"GET","path":"/a?b=1","code":"200","size":"777","referer":"-","agent":"Opera/12.0"} at 1362020400.0"#,
            "multiline": #"{"a":"one","rest":"two\nthree"} at no time"#,
            "multi_format": #"{"k":"a","v":"b"} at no time"#,
        ]
        for (name, recipe, accepts, _) in try Self.everyParser() where expected[name] != nil {
            #expect("\(Trial.run(recipe, accepts))" == expected[name], "\(name)")
        }
    }

    @Test("a list of objects is several records, other JSON is none")
    func jsonLists() throws {
        let json = try ParserRecipe.json()
        #expect(Trial.run(json, #" [ {"a":1} , /* c */ {"b":2,"time":3} ] "#) == .records([#"{"a":1}"#, #"{"b":2}"#]))
        for text in ["[1,2]", #"[{"a":1},2]"#, "[]", "\"x\"", "5", "null", "{\"a\":1} x", "", "[{\"a\":1}"] {
            #expect(Trial.run(json, text) == .noMatch, "\(text)")
        }
        #expect(
            Trial.run(json, #"[{"a":1},{"time":{}}]"#) == .invalidTime("value must be a string or a number: {}(Hash)"))
    }

    @Test("JSON times as the golden data has them")
    func jsonTimes() throws {
        let json = try ParserRecipe.json()
        func time(_ text: String) -> Trial.Answer { Trial.run(json, "{\"time\":\(text)}") }
        #expect(time("1500000000") == .record("{}", EventTime(seconds: 1_500_000_000)))
        #expect(time("1500000000.25") == .record("{}", EventTime(seconds: 1_500_000_000, nanoseconds: 250_000_000)))
        #expect(time("\"1500000000.5\"") == .record("{}", EventTime(seconds: 1_500_000_000, nanoseconds: 500_000_000)))
        #expect(time("0") == .record("{}", EventTime(seconds: 0)))
        #expect(time("null") == .invalidTime("value must be a string or a number: (NilClass)"))
        #expect(time("{}") == .invalidTime("value must be a string or a number: {}(Hash)"))
        // An ISO time under the defaults: the leading digits count as seconds.
        #expect(
            time("\"2019-12-17T18:15:04.146453\"")
                == .record("{}", EventTime(seconds: 2019, nanoseconds: 146_453_000)))
    }

    @Test("time options as the golden data has them")
    func timeOptions() throws {
        let format = try ParserRecipe.json(
            Self.options {
                $0.timeKey = "timestamp"
                $0.timeFormat = "%Y-%m-%d %H:%M:%S"
                $0.keepTimeKey = true
                $0.utc = true
            })
        #expect(
            Trial.run(format, #"{"timestamp":"2019-12-17 04:50:50 trailing","a":1}"#)
                == .record(
                    #"{"timestamp":"2019-12-17 04:50:50 trailing","a":1}"#, EventTime(seconds: 1_576_558_250)))
        #expect(Trial.run(format, #"{"a":1}"#) == .record(#"{"a":1}"#, nil))
        let tokyo = try ParserRecipe.json(
            Self.options {
                $0.timeKey = "timestamp"
                $0.timeFormat = "%Y-%m-%d %H:%M:%S"
                $0.timezone = "+09:00"
            })
        #expect(
            Trial.run(tokyo, #"{"timestamp":"2019-12-17 04:50:50"}"#)
                == .record("{}", EventTime(seconds: 1_576_558_250 - 32_400)))
        let iso = try ParserRecipe.json(
            Self.options {
                $0.timeKey = "ts"
                $0.timeType = .string
                $0.timeFormat = "%iso8601"
            })
        #expect(
            Trial.run(iso, #"{"ts":"2019-12-17T04:50:50.123456+09:00"}"#)
                == .record("{}", EventTime(seconds: 1_576_525_850, nanoseconds: 123_456_000)))
        #expect(
            Trial.run(iso, #"{"ts":"2019-12-17"}"#)
                == .invalidTime(
                    "invalid time format: value = 2019-12-17, error_class = ArgumentError, "
                        + "error = invalid xmlschema format: \"2019-12-17\""))
        let unix = try ParserRecipe.json(
            Self.options {
                $0.timeKey = "ts"
                $0.timeType = .unixtime
            })
        #expect(Trial.run(unix, #"{"ts":1500000000}"#) == .record("{}", EventTime(seconds: 1_500_000_000)))
        #expect(Trial.run(unix, #"{"ts":"1500000000"}"#) == .record("{}", EventTime(seconds: 1_500_000_000)))
        #expect(Trial.run(unix, #"{"ts":"abc"}"#) == .record("{}", EventTime(seconds: 0)))
        let mixed = try ParserRecipe.json(
            Self.options {
                $0.timeType = .mixed
                $0.timeFormatFallbacks = ["unixtime", "%Y-%m-%d %H:%M:%S %z", "%iso8601"]
            })
        for text in ["1576558250", "\"1576558250\"", "\"2019-12-17 04:50:50 +0000\"", "\"2019-12-17T04:50:50Z\""] {
            #expect(Trial.run(mixed, "{\"time\":\(text)}") == .record("{}", EventTime(seconds: 1_576_558_250)))
        }
        guard case .invalidTime = Trial.run(mixed, #"{"time":"x"}"#) else {
            Issue.record("x is no time")
            return
        }
    }

    @Test("types as the golden data has them")
    func types() throws {
        let recipe = try ParserRecipe.regexp(
            #"/^(?<i>\S+) (?<f>\S+) (?<b>\S+) (?<a>\S+) (?<s>\S*)(?: (?<opt>\S+))?$/"#,
            Self.options { $0.types = "i:integer,f:float,b:bool,a:array" })
        let cases = [
            "12 1.5 true a,b,c str": #"{"i":12,"f":1.5,"b":true,"a":["a","b","c"],"s":"str"}"#,
            "abc xyz yes a str opt": #"{"i":0,"f":0.0,"b":true,"a":["a"],"s":"str","opt":"opt"}"#,
            "0x1f .5 TRUE a,,b ": #"{"i":0,"f":0.5,"b":true,"a":["a","","b"],"s":""}"#,
            "12abc 1.5x false a x": #"{"i":12,"f":1.5,"b":false,"a":["a"],"s":"x"}"#,
            "99999999999999999999999 Infinity off a x":
                #"{"i":99999999999999999999999,"f":0.0,"b":false,"a":["a"],"s":"x"}"#,
            "１２ 1_000 on a x": #"{"i":0,"f":1000.0,"b":false,"a":["a"],"s":"x"}"#,
            "-1_0 -1_000.50e2 1 ,, x": #"{"i":-10,"f":-100050.0,"b":true,"a":[],"s":"x"}"#,
            "-9223372036854775808 1.50 Yes a x": #"{"i":-9223372036854775808,"f":1.5,"b":true,"a":["a"],"s":"x"}"#,
            "-009223372036854775809 -.5 no a x": #"{"i":-9223372036854775809,"f":-0.5,"b":false,"a":["a"],"s":"x"}"#,
            "18446744073709551615 00.25 no a x": #"{"i":18446744073709551615,"f":0.25,"b":false,"a":["a"],"s":"x"}"#,
        ]
        for (text, json) in cases { #expect(Trial.run(recipe, text) == .record(json, nil), "\(text)") }
        #expect(Trial.run(recipe, "0x1f .5 TRUE a,,b  ") == .noMatch)
    }

    @Test("types of values that JSON has given types")
    func jsonTypes() throws {
        let recipe = try ParserRecipe.json(
            Self.options {
                $0.types =
                    #"{"i":"integer","f":"float","s":"string","b":"bool","a":"array:;","t":"time:Asia/Tokyo:%F %T"}"#
            })
        #expect(
            Trial.run(recipe, #"{"i":3.9,"f":2,"s":12,"b":1,"a":"x;y\n","t":"2026-11-24 18:22:44","n":null}"#)
                == .record(#"{"i":3,"f":2.0,"s":"12","b":true,"a":["x","y\n"],"t":1795512164,"n":null}"#, nil))
        #expect(
            Trial.run(recipe, #"{"i":null,"f":"\u0031.5","s":true,"b":"no","a":[1],"t":"soon"}"#)
                == .record(#"{"i":null,"f":1.5,"s":"true","b":false,"a":[1],"t":null}"#, nil))
    }

    @Test("nulls as the golden data has them")
    func nulls() throws {
        let recipe = try ParserRecipe.regexp(
            #"/^(?<a>[^,]*),(?<b>[^,]*)$/"#,
            Self.options {
                $0.nullEmptyString = true
                $0.nullValuePattern = "^-$"
            })
        #expect(Trial.run(recipe, "a,") == .record(#"{"a":"a","b":null}"#, nil))
        #expect(Trial.run(recipe, "-,b") == .record(#"{"a":null,"b":"b"}"#, nil))
        #expect(Trial.run(recipe, "--,-") == .record(#"{"a":"--","b":null}"#, nil))
        let json = try ParserRecipe.json(Self.options { $0.nullValuePattern = "/^(-|n/a)$/i" })
        #expect(Trial.run(json, #"{"a":"N/A","b":"\u002d","c":"x"}"#) == .record(#"{"a":null,"b":null,"c":"x"}"#, nil))
    }

    @Test("the options of a regular expression")
    func regexpOptions() throws {
        let recipe = try ParserRecipe.regexp(#"/^(?<k>HELLO) (?<rest>.*)$/im"#)
        #expect(Trial.run(recipe, "hello world\nsecond") == .record(#"{"k":"hello","rest":"world\nsecond"}"#, nil))
        #expect(Trial.run(recipe, "HeLLo") == .noMatch)
        #expect(throws: SettingError.self) { try ParserRecipe.regexp("/(x)/") }
        let error = #expect(throws: SettingError.self) { try ParserRecipe.regexp("/(?<a>x/") }
        #expect(error?.parameter == "expression")
    }

    @Test("what is no UTF-8 is matched repaired")
    func repaired() throws {
        let recipe = try ParserRecipe.regexp(#"h(?<x>.)me (?<y>\w+)"#)
        #expect(
            Trial.run(recipe.makeParser(), [0x68, 0xFF, 0x6D, 0x65, 0x20, 0x61])
                == .record("{\"x\":\"\u{FFFD}\",\"y\":\"a\"}", nil))
    }

    @Test("grok lists, names and failures as the golden data has them")
    func grok() throws {
        var options = GrokOptions(
            [
                .init("%{WORD:w}:%{INT:n:integer}:%{NUMBER:f:float}", name: "first"),
                .init("%{IP:ip} %{URIPATHPARAM:p}"),
            ], library: try PatternLibrary(series: .legacy))
        options.nameKey = "grokname"
        options.failureKey = "grokfailure"
        let recipe = try ParserRecipe.grok(options)
        #expect(Trial.run(recipe, "abc:12:3.5") == .record(#"{"w":"abc","n":12,"f":3.5,"grokname":"first"}"#, nil))
        #expect(Trial.run(recipe, "1.2.3.4 /x?y") == .record(#"{"ip":"1.2.3.4","p":"/x?y","grokname":1}"#, nil))
        #expect(
            Trial.run(recipe, "zzz") == .record(#"{"message":"zzz","grokfailure":"No grok pattern matched"}"#, nil))
        options.sections = [.init("%{NOSUCH:x}")]
        let error = #expect(throws: SettingError.self) { try ParserRecipe.grok(options) }
        #expect(error?.parameter == "grok_pattern")
    }

    @Test("syslog in both forms")
    func syslog() throws {
        var options = SyslogOptions()
        options.messageFormat = .auto
        options.withPriority = true
        options.options.utc = true
        options.options.timeFormat = "%Y %b %d %H:%M:%S"
        options.options.keepTimeKey = false
        let auto = try ParserRecipe.syslog(options)
        #expect(
            Trial.run(
                auto,
                #"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [ex@1 iut="3"][b@2] BOMAn app"#)
                == .record(
                    #"{"pri":165,"host":"mymachine.example.com","ident":"evntslog","pid":"-","msgid":"ID47","extradata":"[ex@1 iut=\"3\"][b@2]","message":"BOMAn app"}"#,
                    EventTime(seconds: 1_065_910_455, nanoseconds: 3_000_000)))
        #expect(
            Trial.run(auto, "<34>1 - host app 5 - - x")
                == .record(
                    #"{"pri":34,"host":"host","ident":"app","pid":"5","msgid":"-","extradata":"-","message":"x"}"#, nil)
        )
        #expect(
            Trial.run(auto, "<34>1 2003-10-11T22:14:15+02:00 host app 5 - -")
                == .record(
                    #"{"pri":34,"host":"host","ident":"app","pid":"5","msgid":"-","extradata":"-"}"#,
                    EventTime(seconds: 1_065_903_255)))
        let plain = try ParserRecipe.syslog(SyslogOptions())
        guard case .record(let json, let time) = Trial.run(plain, "Dec  7 18:15:04 web-1 sshd[5]: a: b") else {
            Issue.record("no match")
            return
        }
        #expect(json == #"{"host":"web-1","ident":"sshd","pid":"5","message":"a: b"}"#)
        #expect(time.map { $0.seconds % 86_400 } != nil)
    }

    @Test(
        "a syslog line is malformed, has no time, or does not match, in that order",
        arguments: [
            ("short line", "malformed"), ("", "malformed"), ("a  b  ", "malformed"), ("one two three", "malformed"),
            ("one two three ", "time"), ("a b c d", "time"), ("Dec 32 18:15:04 x", "time"),
            ("Dec  7 18:15:04 web-1", "no match"), ("Dec 7 18:15:04 ", "no match"),
        ])
    func syslogErrors(_ line: String, _ expected: String) throws {
        func kind(_ answer: Trial.Answer) -> String {
            switch answer {
            case .malformed: "malformed"
            case .invalidTime: "time"
            case .noMatch: "no match"
            default: "\(answer)"
            }
        }
        #expect(kind(Trial.run(try .syslog(), line)) == expected)
        var options = SyslogOptions()
        options.withPriority = true
        #expect(kind(Trial.run(try .syslog(options), "<34>" + line)) == expected)
        #expect(kind(Trial.run(try .syslog(options), line)) == "no match")
        options.messageFormat = .auto
        #expect(kind(Trial.run(try .syslog(options), "<34>" + line)) == expected)
        options.messageFormat = .rfc5424
        #expect(kind(Trial.run(try .syslog(options), "<34>1 2003-10-11T22:14:15.003Z host")) == "no match")
        #expect(kind(Trial.run(try .syslog(options), "<34>1 soonish host app")) == "time")
        #expect(kind(Trial.run(try .syslog(options), "<34>1 soonish")) == "malformed")
        // A time of one word needs one blank.
        options = SyslogOptions()
        options.options.timeFormat = "%Y-%m-%dT%H:%M:%S"
        #expect(kind(Trial.run(try .syslog(options), "2003-10-11T22:14:15 host")) == "no match")
        #expect(kind(Trial.run(try .syslog(options), "x host")) == "time")
        #expect(kind(Trial.run(try .syslog(options), "x")) == "malformed")
    }

    @Test(
        "a text of several records is cut at its first lines",
        arguments: [
            ("B 1", [#"{"n":"1"}"#]), ("B 1\nB 2", [#"{"n":"1"} at no time"#, #"{"n":"2"} at no time"#]),
            ("B 1\r\nB 2\r\n", [#"{"n":"1"} at no time"#, #"{"n":"2"} at no time"#]),
            ("B 1\nx\n\nB 2\ny", [#"{"n":"1","r":"x\n"} at no time"#, #"{"n":"2","r":"y"} at no time"#]),
            ("junk\nB 1", ["no match", #"{"n":"1"} at no time"#]),
            ("B x\nB 2\nB y", ["no match", #"{"n":"2"} at no time"#, "no match"]), ("\n\n", []), ("", []),
            ("B 1\nnot B 2", [#"{"n":"1","r":"not B 2"}"#]),
        ] as [(String, [String])])
    func cut(_ text: String, _ expected: [String]) throws {
        let recipe = try ParserRecipe.multiline(
            formats: [#"/\AB (?<n>\d)/"#, #"/(?:\n(?<r>.*))?\z/"#], firstLine: "/^B/")
        let answer = Trial.run(recipe, text)
        switch expected.count {
        case 0: #expect(answer == .noMatch)
        case 1: #expect(answer == .record(expected[0], nil))
        default: #expect(answer == .records(expected))
        }
        #expect(throws: SettingError.self) { try ParserRecipe.multiline(formats: ["(?<a>x)"], firstLine: "/^(/") }
    }

    /// Facts from Ruby 3.1's `CSV.parse_line`.
    @Test("csv lines as Ruby reads them")
    func csvLines() throws {
        let recipe = try ParserRecipe.csv(keys: ["a", "b"])
        let cases: [(String, String?)] = [
            ("a,b", #"{"a":"a","b":"b"}"#), ("a,\"b", nil), ("a,b\"c", nil), ("\"a\"b,c", nil), (" \"a\",b", nil),
            ("a,,", #"{"a":"a","b":null}"#), ("", nil), ("a\nb", #"{"a":"a","b":null}"#),
            ("a,b\r\n", #"{"a":"a","b":"b"}"#), ("\"a\nb\",c", #"{"a":"a\nb","b":"c"}"#),
            (",", #"{"a":null,"b":null}"#), ("\"\"", #"{"a":"","b":null}"#), ("\"a\" ,b", nil),
            ("\"a\"\"b\",c,d", #"{"a":"a\"b","b":"c"}"#),
        ]
        for (text, json) in cases {
            guard let json else {
                guard case .malformed = Trial.run(recipe, text) else {
                    Issue.record("\(text) is no CSV")
                    continue
                }
                continue
            }
            #expect(Trial.run(recipe, text) == .record(json, nil), "\(text)")
        }
    }

    /// Facts from Ruby 3.1's `String#to_i` and `String#to_f`.
    @Test(
        "leading numbers as Ruby finds them",
        arguments: [
            ("12_", "12", "12.0"), ("_12", "0", "0.0"), ("1__2", "1", "1.0"), ("- 1", "0", "-0.0"), ("+1", "1", "1.0"),
            ("1e3", "1", "1000.0"), ("1._5", "1", "1.0"), ("0x1A", "0", "0.0"), ("1e", "1", "1.0"),
            ("1_000.5_5", "1000", "1000.55"), ("1.5e+3", "1", "1500.0"), ("1.5e1_0", "1", "15000000000.0"),
            ("\u{B}5", "5", "5.0"), ("\u{A0}5", "0", "0.0"), ("", "0", "0.0"), ("-", "0", "-0.0"),
        ])
    func numbers(_ text: String, _ integer: String, _ float: String) throws {
        let types = Self.options { $0.types = "i:integer,f:float" }
        let tsv = try ParserRecipe.tsv(keys: ["i", "f"], types)
        guard case .record(let json, _) = Trial.run(tsv, text + "\t" + text) else {
            Issue.record("no record")
            return
        }
        // Ruby takes a sign without digits for 0.0; the sign of a zero does not survive JSON here.
        #expect(
            json.replacing("-0.0", with: "0.0") == "{\"i\":\(integer),\"f\":\(float)}".replacing("-0.0", with: "0.0"))
    }

    @Test("MessagePack maps are records")
    func messagePack() throws {
        let recipe = try ParserRecipe.messagePack()
        #expect(
            Trial.run(recipe.makeParser(), [0x82, 0xA1, 0x61, 0x01, 0xA4, 0x74, 0x69, 0x6D, 0x65, 0x05])
                == .record(#"{"a":1}"#, EventTime(seconds: 5)))
        #expect(
            Trial.run(recipe.makeParser(), [0x81, 0xA1, 0x61, 0x01, 0x81, 0xA1, 0x61, 0x02])
                == .records([#"{"a":1}"#, #"{"a":2}"#]))
        for bytes: [UInt8] in [[], [0x01], [0x81, 0xA1], [0x81, 0xA1, 0x61, 0x01, 0x01]] {
            #expect(Trial.run(recipe.makeParser(), bytes) == .noMatch)
        }
    }

    @Test("a number that is not finite is no time")
    func infiniteTime() throws {
        for options in [Self.options { $0.timeType = .unixtime }, Self.options { _ in }] {
            guard case .invalidTime = Trial.run(try .json(options), #"{"time":1e400}"#) else {
                Issue.record("1e400 is no time")
                return
            }
            #expect(
                Trial.run(try .json(options), #"{"time":15e8}"#) == .record("{}", EventTime(seconds: 1_500_000_000)))
        }
    }

    @Test("random damage never traps a parser, and keeps keys unique")
    func noise() throws {
        var random = SeededGenerator(seed: 4)
        for (name, recipe, accepts, _) in try Self.everyParser() {
            let parser = recipe.makeParser()
            let good = Array(accepts.utf8)
            for _ in 0..<2_000 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0 where !bytes.isEmpty: bytes.remove(at: place)
                    case 1 where !bytes.isEmpty: bytes[place] = .random(in: 0...255, using: &random)
                    default: bytes.insert(good[Int.random(in: 0..<good.count, using: &random)], at: place)
                    }
                }
                var storage = ByteBuffer()
                var rows = Rows(fieldCapacity: 16)
                parser.beginBatch(storage: &storage)
                let start = storage.count
                storage.append(bytes)
                let text = Slice(offset: start, length: bytes.count)
                switch parser.parse(text, storage: &storage, rows: &rows) {
                case .matched:
                    let keys = (0..<rows.fields.count).map { storage.array(rows.fields[$0].key) }
                    #expect(Set(keys).count == keys.count, "\(name): \(storage.text(text))")
                    _ = Trial.json(0..<rows.fields.count, storage, rows)
                case .matchedMany, .parts: break
                case .noMatch, .invalidTime, .malformed, .gaveUp: #expect(rows.fields.count == 0, "\(name)")
                }
            }
        }
    }

    @Test("bad parameters are named")
    func setupErrors() {
        func parameter(_ change: (inout ParserOptions) -> Void) -> String? {
            do {
                _ = try ParserRecipe.regexp("(?<a>x)", Self.options(change))
                return nil
            } catch {
                return error.parameter
            }
        }
        #expect(parameter { $0.timezone = "+09:00" } == "timezone")
        #expect(parameter { $0.utc = true } == "utc")
        #expect(parameter { $0.localtime = false } == "localtime")
        #expect(
            parameter {
                $0.timeFormat = "%Y"
                $0.timezone = "JST"
            } == "timezone")
        #expect(
            parameter {
                $0.utc = true
                $0.localtime = true
            } == "localtime")
        #expect(parameter { $0.timeFormat = "%Y %f" } == "time_format")
        #expect(parameter { $0.timeType = .mixed } == "time_type")
        #expect(
            parameter {
                $0.timeType = .mixed
                $0.timeFormatFallbacks = ["%!"]
            } == "time_format_fallbacks")
        #expect(parameter { $0.types = "a:uuid" } == "types")
        #expect(parameter { $0.types = "a" } == "types")
        #expect(parameter { $0.nullValuePattern = "(" } == "null_value_pattern")
        #expect(parameter { $0.timeKey = "x" } == nil)
    }

    @Test("a record without a time has none, whatever the one before had") func timeOfTheOneBefore() throws {
        let parser = try ParserRecipe.regexp("^(?<time>[0-9]+)?;(?<m>.*)$", unixTimes).makeParser()
        var times: [EventTime?] = []
        var storage = ByteBuffer()
        var rows = Rows()
        parser.beginBatch(storage: &storage)
        for line in ["5;a", ";b", "7;c"] {
            let text = storage.append(copyOf: Array(line.utf8))
            guard case .matched(let time) = parser.parse(text, storage: &storage, rows: &rows) else {
                Issue.record("no match: \(line)")
                return
            }
            times.append(time)
        }
        #expect(times == [EventTime(seconds: 5), nil, EventTime(seconds: 7)])
    }

    private var unixTimes: ParserOptions {
        var options = ParserOptions()
        options.timeType = .unixtime
        return options
    }

    @Test("two formats that gave up have taken all the time a text is worth") func twoGaveUp() throws {
        var options = ParserOptions()
        options.matchLimits.matchSteps = 100
        let slow = try ParserRecipe.regexp("^(?<x>(?:a|aa)+)$", options)
        let line = String(repeating: "a", count: 60) + "!"
        guard case .gaveUp = Trial.run(try .firstMatch([slow, slow, .none()]), line) else {
            Issue.record("a third format was tried")
            return
        }
    }

    @Test("a text whose time is none leaves no fields", arguments: [true, false]) func noFields(isJSON: Bool) throws {
        var options = unixTimes
        options.timeType = .string
        let parser = try (isJSON ? ParserRecipe.json(options) : .ltsv(options)).makeParser()
        var storage = ByteBuffer()
        var rows = Rows()
        let text = storage.append(copyOf: Array((isJSON ? #"{"a":1,"time":"never"}"# : "a:1\ttime:never").utf8))
        guard case .invalidTime = parser.parse(text, storage: &storage, rows: &rows) else {
            Issue.record("a time was found")
            return
        }
        #expect(rows.fields.count == 0)
    }

    @Test("what could not be converted is told once") func faultsOnce() throws {
        var options = ParserOptions()
        options.types = "a:integer"
        let faults = ConversionFaults()
        let parser = try ParserRecipe.ltsv(options).makeParser(noting: faults)
        var storage = ByteBuffer()
        var rows = Rows()
        for _ in 0..<2 {
            let text = storage.append(copyOf: Array("a:fast".utf8))
            _ = parser.parse(text, storage: &storage, rows: &rows)
        }
        #expect(faults.take().map(\.count) == [2])
        #expect(faults.isEmpty && faults.take().isEmpty)
    }
}
