import Compression
import Events
import HTTPClient
import Outputs
import TestSupport
import Testing

@Suite("s3")
struct S3Tests {
    private func settings(_ change: (inout S3Settings) -> Void = { _ in }) throws -> S3Settings {
        let front = try ChunkTemplate("logs/${tag}/%Y%m%d_", zone: .utc, parameter: "key")
        let back = try ChunkTemplate(".txt", parameter: "key")
        var settings = S3Settings(key: S3KeyFormat([.template(front), .index, .template(back)]))
        settings.bucketURL = "http://s3/b1"
        settings.bucket = "b1"
        settings.content = .text
        settings.checksBucket = false
        change(&settings)
        return settings
    }

    private let writer = LineWriter(RecordFormat(.json), injection: nil, keys: [])
    private func url(_ index: Int) -> String { "http://s3/b1/logs/app.web/20240506_\(index).txt" }

    @Test("the first free name is found, and the object is put where none is")
    func put() throws {
        let service = S3Service(try settings { $0.headers = [("x-amz-acl", "private")] })
        let chunk = try items(writer, [#"{"a":1}"#, #"{"a":2}"#])
        let talk = try Conversation(service, chunk, [answer(200), answer(404), answer(200)])
        #expect(talk.lines == ["HEAD \(url(0))", "HEAD \(url(1))", "PUT \(url(1))"])
        #expect(talk.bodies[2] == "{\"a\":1}\n{\"a\":2}\n")
        #expect(talk.header("Content-Type", of: 2) == "text/plain" && talk.header("x-amz-acl", of: 2) == "private")
        #expect(talk.header("If-None-Match", of: 2) == "*")
        #expect(talk.outcome == .delivered)
        let next = try Conversation(service, try items(writer, ["{}"], id: "c2"), [answer(404), answer(200)])
        #expect(next.lines == ["HEAD \(url(2))", "PUT \(url(2))"], "names that are used are not asked for again")
    }

    @Test("a name that another process took meanwhile is not overwritten")
    func taken() throws {
        let talk = try Conversation(
            S3Service(try settings()), try items(writer, ["{}"]),
            [answer(404), answer(412), answer(404), answer(200)])
        #expect(talk.lines == ["HEAD \(url(0))", "PUT \(url(0))", "HEAD \(url(1))", "PUT \(url(1))"])
        #expect(talk.outcome == .delivered)
    }

    @Test("two workers never take one name")
    func workers() throws {
        let service = S3Service(try settings())
        let chunk = try items(writer, ["{}"])
        let place = service.place(ItemLabel(), tag: chunk.tag(of: 0), time: chunk.item(0).time, chunk: "c1")
        var first = try service.exchange([0], of: chunk, at: place)
        var second = try service.exchange([0], of: chunk, at: place)
        func line(_ step: HTTPStep) -> String {
            if case .send(let request) = step { "\(request.method.rawValue) \(request.url)" } else { "end" }
        }
        let asked = [line(try first.next(after: nil)), line(try second.next(after: nil))]
        #expect(asked == ["HEAD \(url(0))", "HEAD \(url(1))"])
        first.abandon()
        var third = try service.exchange([0], of: chunk, at: place)
        let again = line(try third.next(after: nil))
        #expect(again == "HEAD \(url(0))", "what nobody writes to is free")
    }

    @Test("a service that knows no conditions gets none")
    func unconditional() throws {
        let service = S3Service(try settings { $0.checksObject = false })
        let talk = try Conversation(service, try items(writer, ["{}"]), [answer(501), answer(200)])
        #expect(talk.lines == ["PUT \(url(0))", "PUT \(url(0))"])
        #expect(talk.header("If-None-Match", of: 0) == "*" && talk.header("If-None-Match", of: 1) == nil)
        #expect(talk.outcome == .delivered)
    }

    @Test("a bucket is looked for once, and made where that is asked for")
    func bucket() throws {
        let service = S3Service(try settings { ($0.checksBucket, $0.region) = (true, "eu-west-1") })
        let talk = try Conversation(
            service, try items(writer, ["{}"]), [answer(404), answer(200), answer(404), answer(200)])
        #expect(talk.lines == ["HEAD http://s3/b1/", "PUT http://s3/b1/", "HEAD \(url(0))", "PUT \(url(0))"])
        #expect(talk.bodies[1].contains("<LocationConstraint>eu-west-1</LocationConstraint>"))
        let next = try Conversation(service, try items(writer, ["{}"]), [answer(404), answer(200)])
        #expect(next.lines.count == 2)
        let missing = S3Service(try settings { ($0.checksBucket, $0.createsBucket) = (true, false) })
        guard case .retry(let reason, _)? = try Conversation(missing, try items(writer, ["{}"]), [answer(404)]).outcome
        else { return #expect(Bool(false)) }
        #expect(reason.kind == .blocked && reason.sentence.contains("auto_create_bucket"))
    }

    @Test(
        "S3 never refuses an event: what is in the way can be mended",
        arguments: [
            (403, "AccessDenied", "forbidden"), (400, "ExpiredToken", "forbidden"), (400, "EntityTooLarge", "blocked"),
            (503, "SlowDown", "busy"), (404, "NoSuchBucket", "unclear"), (301, "PermanentRedirect", "unclear"),
            (413, "", "blocked"),
        ])
    func errors(_ status: Int, _ code: String, _ kind: String) throws {
        let service = S3Service(try settings { $0.checksObject = false })
        let body = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>words &amp; more</Message></Error>"
        guard
            case .retry(let reason, _)? = try Conversation(service, try items(writer, ["{}"]), [answer(status, body)])
                .outcome
        else { return #expect(Bool(false)) }
        #expect(reason.kind.rawValue == kind && reason.sentence.hasPrefix("HTTP \(status)"))
        if !code.isEmpty { #expect(reason.sentence.contains("\(code): words & more")) }
    }

    @Test("keys are encoded, other places are filled, and numbers have the form that is asked for")
    func keys() throws {
        let name = try ChunkTemplate("a b/ü=${tag}/", parameter: "key")
        let service = S3Service(
            try settings {
                $0.key = S3KeyFormat(
                    [.template(name), .hexRandom(length: 4), .index, .uuid],
                    index: S3KeyFormat.NumberFormat("%04d") ?? S3KeyFormat.NumberFormat())
                $0.checksObject = false
            })
        let talk = try Conversation(service, try items(writer, ["{}"], id: "0123456789abcdef"), [answer(200)])
        let prefix = "PUT http://s3/b1/a%20b/%C3%BC%3Dapp.web/fedc0000"
        #expect(talk.lines[0].hasPrefix(prefix) && talk.lines[0].utf8.count == prefix.utf8.count + 36)
        for (text, isFormat) in [
            ("%d", true), ("%04d", true), ("%x", true), ("%08X", true), ("%4d", false), ("d", false),
            ("%s", false), ("%099d", false),
        ] {
            #expect((S3KeyFormat.NumberFormat(text) != nil) == isFormat, "\(text)")
        }
    }

    @Test("objects are packed with gzip")
    func gzip() throws {
        let service = S3Service(try settings { ($0.checksObject, $0.content) = (false, .gzip) })
        let talk = try Conversation(service, try items(writer, [#"{"a":1}"#]), [answer(200)])
        #expect(talk.header("Content-Type") == "application/x-gzip" && talk.header("Content-Encoding") == nil)
        let packed = ByteBuffer((talk.requests[0].body as? BytesBody)?.bytes.array() ?? [])
        var plain = ByteBuffer()
        try Gzip.decompress(Slice(offset: 0, length: packed.count), of: packed, into: &plain)
        #expect(plain.text == "{\"a\":1}\n")
    }
}
