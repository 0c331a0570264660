import Grok
import TestSupport
import Testing

@Suite(.serialized) struct CatastrophicTests {
    @Test("a line made to explode costs little, and one that Ruby matches is not lost")
    func bounded() throws {
        let libraries = [
            "legacy": try PatternLibrary(series: .legacy), "ecs-v1": try PatternLibrary(series: .ecsV1),
        ]
        let objects = try GoldenFile.objects("catastrophic.jsonl")
        #expect(objects.count == 24)
        for object in objects {
            let id = object["id"]?.string ?? "?"
            let library = try #require(libraries[object["series"]?.string ?? ""])
            let set: GrokSet
            do {
                set = try GrokSet(
                    GoldenTests.sources(object), compiler: GrokCompiler(library: library),
                    multiline: object["multiline"] == .bool(true))
            } catch {
                Issue.record("\(id): \(error)")
                continue
            }
            let line = object.line
            let matcher = GrokMatcher(set)
            let text = SubjectText.classify(line.span)
            // CPU time, the best of three: other tests share the cores.
            var result = GrokMatcher.Result.noMatch
            var best = Double.infinity
            for _ in 0..<3 {
                let start = ThreadTime.seconds
                result = matcher.match(line.span, as: text)
                best = min(best, ThreadTime.seconds - start)
            }
            #expect(best < 0.06, "\(id) took \(best) s")
            switch object["ruby"]?["result"]?.string {
            case "match": #expect(result == .hit(member: 0), "\(id)")
            case "no match":
                if case .hit = result { Issue.record("\(id) matches") }
            default: break
            }
        }
    }
}
