import Events
import Filters
import Grok
import Parsing

/// Lines of container logs of any bytes: taken apart, joined again, and whose they are. Fuzzed by `Tests/Fuzz/Containers`,
/// and its findings replayed here.
enum ContainersExercise {
    /// - Parameter input: a byte that chooses how many lines come at a time, the tag on the first line, then the log.
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        guard let first = input.first, let pattern = tagPattern, let recipe = try? ParserRecipe.cri() else {
            return nil
        }
        let lines = input.dropFirst().split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let name = lines.first else { return nil }
        let tag = Tag(String(decoding: name, as: UTF8.self))
        if let found = ContainerNames(ContainerNames.Settings(tagPattern: pattern)).reference(of: tag) {
            guard !found.pod.name.isEmpty, !found.pod.namespace.isEmpty, !found.container.isEmpty else {
                return "a container without a name: \(found)"
            }
        }
        var body = ByteBuffer()
        body.append(Array(input.dropFirst()))
        _ = PodObject(body, selection)
        _ = NamespaceObject(body, selection)
        var settings = ConcatSettings(
            key: message, mode: .containerTags(tag: Array("logtag".utf8), stream: Array("stream".utf8)))
        settings.separator = []
        return joined(Array(lines.dropFirst()), perBatch: Int(first) % 5 + 1, tag, recipe, settings)
    }

    /// All messages of a stream, one behind the other, are the same before they are joined and after.
    private static func joined(
        _ lines: [ArraySlice<UInt8>], perBatch: Int, _ tag: Tag, _ recipe: ParserRecipe, _ settings: ConcatSettings
    ) -> String? {
        let parser = recipe.makeParser()
        let filter = ConcatFilter(settings, limits: HeldLimits())
        var (came, left) = (0, 0)
        func count(_ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> Int {
            var bytes = 0
            for record in rows.records {
                guard let place = rows.find(message, in: record, storage) else { continue }
                var text = ByteBuffer()
                text.appendText(rows.fields[place].value, storage)
                bytes += text.count
            }
            return bytes
        }
        var place = 0
        while place < lines.count {
            var storage = ByteBuffer()
            var rows = Rows()
            parser.beginBatch(storage: &storage)
            for line in lines[place..<min(place + perBatch, lines.count)] {
                let text = storage.append(copyOf: Array(line))
                let first = rows.fields.count
                guard case .matched(let time) = parser.parse(text, storage: &storage, rows: &rows) else {
                    rows.fields.truncate(to: first)
                    continue
                }
                rows.records.append(
                    Record(
                        time: time ?? EventTime(seconds: 1), firstField: first, fieldCount: rows.fields.count - first))
            }
            place += perBatch
            came += count(rows, storage)
            filter.apply(Batch(tag, receipt: nil), storage: &storage, rows: &rows)
            filter.settle(isTaken: true)
            left += count(rows, storage)
        }
        var storage = ByteBuffer()
        var rows = Rows()
        let end = StageMoment(milliseconds: 0, time: EventTime(seconds: 1), isLast: true)
        while filter.takeDue(at: end, storage: &storage, rows: &rows) != nil {
            filter.settle(isTaken: true)
            left += count(rows, storage)
            rows.clear()
        }
        return came == left ? nil : "\(came) bytes of messages came, \(left) left"
    }

    private static let message = Array("message".utf8)
    private static let tagPattern = try? Regex(ContainerNames.defaultTagPattern)
    private static let selection: MetadataSelection = {
        var selection = MetadataSelection()
        selection.hasOwners = true
        selection.annotations = [".*"].compactMap { try? Regex($0) }
        selection.keys.dot = "_"
        return selection
    }()
}
