/// "Did you mean": the candidate nearest to what was typed.
package enum Suggestion {
    /// The nearest candidate less than four edits away (and less than half of it wrong), or one that the word begins;
    /// the first in order when several are as near.
    package static func nearest(to word: String, in candidates: [String]) -> String? {
        var best: (name: String, distance: Int)?
        for name in candidates {
            var distance = editDistance(word, name)
            if word.count >= 2, name.hasPrefix(word) { distance = min(distance, 1) }
            guard distance < 4, distance * 2 <= max(name.count, word.count) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
    package static func editDistance(_ first: String, _ second: String) -> Int {
        let a = Array(first)
        let b = Array(second)
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [Int](repeating: 0, count: b.count + 1)
            row[0] = i + 1
            for j in b.indices {
                row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
