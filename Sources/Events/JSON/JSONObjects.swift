extension ByteBuffer {
    /// Where the objects of a JSON array are, in their order; nil when it is no array, or an element is no object.
    ///
    /// - Parameter text: one JSON value that is known to be valid.
    package func jsonObjects(inArray text: Slice) -> [Slice]? {
        var objects: [Slice] = []
        var place = afterSpace(Int(text.offset), text.end)
        guard place < text.end, self[place] == UInt8(ascii: "[") else { return nil }
        place = afterSpace(place + 1, text.end)
        if place < text.end, self[place] == UInt8(ascii: "]") { return objects }
        while place < text.end, self[place] == UInt8(ascii: "{"),
            let end = try? JSONTranscoder.valueEnd(self, from: place), end <= text.end
        {
            objects.append(Slice(offset: place, length: end - place))
            place = afterSpace(end, text.end)
            guard place < text.end, self[place] == UInt8(ascii: ",") else { return objects }
            place = afterSpace(place + 1, text.end)
        }
        return nil
    }

    /// The next offset that is neither white space nor in a comment.
    private func afterSpace(_ start: Int, _ end: Int) -> Int {
        var place = start
        while place < end {
            if JSONScanner.isSpace(self[place]) {
                place += 1
            } else if self[place] == UInt8(ascii: "/"), place + 1 < end {
                let isLine = self[place + 1] == UInt8(ascii: "/")
                place += 2
                while place < end,
                    isLine
                        ? self[place] != 0x0A
                        : !(self[place - 1] == UInt8(ascii: "*") && self[place] == UInt8(ascii: "/"))
                {
                    place += 1
                }
                place += isLine ? 0 : 1
            } else {
                break
            }
        }
        return place
    }
}
