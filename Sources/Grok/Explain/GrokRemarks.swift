/// What is around a line's text, in words: it is hard to see, and keeps an expression from matching.
package enum GrokRemarks {
    package static func of(_ line: [UInt8]) -> [String] {
        let all = LineDecoration.all(in: line)
        var result: [String] = []
        if all.contains(where: { $0.kind == .byteOrderMark }) {
            result.append("the line begins with a byte order mark (U+FEFF)")
        }
        if all.contains(where: { $0.kind == .terminalSequence }) {
            result.append(
                "the line has colours or other control sequences of a terminal; the program that writes it can often leave them out (NO_COLOR=1)"
            )
        }
        if all.contains(where: { $0.kind == .carriageReturn }) {
            result.append("the line ends with a carriage return (\\r), as in files of Windows")
        }
        let zeros = all.filter { $0.kind == .zeroByte }.reduce(0) { $0 + $1.range.count }
        if zeros > 0 {
            result.append(
                zeros * 3 > line.count
                    ? "every other byte is zero (NUL): the text may be UTF-16" : "the line has zero bytes (NUL)")
        }
        return result
    }
}
