extension String {
    /// Whether another text stands in it, byte by byte. The standard library's `contains` and `firstRange` make tables for
    /// each search, which for names and lines cost more than a hundred times the search itself.
    package func holds(_ part: String) -> Bool {
        let (whole, part) = (utf8Span.span, part.utf8Span.span)
        guard !part.isEmpty else { return true }
        guard part.count <= whole.count else { return false }
        let first = part[0]
        for start in 0...(whole.count - part.count) where whole[start] == first {
            var length = 1
            while length < part.count, whole[start + length] == part[length] { length += 1 }
            if length == part.count { return true }
        }
        return false
    }
}
