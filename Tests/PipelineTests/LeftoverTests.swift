import ConfigFile
import Pipeline
import Testing

/// What public configurations have left in them from older versions or other sections, and what is said of it.
@Suite("Leftovers of older configurations")
struct LeftoverTests {
    private static let forward = "<source>\n@type forward\n</source>\n"
    private static let end = "<match **>\n@type null\n</match>\n"

    @Test("a parameter that the source has for itself does not belong into <parse>")
    func ownParameters() {
        for type in ["tcp", "syslog"] {
            let source =
                "<source>\n@type \(type)\nport 5170\ntag x\ndelimiter \"|\"\n<parse>\n@type none\n</parse>\n</source>\n"
            #expect(Checked(source + Self.end).messages == [])
        }
        #expect(
            Checked(
                "<source>\n@type tcp\nport 5170\ntag x\ntime_format %Y\n<parse>\n@type none\n</parse>\n</source>\n"
                    + Self.end
            ).messages == ["5:1 warning 'time_format' in <source> of type tcp has no effect: it belongs into <parse>"])
    }

    @Test("behind a mistake in <parse>, what was not read yet is not called unknown; a misspelling is")
    func cutShort() {
        let messages = Checked(
            "<source>\n@type tail\npath /a\ntga x\ntag x\npos_file /p\nread_from_head true\n<parse>\n@type jsn\n</parse>\n</source>\n"
                + Self.end
        ).messages
        #expect(messages.map { $0.prefix { $0 != " " } } == ["4:1", "9:7"])
        #expect(messages.first?.contains("unknown parameter 'tga'") == true)
    }

    @Test("v0.12's format, left in a <parse>, has no effect, and so has a template's old name")
    func leftovers() {
        #expect(
            Checked(
                "<source>\n@type tail\npath /a\npos_file /p\ntag x\n<parse>\n@type multiline\nformat multiline\n"
                    + "format_firstline /^a/\nformat1 /^(?<m>.*)$/\n</parse>\n</source>\n" + Self.end
            ).messages == ["8:1 warning 'format' in <parse> of type multiline has no effect: '@type' says how to parse"]
        )
        let messages = Checked(Self.forward + "<match **>\n@type elasticsearch\nhost h\ntemplate x\n</match>\n")
            .messages
        #expect(
            messages == [
                "7:1 warning 'template' in <match **> of type elasticsearch has no effect: a template has its name from 'template_name'"
            ])
    }

    @Test("s3 with an interval of its own keeps nothing for hours")
    func interval() {
        func warns(_ buffer: String) -> Bool {
            Checked(
                Self.forward
                    + "<match **>\n@type s3\ns3_bucket b\ns3_region eu-west-1\n<buffer time>\ntimekey 1d\n\(buffer)</buffer>\n</match>\n"
            ).messages.contains { $0.contains("hours of events in memory") }
        }
        #expect(warns(""))
        #expect(warns("flush_mode lazy\n"))
        #expect(!warns("flush_mode interval\nflush_interval 30s\n"))
        #expect(!warns("flush_mode immediate\n"))
    }

    @Test("a source without a label, where each <match> stands in one, is told of")
    func unlabelled() {
        let label = "<label @A>\n<match **>\n@type null\n</match>\n</label>\n"
        let labelled = "<source>\n@type forward\nport 1\n@label @A\n</source>\n"
        let warning = "every event of this source is dropped: each <match> stands in a <label>"
        #expect(Checked(labelled + Self.forward + label).messages == ["6:1 warning \(warning)"])
        #expect(Checked(labelled + label).messages == [])
        #expect(!Checked(labelled + Self.forward + label + Self.end).messages.contains { $0.contains(warning) })
    }

    @Test("without_source is said to have no effect, unless it asks for nothing")
    func withoutSource() {
        func messages(_ value: String) -> [String] {
            Checked("<system>\nwithout_source \(value)\n</system>\n" + Self.forward + Self.end).messages
        }
        #expect(messages("false") == [])
        #expect(messages("true").map { $0.prefix(11) } == ["2:1 warning"])
    }
}
