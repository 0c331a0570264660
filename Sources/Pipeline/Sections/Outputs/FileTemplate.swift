internal import Buffering
internal import ConfigFile
internal import Events
internal import Outputs
internal import Time

/// What `path` of a file output becomes: with the time slice, the number of the file and the suffixes, as Fluentd puts them
/// together; and whether its placeholders and the chunk keys fit together.
struct FileTemplate {
    let path: String
    let suffix: String
    /// v0.12's `time_slice_format`.
    let sliceFormat: String?
    let appends: Bool
    let isCompressed: Bool
    private let keys: ChunkKeyPlan
    private let bufferFolder: String?

    init(
        path: String, suffix: String, sliceFormat: String?, appends: Bool, isCompressed: Bool,
        _ buffering: BufferSection.Read
    ) {
        self.path = path
        self.suffix = suffix
        self.sliceFormat = sliceFormat
        self.appends = appends
        self.isCompressed = isCompressed
        keys = buffering.settings.keys
        bufferFolder = buffering.files?.place.folder
    }

    /// What of a slice a path says that says nothing itself.
    static func format(ofSlice seconds: Int64) -> String {
        switch seconds {
        case ..<60: "%Y%m%d%H%M%S"
        case ..<3600: "%Y%m%d%H%M"
        case ..<86_400: "%Y%m%d%H"
        default: "%Y%m%d"
        }
    }

    var text: String {
        let number = appends ? "" : FilePath.numberMark
        let end = suffix + (isCompressed ? ".gz" : "")
        guard let timekey = keys.timekeySeconds else { return path + number + end }
        let format = sliceFormat ?? Self.format(ofSlice: timekey)
        if path.contains("*") {
            let filled = path.split(separator: "*", omittingEmptySubsequences: false).joined(separator: format + number)
            return filled + (isCompressed ? ".gz" : "")
        }
        let saysTime = sliceFormat == nil && directives(of: format).contains { path.contains($0) }
        return path + (saysTime ? "" : "." + format) + number + end
    }

    private func directives(of format: String) -> [String] {
        let letters = Array(format)
        return stride(from: 0, to: letters.count - 1, by: 2).map { String(letters[$0...($0 + 1)]) }
    }

    func summary(_ format: RecordFormat) -> String {
        var parts = [text.replacing(FilePath.numberMark, with: "_N")]
        if format.kind != .outFile { parts.append(format.kind.rawValue) }
        return parts.joined(separator: ", ")
    }

    // MARK: - Checks

    func check(_ setting: Setting<String>, _ reader: SectionReader) {
        let errors = reader.diagnostics
        if path.contains("*"), keys.timekeySeconds == nil {
            errors.error(
                setting.place, "the '*' in 'path' stands for the time, and there is no chunk key 'time'",
                hint: "write <buffer time> with 'timekey 1d' in it")
            return
        }
        let afterStar = path.split(separator: "*", omittingEmptySubsequences: false).dropFirst()
        if !appends, afterStar.contains(where: { $0.contains("/") }) || afterStar.count > 1 {
            errors.error(
                setting.place, "files are numbered where the '*' in 'path' stands, and that is no file's name here",
                hint: "put one '*' behind the last '/', or add 'append true'")
        }
        checkTime(setting, errors)
        checkPlaceholders(setting, errors)
        if path.hasSuffix("/") {
            errors.warning(
                setting.place, "'path' ends with '/': names of files begin with a dot",
                hint: "it is the beginning of a file's name: \(path)app")
        }
        if appends, text == bufferFolder {
            errors.error(
                setting.place, "the file '\(text)' would have the name of the folder in which its buffer is kept",
                hint: "give <buffer> a 'path' of its own, or the files a 'path_suffix'")
        }
    }

    private func checkTime(_ setting: Setting<String>, _ errors: Diagnostics) {
        guard let timekey = keys.timekeySeconds else {
            if let finest = finestSeconds(text) {
                errors.error(
                    setting.place,
                    "'path' says the time ('\(Self.units.first { $0.seconds == finest }?.directive ?? "")'), and there "
                        + "is no chunk key 'time'", hint: "write <buffer time> with 'timekey 1d' in it")
            }
            return
        }
        let format = Self.format(ofSlice: timekey)
        let missing = directives(of: format).filter { !path.contains($0) }
        if sliceFormat == nil, !path.contains("*"), !missing.isEmpty, missing.count < directives(of: format).count {
            errors.error(
                setting.place,
                "'path' says only a part of the time slice: \(missing.joined(separator: ", ")) is missing",
                hint: "with 'timekey \(timekey)' it needs all of \(format), or nothing: then it is added")
        } else if let finest = finestSeconds(text), finest > timekey {
            errors.error(
                setting.place,
                "slices of \(timekey) seconds would share one name: '\(text)' says no more than "
                    + (Self.units.first { $0.seconds == finest }?.directive ?? ""),
                hint: "raise 'timekey' or write more of the time")
        }
    }

    private static let units: [(seconds: Int64, directive: String)] = [
        (1, "%S"), (60, "%M"), (3600, "%H"), (86_400, "%d"),
    ]

    /// The shortest time after which the path is another one; nil: it does not change from day to day.
    private func finestSeconds(_ text: String) -> Int64? {
        guard var formatter = try? TimeFormatter(text, zone: .utc) else { return nil }
        func written(_ seconds: Int64) -> [UInt8] {
            var out = ByteBuffer(capacity: 128)
            formatter.write(EventTime(seconds: seconds), to: &out)
            return out.array()
        }
        let start: Int64 = 1_451_606_400  // 2016-01-01
        let first = written(start)
        return Self.units.first { written(start + $0.seconds) != first }?.seconds
    }

    private func checkPlaceholders(_ setting: Setting<String>, _ errors: Diagnostics) {
        let found = PlaceholderCheck.check(
            setting, "path", keys, errors, reason: "files of several tags are filled at a time")
        if keys.usesTag, !found.usesTag {
            errors.error(
                setting.place,
                "'tag' is a chunk key, and 'path' does not say it: files of several tags would share a name",
                hint: "put ${tag} into 'path', or remove 'tag' from <buffer>")
        }
        for name in keys.fieldNames where !found.fields.contains(name) {
            errors.error(
                setting.place, "'\(name)' is a chunk key, and 'path' does not say it",
                hint: "put ${\(name)} into 'path', or remove '\(name)' from <buffer>")
        }
    }
}
