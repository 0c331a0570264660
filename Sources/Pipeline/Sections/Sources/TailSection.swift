internal import ConfigFile
internal import Inputs
internal import Parsing

/// `<source> @type tail`.
enum TailSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let path = reader.string("path", required: true)
        let tag = reader.string("tag", required: true)
        guard let section = ParseSection.find(in: reader), let parsed = ParseSection.read(section, reader.diagnostics)
        else { return nil }
        guard let path, let tag else { return nil }
        let delimiter = reader.string("path_delimiter", default: ",")
        let paths = path.value.split(separator: delimiter.first ?? ",").map { String($0).trimmed }
        var settings = TailSettings(
            paths: paths.filter { !$0.isEmpty }, tag: tag.value, parser: parsed.recipe.counted())
        settings.excludedPaths = reader.array("exclude_path")?.value ?? []
        settings.positionFile = position(reader, builder)
        settings.readsFromHead = reader.bool("read_from_head", default: false)
        settings.followsInodes = reader.bool("follow_inodes", default: false)
        if settings.followsInodes, settings.positionFile == nil {
            reader.error("follow_inodes", "follow_inodes needs pos_file", hint: "add pos_file /var/lib/sluice/app.pos")
        }
        settings.refreshMilliseconds = milliseconds(reader, "refresh_interval", 60, 0.1...86_400)
        settings.rotateWaitMilliseconds = milliseconds(reader, "rotate_wait", 5, 0...86_400)
        if let flush = reader.time("multiline_flush_interval", range: 0.1...86_400) {
            settings.multilineFlushMilliseconds = UInt64(flush.value * 1000)
        }
        if let age = reader.time("limit_recently_modified", range: 1...4e9) {
            settings.recentlyModifiedSeconds = Int64(age.value)
        }
        settings.batchLines = reader.int("read_lines_limit", default: settings.batchLines, range: 1...100_000)
        if let limit = reader.size("read_bytes_limit_per_second", range: -1...(1 << 40)), limit.value > 0 {
            settings.bytesPerSecond = limit.value
        }
        settings.lineBytes = reader.size("max_line_size", default: settings.lineBytes, range: 1...(1 << 28))
        settings.emitsUnmatchedLines = reader.bool("emit_unmatched_lines", default: false)
        settings.pathKey = reader.string("path_key")?.value
        readEncodings(reader, &settings)
        settings.groups = reader.section(named: "group").flatMap { TailGroupSection.read($0, reader.diagnostics) }
        reader.ignore(
            [
                "enable_watch_timer", "enable_stat_watcher", "open_on_every_update", "skip_refresh_on_startup",
                "ignore_repeated_permission_error", "pos_file_compaction_interval", "path_timezone", "glob_policy",
            ], reason: "files are watched and looked at once a second, and what is told is summarised", severity: .note)
        let first = settings.paths.first ?? path.value
        let texts = SourceTexts(tag: tag.value) { [settings] asked in LineIntake(settings, path: first, tag: asked) }
        return SourcePlan(
            type: "tail", summary: path.value, readsFiles: false, patterns: settings.parser.meter, texts: texts
        ) { [settings] context in
            guard context.isFirst else { return nil }
            return TailInput(
                settings, on: context.loop, emitter: context.emitter, log: context.log, pressure: context.pressure)
        }
    }

    private static func milliseconds(
        _ reader: SectionReader, _ key: String, _ seconds: Double, _ range: ClosedRange<Double>
    ) -> UInt64 {
        UInt64(reader.time(key, default: seconds, range: range) * 1000)
    }

    private static func position(_ reader: SectionReader, _ builder: PlanBuilder) -> String? {
        guard let file = reader.string("pos_file") else {
            reader.diagnostics.warning(
                reader.section.place, "without pos_file, files are read anew (or skipped) after each start",
                hint: "add pos_file /var/lib/sluice/NAME.pos")
            return nil
        }
        builder.keeps(positionsAt: file.value, at: file.place)
        return file.value
    }

    private static func readEncodings(_ reader: SectionReader, _ settings: inout TailSettings) {
        let encoding = reader.string("encoding")
        guard let from = reader.string("from_encoding") else { return }
        if encoding == nil {
            reader.error("from_encoding", "from_encoding needs encoding", hint: "add encoding utf-8")
        }
        if let encoding, !["utf-8", "utf8"].contains(encoding.value.lowercased()) {
            reader.error("encoding", "lines can be turned into UTF-8 only", hint: "write encoding utf-8")
        }
        if !TailSettings.knows(encoding: from.value) {
            reader.error(
                "from_encoding", "the encoding '\(from.value)' is not known to this system",
                hint: "`iconv -l` lists those that are")
        }
        settings.encoding = from.value
    }
}

extension String {
    fileprivate var trimmed: String {
        let front = drop { $0 == " " || $0 == "\t" }
        return String(
            front[..<(front.lastIndex { $0 != " " && $0 != "\t" }.map { front.index(after: $0) } ?? front.startIndex)])
    }
}
