import Grok

/// The lines of a sample put together to records: a stack trace, or a statement of several lines, belongs to the line
/// it follows.
struct SampleRecords: Sendable {
    struct Record: Sendable {
        /// As the parser gets it: with line feeds, byte order mark, carriage returns, colours.
        var raw: [UInt8]
        var lineCount = 1
    }

    private(set) var records: [Record] = []
    /// The first lines of the records, without what a machine put around them; colours are left in.
    private(set) var firstLines: [[UInt8]] = []
    /// A regular expression for the first lines of records; nil when each line is one.
    private(set) var firstLine: String?
    private(set) var continuationCount = 0

    /// - Parameter isWhole: no lines were passed over, so that what follows what is known.
    init(_ lines: [[UInt8]], isWhole: Bool) {
        let clean = lines.map(Self.clean)
        let expression = isWhole ? Self.starts(clean) : nil
        // Which lines begin a record is what the printed expression says of them, and nothing else.
        let starts = expression.flatMap(Self.matcher)
        for (index, line) in lines.enumerated() {
            if let starts, !starts.isHit(clean[index]), !records.isEmpty {
                records[records.count - 1].raw += [0x0A] + line
                records[records.count - 1].lineCount += 1
                continuationCount += 1
            } else {
                records.append(Record(raw: line))
                firstLines.append(clean[index])
            }
        }
        if continuationCount > 0 { firstLine = expression }
    }

    static func clean(_ line: [UInt8]) -> [UInt8] {
        var line = line[...]
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        if line.last == 0x0D { line = line.dropLast() }
        return Array(line)
    }

    /// The statements of MySQL's slow query log begin with a comment. Source: MySQL's reference manual, 7.4.5.
    private static let slowQuery = "^# User@Host:"

    private static func matcher(_ expression: String) -> GrokMatcher? {
        guard let pattern = try? GrokCompiler(library: PatternLibrary()).compile("(?<x>\(expression))") else {
            return nil
        }
        return GrokMatcher(GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]))
    }

    /// A regular expression for the lines that begin a record; nil when all do.
    private static func starts(_ lines: [[UInt8]]) -> String? {
        if let first = lines.firstIndex(where: { $0.starts(with: "# User@Host:".utf8) }), first < 10 {
            return lines.contains { $0.starts(with: "# Time:".utf8) } ? "^# Time:" : slowQuery
        }
        let continuing = lines.map(isContinuation)
        guard continuing.contains(true), let first = lines.indices.first(where: { !continuing[$0] }) else { return nil }
        // The others begin alike: then all that does not begin so is a continuation.
        var shapes: [LeadingTime: Int] = [:]
        var leading: [LeadingTime?] = []
        for index in lines.indices {
            let found = continuing[index] ? nil : LeadingTime(lines[index])
            leading.append(found)
            if let found { shapes[found, default: 0] += 1 }
        }
        let others = lines.indices.count { !continuing[$0] }
        if let most = shapes.max(by: { ($0.value, $1.key.expression) < ($1.value, $0.key.expression) }),
            most.value * 2 > others, leading[first] == most.key
        {
            // A line that begins otherwise and does not follow a continuation is a line of its own kind.
            let isClean = lines.indices.allSatisfy {
                leading[$0] == most.key || continuing[$0] || $0 > 0 && leading[$0 - 1] != most.key
                    || isError(lines[$0])
            }
            if isClean { return "^" + most.key.expression }
        }
        guard lines.indices.allSatisfy({ !continuing[$0] || lines[$0].first?.isBlank == true }) else { return nil }
        return #"^\S"#
    }

    /// A line that no program writes by itself: a frame of a stack trace, or something indented.
    private static func isContinuation(_ line: [UInt8]) -> Bool {
        if line.first?.isBlank == true {
            // Padding before a level or a number is none.
            let rest = line.drop { $0.isBlank }
            if line.first == 0x09 { return true }
            return line.count - rest.count >= 2 && !(rest.first?.isDigit ?? false)
                && TimestampScanner.find(
                    in: line, at: rest.startIndex) == nil
        }
        return isError(line) || line == [UInt8(ascii: "}")] || line == [UInt8(ascii: ")")]
    }

    private static func isError(_ line: [UInt8]) -> Bool {
        let starts = [
            "Caused by:", "Traceback (most recent call last)", "Stack trace:", "Exception in thread ", "... ",
        ]
        if starts.contains(where: { line.starts(with: $0.utf8) }) { return true }
        let name = line.prefix { $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "$") }
        let isName = ["Error", "Exception", "Throwable"].contains { name.suffix($0.utf8.count).elementsEqual($0.utf8) }
        return isName && name.count > 5 && (name.endIndex == line.count || line[name.endIndex] == UInt8(ascii: ":"))
    }
}

/// The time at the beginning of a line, with the marks before it.
struct LeadingTime: Hashable {
    private let marks: [UInt8]
    private let base: TimestampShape

    init?(_ line: [UInt8]) {
        let tokens = line.first.map { !$0.isWord } ?? false
        var start = 0
        if tokens {
            while start < min(3, line.count), !line[start].isWord { start += 1 }
        }
        guard let found = TimestampScanner.find(in: line, at: start) else { return nil }
        marks = Array(line[..<start])
        base = found.shape.base
    }

    var expression: String { ShapeExpression.escaped(marks) + ShapeExpression.union([base]) }
}
