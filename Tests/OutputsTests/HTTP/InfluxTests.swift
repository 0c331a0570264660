import Events
import Outputs
import TestSupport
import Testing

@Suite("influxdb2, influxdb")
struct InfluxTests {
    private func settings(_ change: (inout InfluxSettings) -> Void = { _ in }) -> InfluxSettings {
        var settings = InfluxSettings()
        (settings.url, settings.store) = ("http://db:8086", .bucket(name: "b 1", organisation: "o", token: "t"))
        change(&settings)
        return settings
    }

    @Test("points are written with bucket, organisation and precision")
    func write() throws {
        let settings = settings()
        let chunk = try items(InfluxWriter(settings), [#"{"n":1}"#, #"{"n":2}"#])
        let talk = try Conversation(InfluxService(settings), chunk, [answer(204)])
        #expect(talk.lines == ["POST http://db:8086/api/v2/write?bucket=b%201&org=o&precision=ns"])
        #expect(talk.header("Authorization") == "Token t")
        #expect(talk.bodies == ["app.web n=1i 1715000000500000000\napp.web n=2i 1715000001500000000\n"])
        #expect(talk.outcome == .delivered)
    }

    @Test("version 1: the database, its policy and the account, which stands in no address")
    func database() throws {
        let settings = settings {
            $0.store = .database(name: "d&1", user: "root", password: "p w", retentionPolicy: "week 1")
            $0.precision = .microseconds
        }
        let chunk = try items(InfluxWriter(settings), [#"{"n":1}"#])
        let talk = try Conversation(InfluxService(settings), chunk, [answer(204)])
        #expect(talk.lines == ["POST http://db:8086/write?db=d%261&precision=u&rp=week%201"])
        #expect(talk.header("Authorization") == "Basic cm9vdDpwIHc=")
        #expect(talk.bodies == ["app.web n=1i 1715000000500000\n"])
    }

    @Test("auto_tags makes tags of text alone; sequence_tag counts points of one time, in the unit of the precision")
    func textTags() throws {
        let settings = settings {
            ($0.measurement, $0.precision, $0.tagsText, $0.sequenceName) = ("m", .hours, true, "seq")
            ($0.tagKeys, $0.timeKey) = (["n"], "time")
            $0.store = .database(name: "d", user: "u", password: "p", retentionPolicy: nil)
        }
        let records = [
            #"{"a":"x","n":1,"v":2,"e":" ","time":"today"}"#, #"{"v":3}"#, #"{"v":4,"time":7}"#, #"{"v":5,"time":7}"#,
            #"{"v":6,"time":8}"#,
        ]
        let chunk = try items(InfluxWriter(settings), records)
        #expect(
            try Conversation(InfluxService(settings), chunk, [answer(204)]).bodies == [
                """
                m,n=1,a=x,seq=0 v=2i 476388
                m,seq=1 v=3i 476388
                m,seq=0 v=4i 7
                m,seq=1 v=5i 7
                m,seq=0 v=6i 8

                """
            ])
    }

    @Test(
        "the line protocol's rules",
        arguments: [
            (#"{"a":"x","b":1.5,"c":true,"d":null,"e":false}"#, #"m a="x",b=1.5,c=true,e=false"#),
            (#"{"s":"q\"b\\ ","n":-3}"#, #"m s="q\"b\\ ",n=-3i"#),
            (#"{"host":"a b,c=d","v":1}"#, #"m,host=a\ b\,c\=d v=1i"#), (#"{"host":"","v":1}"#, "m v=1i"),
            (#"{"host":"x\\","v":1}"#, "m,host=x v=1i"), (#"{"host":"a\nb","v":1}"#, #"m,host=a\nb v=1i"#),
            (#"{"k y":1,"a=b":2,"a,b":3}"#, #"m k\ y=1i,a\=b=2i,a\,b=3i"#),
            (#"{"o":{"p":{"q":1},"r":"s"},"l":[1,2]}"#, #"m o.p.q=1i,o.r="s",l="[1,2]""#),
        ])
    func escaping(_ record: String, _ point: String) throws {
        let settings = settings { ($0.measurement, $0.tagKeys, $0.precision) = ("m", ["host"], .seconds) }
        let chunk = try items(InfluxWriter(settings), [record])
        #expect(
            try Conversation(InfluxService(settings), chunk, [answer(204)]).bodies == ["\(point) 1715000000\n"])
    }

    @Test("field_keys, tag_fluentd, time_key, and a measurement with blanks")
    func options() throws {
        let settings = settings {
            ($0.measurement, $0.tagName, $0.fieldKeys, $0.timeKey) = ("a b,c", "fluentd", ["v"], "t")
            ($0.castsToFloat, $0.precision) = (true, .milliseconds)
        }
        let chunk = try items(InfluxWriter(settings), [#"{"v":1,"w":2,"t":99}"#])
        #expect(
            try Conversation(InfluxService(settings), chunk, [answer(204)]).bodies == [
                "a\\ b\\,c,fluentd=app.web v=1 99\n"
            ])
        #expect(try refusals(InfluxWriter(settings), [#"{"w":2}"#]).count == 1, "a point needs a field")
    }

    @Test(
        "what an answer means",
        arguments: [
            (204, "", "delivered"),
            (400, #"{"code":"invalid","message":"partial write: x dropped=1"}"#, "refused invalid"),
            (422, #"{"code":"unprocessable entity","message":"field type conflict"}"#, "refused invalid"),
            (400, "<html>", "retry unclear"), (401, #"{"code":"unauthorized"}"#, "retry forbidden"),
            (404, #"{"code":"not found","message":"bucket \"b\" not found"}"#, "retry unclear"),
            (400, #"{"error":"partial write: field type conflict dropped=1"}"#, "refused invalid"),
            (404, #"{"error":"database not found: \"d\""}"#, "retry unclear"), (429, "", "retry busy"),
            (413, "", "too large"),
        ])
    func answers(_ status: Int, _ body: String, _ expected: String) {
        let store = InfluxStore.bucket(name: "b", organisation: "o", token: "t")
        #expect(StatusVerdictTests.text(InfluxService.judge(answer(status, body), store)) == expected)
    }

    @Test("what cannot be delivered is the event that came in") func readback() throws {
        let settings = settings { $0.tagKeys = ["k1"] }
        try OutputCompatTest.readbackRules(KeptItemReader(), names: ["k1"], seed: 13) {
            ItemFormatter(InfluxWriter(settings))
        }
    }
}
