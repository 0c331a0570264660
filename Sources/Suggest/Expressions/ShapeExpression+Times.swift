import Grok

/// The expressions of times, and what reads them.
extension ShapeExpression {
    /// The expression for a captured time; the first point in time becomes the event's.
    mutating func timestamp(_ summary: ValueSummary, _ given: String?) -> String {
        let shapes = summary.shapes.sorted {
            String(decoding: $0.letters, as: UTF8.self) < String(decoding: $1.letters, as: UTF8.self)
        }
        guard let first = shapes.first else { return "%{NOTSPACE:\(names.unique("timestamp"))}" }
        let base = first.base
        let name = given ?? names.unique(base.isWhole ? "timestamp" : base.hasDate ? "date" : "timeofday")
        fieldCount += 1
        if time == nil, base.isWhole { setTime(name, shapes, summary) }
        let missing = summary.kinds.contains(.dash)
        var expression: String
        let references = Set(shapes.map(\.reference))
        if references.count == 1, let reference = references.first ?? nil {
            expression = "%{\(reference):\(name)}"
        } else if shapes.count == 1 {
            expression = "(?<\(name)>\(first.regularExpression))"
        } else {
            expression = "(?<\(name)>\(Self.union(shapes)))"
        }
        if missing { expression = "(?:-|\(expression))" }
        return expression
    }

    /// One regular expression for all shapes of a base.
    static func union(_ shapes: [TimestampShape]) -> String {
        var letters = shapes[0].base.letters
        if shapes.contains(where: { $0.letters.contains(UInt8(ascii: "u")) || $0.letters.contains(UInt8(ascii: "v")) })
        {
            letters = letters.map {
                $0 == UInt8(ascii: "M") ? UInt8(ascii: "u") : $0 == UInt8(ascii: "S") ? UInt8(ascii: "v") : $0
            }
        }
        if shapes.contains(where: { $0.letters.contains(UInt8(ascii: "n")) }) {
            letters = letters.map { $0 == UInt8(ascii: "m") ? UInt8(ascii: "n") : $0 }
        }
        let hasFraction = shapes.contains { $0.letters.contains(UInt8(ascii: "f")) }
        let hasZone = shapes.contains { $0.letters.contains(UInt8(ascii: "z")) }
        var expression = ""
        var isPending = hasFraction
        for (index, letter) in letters.enumerated() {
            expression += TimestampShape(letters: [letter]).regularExpression
            let isSeconds = letter == UInt8(ascii: "S") || letter == UInt8(ascii: "v")
            if isSeconds, isPending {
                expression += #"(?:[.,:]\d+)?"#
                isPending = false
            }
            let isTimeEnd = isSeconds || letter == UInt8(ascii: "M") && !letters[index...].contains(UInt8(ascii: "S"))
            if isTimeEnd, hasZone { expression += #"(?: ?(?:Z|[+-]\d{2}:?\d{2}))?"# }
        }
        return expression
    }

    private mutating func setTime(_ name: String, _ shapes: [TimestampShape], _ summary: ValueSummary) {
        let orders = TimestampShape.orders(shapes[0].letters, most: summary.most)
        var formats: [String] = []
        var java: [String] = []
        for order in orders {
            for shape in shapes {
                let format = shape.strptime(order)
                if !formats.contains(format) { formats.append(format) }
                let pattern = shape.java(order)
                if !java.contains(pattern) { java.append(pattern) }
            }
            // One order for all: the others are only tried where this one does not fit.
            if orders.count > 1 { break }
        }
        let base = shapes[0].base
        if shapes.allSatisfy({ $0.reference == "TIMESTAMP_ISO8601" }) { java = ["ISO8601"] + java }
        time = TimeField(
            name: name, formats: formats, javaFormats: java, hasYear: base.hasYear, isAmbiguous: orders.count > 1,
            isGuessable: base.hasYear && !base.letters.contains(UInt8(ascii: "q"))
                && !base.letters.contains(UInt8(ascii: "y")))
    }

}
