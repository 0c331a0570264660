import Logging
import Testing

@testable import Pipeline

@Suite("Own log: where its lines go as events") struct OwnLogRouteTests {
    private static let source = "<source>\n@type forward\n</source>\n"

    private func route(_ configuration: String) -> OwnLogRoute? {
        OwnLogRoute(Checked(Self.source + configuration).plan)
    }

    private func entry(_ level: LogLevel, _ fields: LogField...) -> LogEntry {
        LogEntry(time: LogTime(seconds: 0), level: level, message: "m", fields: fields)
    }

    @Test("nowhere, unless they are asked for: a match for all tags is none for them")
    func nowhere() {
        #expect(route("<match **>\n@type stdout\n</match>") == nil)
        #expect(route("<match fluent.**>\n@type null\n</match>\n<match **>\n@type stdout\n</match>") == nil)
        #expect(route("<match **>\n@type stdout\n</match>\n<match fluent.**>\n@type stdout\n</match>") == nil)
        #expect(route("<label @FLUENT_LOG>\n<match **>\n@type null\n</match>\n</label>") == nil)
    }

    @Test("into the label before the match of the top level, and of a match only the levels that it names")
    func places() throws {
        let label = try #require(
            route(
                "<match fluent.**>\n@type stdout\n</match>\n<label @FLUENT_LOG>\n<match **>\n@type stdout\n</match>\n</label>"
            ))
        #expect(label.label == "@FLUENT_LOG" && label.levels == Set(LogLevel.allCases))
        let match = try #require(
            route("<match fluent.warn fluent.error>\n@type stdout\n</match>\n<match **>\n@type stdout\n</match>"))
        #expect(match.label == LabelPlan.rootName && match.levels == [.warn, .error])
        #expect(match.takes(entry(.warn)) && !match.takes(entry(.info)))
    }

    @Test("what the stages say to which they may come is no event: behind relabels, in @ERROR, in copies")
    func carriers() throws {
        let found = try #require(
            route(
                """
                <match app.**>
                @type stdout
                @id app
                </match>
                <match fluent.**>
                @type copy
                @id copy
                <store>
                @type stdout
                @id store
                </store>
                <store>
                @type relabel
                @id relabel
                @label @next
                </store>
                </match>
                <label @next>
                <filter **>
                @type stdout
                @id filter
                </filter>
                <match **>
                @type stdout
                @id next
                </match>
                </label>
                <label @ERROR>
                <match **>
                @type stdout
                @id error
                </match>
                </label>
                """))
        #expect(found.carriers == ["copy", "store", "relabel", "filter", "next", "error"])
        #expect(!found.takes(entry(.warn, LogField("output", "next"))))
        #expect(!found.takes(entry(.warn, LogField("filter", "filter"))))
        #expect(found.takes(entry(.warn, LogField("output", "app"))))
        // A source or a field of that name is another thing.
        #expect(found.takes(entry(.warn, LogField("source", "next"), LogField("tag", "next"))))
    }

    @Test("an output that stayed at a reload is known by the name that its log has")
    func names() throws {
        let plan = Checked(Self.source + "<label @FLUENT_LOG>\n<match **>\n@type stdout\n@id new\n</match>\n</label>")
            .plan
        let route = try #require(OwnLogRoute(plan, names: ["new": "match:12"]))
        #expect(route.carriers == ["new", "match:12"])
    }

    @Test("a label that only the own log reaches is reached")
    func reach() {
        let checked = Checked(
            Self.source
                + """
                <match **>
                @type stdout
                </match>
                <label @FLUENT_LOG>
                <match **>
                @type relabel
                @label @far
                </match>
                </label>
                <label @far>
                <match **>
                @type stdout
                </match>
                </label>
                """)
        #expect(checked.messages == [])
    }
}
