/// How far two words are apart: insertions, deletions, substitutions and swaps of neighbours.
///
/// The "optimal string alignment" form of the Damerau-Levenshtein distance. Used for "did you mean".
package enum EditDistance {
    /// The distance, or nil when it is more than `limit`. Compares bytes; words longer than 256 bytes have no distance.
    package static func between(_ a: String, _ b: String, limit: Int) -> Int? {
        between(Array(a.utf8), Array(b.utf8), limit: limit)
    }

    /// The same for the bytes of two words.
    package static func between(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
        if abs(left.count - right.count) > limit || max(left.count, right.count) > 256 { return nil }
        var before = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        var row = before
        for i in left.indices {
            row[0] = i + 1
            for j in right.indices {
                let cost = left[i] == right[j] ? 0 : 1
                var best = min(row[j] + 1, last[j + 1] + 1, last[j] + cost)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, before[j - 1] + 1)
                }
                row[j + 1] = best
            }
            (before, last, row) = (last, row, before)
        }
        let distance = last[right.count]
        return distance <= limit ? distance : nil
    }

    /// The word nearest to `word` within `limit`, the first of several; nil when none is near.
    ///
    /// Words shorter than four letters must be nearer: every two-letter word is within two edits of every other.
    package static func nearest(to word: String, in words: [String], limit: Int = 2) -> String? {
        let bound = word.utf8.count < 4 ? min(1, limit) : limit
        var best: (word: String, distance: Int)?
        for candidate in words {
            if let distance = between(word, candidate, limit: best.map { $0.distance - 1 } ?? bound), distance >= 0 {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// Up to `count` words, nearest first, whatever their distance: for "known are …".
    package static func ranked(_ words: [String], by word: String, count: Int) -> [String] {
        words.enumerated().map { (index, candidate) in
            (between(word, candidate, limit: 256) ?? 257, index, candidate)
        }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(count).map(\.2)
    }
}
