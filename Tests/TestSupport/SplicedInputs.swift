/// Inputs of a fuzz target with parts of others put into them: changes that need no fuzzer.
package struct SplicedInputs {
    private let inputs: [[UInt8]]
    private let parts: [[UInt8]]

    /// - Parameter words: what is put in beside the lines of the inputs.
    package init(_ inputs: [(name: String, bytes: [UInt8])], words: [String]) {
        self.inputs = inputs.map(\.bytes)
        parts =
            inputs.flatMap { $0.bytes.split(separator: 0x0A).map { Array($0) + [0x0A] } } + words.map { Array($0.utf8) }
    }

    /// One of the inputs with one to four parts in it, in place of a little of it or of nothing.
    package func next(using generator: inout SeededGenerator) -> [UInt8] {
        var text = inputs.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...text.count, using: &generator)
            let end = min(text.count, place + [0, 0, 1, 8, 40].randomElement(using: &generator)!)
            text.replaceSubrange(place..<end, with: parts.randomElement(using: &generator)!)
        }
        return text
    }
}
