/// What a terminal, an editor or another system put around the text of a line.
package struct LineDecoration: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A control sequence of a terminal (ECMA-48), as programs write to colour their output.
        case terminalSequence
        /// U+FEFF at the beginning, as some editors put it in front of a file.
        case byteOrderMark
        /// At the end, from files with the line ends of Windows.
        case carriageReturn
        case zeroByte
    }

    package let kind: Kind
    /// Its bytes in the line.
    package let range: Range<Int>

    /// What it is, in words.
    package var name: String {
        switch kind {
        case .terminalSequence: "a colour sequence of a terminal"
        case .byteOrderMark: "a byte order mark (U+FEFF)"
        case .carriageReturn: "a carriage return (\\r)"
        case .zeroByte: "a zero byte (NUL)"
        }
    }

    /// An expression that takes one or none of it.
    var optionalExpression: String {
        switch kind {
        case .terminalSequence: "(?:\\e\\[[\\d;]*[A-Za-z])*"
        case .byteOrderMark: "\\uFEFF?"
        case .carriageReturn: "\\r?"
        case .zeroByte: "\\x00*"
        }
    }

    /// All of a line, in order.
    package static func all(in line: [UInt8]) -> [LineDecoration] {
        var result: [LineDecoration] = []
        if line.starts(with: [0xEF, 0xBB, 0xBF]) {
            result.append(LineDecoration(kind: .byteOrderMark, range: 0..<3))
        }
        var index = 0
        while index < line.count {
            let start = index
            index += 1
            if line[start] == 0x1B, index < line.count, line[index] == UInt8(ascii: "[") {
                index += 1
                while index < line.count, (0x20...0x3F).contains(line[index]) { index += 1 }
                guard index < line.count, (0x40...0x7E).contains(line[index]) else { continue }
                index += 1
                result.append(LineDecoration(kind: .terminalSequence, range: start..<index))
            } else if line[start] == 0 {
                while index < line.count, line[index] == 0 { index += 1 }
                result.append(LineDecoration(kind: .zeroByte, range: start..<index))
            }
        }
        if line.last == 0x0D {
            result.append(LineDecoration(kind: .carriageReturn, range: (line.count - 1)..<line.count))
        }
        return result
    }

    /// The line without them, and for each the place where it was in it.
    static func removing(_ decorations: [LineDecoration], from line: [UInt8]) -> (line: [UInt8], places: [Int]) {
        var plain: [UInt8] = []
        var places: [Int] = []
        var next = 0
        for decoration in decorations {
            plain += line[next..<max(next, decoration.range.lowerBound)]
            places.append(plain.count)
            next = max(next, decoration.range.upperBound)
        }
        plain += line[next...]
        return (plain, places)
    }
}
