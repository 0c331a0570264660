import CommandLine
import Testing

@Suite struct TerminalTests {
    private let terminal = Terminal(isTerminal: true, columns: nil, windowColumns: 40, noColor: nil, term: "xterm")

    @Test(
        "COLUMNS goes before the window, and 80 stands when neither speaks",
        arguments: [("100", 90, 100), (nil, 90, 90), (nil, nil, 80), ("zero", 90, 90), ("0", 0, 80), ("-5", nil, 80)])
    func width(_ columns: String?, _ window: Int?, _ expected: Int) {
        let terminal = Terminal(isTerminal: true, columns: columns, windowColumns: window, noColor: nil, term: nil)
        #expect(terminal.width == expected)
    }

    @Test("colour is for terminals that nobody asked to be plain") func colour() {
        func allows(_ isTerminal: Bool, _ noColor: String?, _ term: String?) -> Bool {
            Terminal(isTerminal: isTerminal, columns: nil, windowColumns: nil, noColor: noColor, term: term)
                .allowsColour
        }
        #expect(allows(true, nil, "xterm"))
        #expect(allows(true, "", nil))
        #expect(!allows(true, "1", "xterm"))
        #expect(!allows(true, nil, "dumb"))
        #expect(!allows(false, nil, "xterm"))
    }

    @Test("a table aligns its columns and cuts what does not fit") func table() {
        var table = Table([("NAME", .left), ("EVENTS", .right), ("NOTE", .left)])
        table.append(["forward", "12", "a longer note"])
        table.append(["es", "3400"])
        #expect(
            table.text() == """
                NAME     EVENTS  NOTE
                forward      12  a longer note
                es         3400

                """)
        #expect(table.text(width: 24).split(separator: "\n")[1] == "forward      12  a long…")
    }

    @Test("progress is silent for two seconds, then speaks at most four times a second") func progress() {
        var progress = Progress("sending", on: terminal, startMilliseconds: 1000)
        #expect(progress.update(done: 10, unit: "events", atMilliseconds: 2999) == nil)
        #expect(
            progress.update(done: 12000, of: 48000, unit: "events", atMilliseconds: 3000)
                == "\rsending  12,000 of 48,000 events  25 %\u{1b}[K")
        #expect(progress.update(done: 12001, unit: "events", atMilliseconds: 3249) == nil)
        #expect(
            progress.update(done: 12002, unit: "events", atMilliseconds: 3250) == "\rsending  12,002 events\u{1b}[K")
        #expect(progress.finish() == "\r\u{1b}[K")
        #expect(progress.finish() == nil)
    }

    @Test("progress says nothing where nobody reads along") func progressElsewhere() {
        let pipe = Terminal(isTerminal: false, columns: nil, windowColumns: nil, noColor: nil, term: nil)
        var progress = Progress("sending", on: pipe, startMilliseconds: 0)
        #expect(progress.update(done: 1, unit: "events", atMilliseconds: 60000) == nil)
        #expect(progress.finish() == nil)
    }
}
