import Grok

/// The expressions of pairs that are looked for by their keys, and of columns between separators.
extension ShapeExpression {
    mutating func keyed(_ keyed: KeyedText) {
        let lookups = lookups(keyed)
        if shape.columns.isEmpty {
            text += requirement(keyed)
        }
        if keyed.isPure, shape.columns.isEmpty {
            text += lookups + ".*$"
        } else if shape.isTailOptional {
            text += #"(?:\s\#(lookups)|\#(lookups)$)"#
            text +=
                surroundings.hasCarriageReturns ? #"\s*%{DATA:\#(message())}\r?$"# : #"\s*%{GREEDYDATA:\#(message())}"#
        } else {
            text += blanks(shape.minimumTailBlanks, shape.maximumTailBlanks, isColoured: shape.isTailColoured)
            text += lookups
            text += surroundings.hasCarriageReturns ? #"%{DATA:\#(message())}\r?$"# : "%{GREEDYDATA:\(message())}"
        }
    }

    /// All keys, one after the other.
    mutating func lookups(_ keyed: KeyedText) -> String {
        var text = ""
        for key in keyed.keys { text += lookup(key, keyed.end) }
        return text
    }

    /// A line without any of the keys is another matter.
    private func requirement(_ keyed: KeyedText) -> String {
        let always = keyed.keys.filter { $0.lineCount == keyed.lineCount }
        let wanted = always.first.map { [$0] } ?? Array(keyed.keys.prefix(12))
        let names = wanted.map { Self.escaped($0.name) }.joined(separator: "|")
        // It begins with a pair: what stands behind a syslog header is another format's affair.
        return #"(?=\s*[\w.@-]+=)(?=.*?(?<![\w.-])\#(wanted.count == 1 ? names : "(?:\(names))")=)"#
    }

    /// Finds one key, if it is there: an alternative of nothing lets the line match without it.
    private mutating func lookup(_ key: KeyedText.Key, _ end: KeyedText.End) -> String {
        let name = names.unique(key: key.name)
        fieldCount += 1
        var stop: String
        switch end {
        case .blank: stop = #"[^\s,;]*"#
        case .byte(let byte): stop = "[^\(Self.escapedInClass(byte))]*?(?=\\s*(?:[\(Self.escapedInClass(byte))]|$))"
        case .nextKey: stop = #".*?(?=\s+[\w.-]+=|\s*$)"#
        }
        if end == .blank,
            key.summary.distinct.contains(where: { $0.contains(UInt8(ascii: ",")) || $0.contains(UInt8(ascii: ";")) })
        {
            stop = #"\S*"#
        }
        // The quote behind the last of them is not its own.
        if key.isNested { stop = #"[^\s,;']*"# }
        var forms: [String] = []
        if key.isQuoted, !key.isApostrophed || key.isBare {
            forms.append("\"(?<\(name)>(?:[^\"\\\\]|\\\\.)*)\"")
        }
        if key.isApostrophed { forms.append("'(?<\(name)>[^']*)'") }
        if key.isBare || forms.isEmpty {
            let blank = end == .blank ? "" : #"\s*"#
            forms.append(blank + bare(key.summary, name, stop, end, isNested: key.isNested))
        }
        let value = forms.count == 1 ? forms[0] : "(?:\(forms.joined(separator: "|")))"
        return #"(?=.*?(?<![\w.-])\#(Self.escaped(key.name))=\#(value)|)"#
    }

    private mutating func bare(
        _ summary: ValueSummary, _ name: String, _ stop: String, _ end: KeyedText.End, isNested: Bool
    ) -> String {
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        if summary.isTime {
            let count = fieldCount
            let expression = timestamp(summary, name)
            fieldCount = count
            return expression
        }
        guard summary.kinds == kinds, summary.isPlainNumber, end != .nextKey else { return "(?<\(name)>\(stop))" }
        let edge = isNested ? #"(?![^\s,;|'])"# : #"(?![^\s,;|])"#
        if kinds == TokenKinds(.integer) { return "%{INT:\(name):integer}\(edge)" }
        if TokenKinds.numbers.isSuperset(of: kinds), !kinds.isEmpty, !summary.isVersion {
            return "%{NUMBER:\(name):float}\(edge)"
        }
        return "(?<\(name)>\(stop))"
    }

    private static func escapedInClass(_ byte: UInt8) -> String {
        [UInt8](#"]\^-"#.utf8).contains(byte)
            ? "\\" + String(Unicode.Scalar(byte)) : byte == 0x09 ? "\\t" : String(Unicode.Scalar(byte))
    }

    mutating func delimited(_ delimited: DelimitedColumns) {
        let separator = delimited.separator == 0x09 ? "\\t" : Self.escaped([delimited.separator])
        let inClass = Self.escapedInClass(delimited.separator)
        for (index, cell) in delimited.cells.enumerated() {
            if index > 0 { text += separator }
            let header = index < self.header.count ? FieldNames.field(self.header[index].utf8) : nil
            let isRest = delimited.isLastOpen && index == delimited.cells.count - 1
            let padding = cell.isPadded ? "\\s*" : ""
            text += padding
            if isRest {
                text += surroundings.hasCarriageReturns ? "%{DATA:\(message())}" : "%{GREEDYDATA:\(message())}"
            } else {
                self.cell(cell, index, inClass, header)
            }
            if index < delimited.cells.count - 1 { text += padding }
        }
    }

    private mutating func cell(_ cell: DelimitedColumns.Cell, _ index: Int, _ inClass: String, _ header: String?) {
        switch cell.content {
        case .columns(let columns) where !cell.isQuoted && !cell.isEmpty && header == nil:
            for (place, column) in columns.enumerated() {
                write(column, place, of: columns, header: nil, isFirst: place == 0)
            }
        case .value(let summary):
            let name = names.unique(header ?? self.name(inCell: summary, index))
            if cell.isQuoted {
                fieldCount += 1
                text += quotedCell(name, inClass, isBare: cell.isBare || cell.isEmpty)
                return
            }
            if summary.isTime {
                let expression = timestamp(summary, name)
                text += cell.isEmpty ? "(?:\(expression))?" : expression
                return
            }
            let anything = "(?<\(name)>[^\(inClass)]*?)"
            let expression = pattern(summary, name, in: .delimiters)
            if expression.hasPrefix("%{DATA:") || cell.isEmpty && expression.contains(":float") {
                text += anything
            } else {
                text += cell.isEmpty ? "(?:\(expression))?" : expression
            }
        default:
            let name = names.unique(header ?? (index == 0 ? "name" : "text"))
            fieldCount += 1
            text +=
                cell.isQuoted
                ? quotedCell(name, inClass, isBare: cell.isBare || cell.isEmpty) : "(?<\(name)>[^\(inClass)]*?)"
        }
    }

    private func quotedCell(_ name: String, _ inClass: String, isBare: Bool) -> String {
        let quoted = #""(?<\#(name)>(?:[^"]|"")*)""#
        return isBare ? #"(?:\#(quoted)|(?<\#(name)>[^\#(inClass)"]*))"# : quoted
    }
}
