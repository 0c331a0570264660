internal import Buffering
internal import Events

/// Which chunks of an output stand in backup files, and with which items. Pure: says which files to write and to remove.
///
/// At a stop everything that is not confirmed is written down first, and taken back when it is delivered after all, so
/// that a process that is killed in between has lost nothing. A file may therefore hold events that were delivered in the
/// last moment, never the other way round.
struct BackupLedger: Sendable {
    typealias Part = (chunk: SealedChunk, items: ItemSet)

    struct Changes: Sendable {
        /// To be written, each in place of what stands there.
        var write: [Part] = []
        /// Delivered after all.
        var remove: [SealedChunk] = []
    }

    private var kept: [String: Part] = [:]

    /// What has to be done so that the files hold what is undelivered. Until the end a file that holds too much is good
    /// enough; in the end it is made exact.
    func changes(for undelivered: [Part], isFinal: Bool) -> Changes {
        var changes = Changes()
        let current = Self.merged(undelivered)
        for part in current.values.sorted(by: { $0.chunk.id < $1.chunk.id }) {
            guard let known = kept[part.chunk.id] else {
                changes.write.append(part)
                continue
            }
            let isCovered = part.items.subtracting(known.items).isEmpty
            if !isCovered || (isFinal && part.items != known.items) { changes.write.append(part) }
        }
        changes.remove = kept.values.filter { current[$0.chunk.id] == nil }.map(\.chunk)
        return changes
    }

    mutating func noteWritten(_ part: Part) { kept[part.chunk.id] = part }

    mutating func noteRemoved(_ chunk: SealedChunk) { kept[chunk.id] = nil }

    /// Whether all of these stand in files.
    func covers(_ undelivered: [Part]) -> Bool {
        Self.merged(undelivered).values.allSatisfy { part in
            kept[part.chunk.id].map { part.items.subtracting($0.items).isEmpty } ?? false
        }
    }

    var eventCount: Int { kept.values.reduce(0) { $0 + $1.items.count } }

    /// A chunk that was split is in the queue in several parts, and in one file.
    private static func merged(_ parts: [Part]) -> [String: Part] {
        var merged: [String: Part] = [:]
        for part in parts {
            if let known = merged[part.chunk.id] {
                merged[part.chunk.id] = (part.chunk, known.items.union(part.items))
            } else {
                merged[part.chunk.id] = part
            }
        }
        return merged
    }
}
