internal import Words

/// "Did you mean": the candidate nearest to what was typed.
package enum Suggestion {
    /// The nearest candidate less than four edits away (and less than half of it wrong), or one that the word begins;
    /// the first in order when several are as near.
    package static func nearest(to word: String, in candidates: [String]) -> String? {
        var best: (name: String, distance: Int)?
        for name in candidates {
            var distance = EditDistance.between(word, name, limit: .max) ?? .max
            if word.count >= 2, name.hasPrefix(word) { distance = min(distance, 1) }
            guard distance < 4, distance * 2 <= max(name.count, word.count) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
        }
        return best?.name
    }
}
