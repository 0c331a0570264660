extension String {
    /// Whether another text stands in it, byte by byte. The standard library's `contains` and `firstRange` make tables for
    /// each search, which for names and lines cost more than a hundred times the search itself.
    package func holds(_ part: String) -> Bool { place(of: part) != nil }

    /// Where another text stands first, byte by byte.
    package func place(of part: String) -> Range<Index>? {
        let (whole, part) = (utf8Span.span, part.utf8Span.span)
        guard !part.isEmpty else { return startIndex..<startIndex }
        guard part.count <= whole.count else { return nil }
        let first = part[0]
        for start in 0...(whole.count - part.count) where whole[start] == first {
            var length = 1
            while length < part.count, whole[start + length] == part[length] { length += 1 }
            guard length == part.count else { continue }
            let index = utf8.index(startIndex, offsetBy: start)
            return index..<utf8.index(index, offsetBy: length)
        }
        return nil
    }
}
