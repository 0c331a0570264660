package import Events
internal import Logging

/// The lines of one file of a tail source.
package final class LineIntake: TextIntake {
    private let settings: TailSettings
    private let reader: LineReader
    private let lines: JoinedLines
    private let tag: Tag
    private let refusals = IntakeRefusals()
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)

    /// - Parameters:
    ///   - path: of the file that they are said to be of.
    ///   - tag: of its events; nil: that of the path.
    package init(_ settings: TailSettings, path: String, tag: String?) {
        self.settings = settings
        reader = LineReader(settings, log: .discarding, refusals: refusals)
        lines = JoinedLines(path)
        self.tag = tag.map { Tag($0) } ?? settings.tag(of: path)
    }

    package var isWaiting: Bool { lines.text != nil }

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        guard text.count + reader.newline.count <= settings.lineBytes else {
            return ["a line of more than \(settings.lineBytes) bytes is dropped"]
        }
        let start = begin()
        storage.append(text.last == 0x0D && reader.newline.count == 1 ? text.dropLast() : text)
        reader.take(
            Slice(offset: start, length: storage.count - start), at: 0, of: lines, atMilliseconds: 0, &storage, &rows)
        return end(handOn)
    }

    package func finish(_ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        _ = begin()
        reader.flush(lines, &storage, &rows)
        return end(handOn)
    }

    private func begin() -> Int {
        storage.clear()
        rows.clear()
        reader.beginBatch(&storage)
        return storage.count
    }

    private func end(_ handOn: HandOn) -> [String] {
        if !rows.records.isEmpty { handOn(tag, &storage, &rows) }
        return refusals.take()
    }
}
