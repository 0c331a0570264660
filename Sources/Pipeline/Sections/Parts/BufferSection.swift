internal import Buffering
internal import ConfigFile
internal import Events
internal import Parsing
internal import Time

/// `<buffer>` of an output (Fluentd's `plugin/output.rb` and `plugin/buffer.rb`), and v0.12's parameters for it.
enum BufferSection {
    struct Read {
        var settings = BufferSettings()
        var fieldReaders: [RecordAccessor] = []
        /// `@type file`: where its chunks are; nil: in memory.
        var files: BufferFiles?
        var place: BufferPlace { files.map { .files(path: $0.path) } ?? .memory }
        /// In which slices of time begin and are named (`timekey_use_utc`, `timekey_zone`).
        var zone = TimeZoneRule.local
    }

    /// What an output has where its `<buffer>` says nothing.
    struct Defaults {
        /// A buffer in files, at this parameter's path; nil: in memory.
        var path: Setting<String>?
        var chunkKeys: [String] = []
        var timekeySeconds: Double?
    }

    /// Parameters that have their place in `<buffer>` only, and that Fluentd does not take from v0.12's either.
    static let keysInside = [
        "retry_wait", "retry_timeout", "retry_max_times", "retry_max_interval", "retry_forever", "retry_type",
        "retry_randomize", "retry_exponential_backoff_base", "retry_secondary_threshold", "flush_mode",
        "flush_thread_count", "flush_thread_interval", "flush_thread_burst_interval", "overflow_action",
        "chunk_limit_size", "chunk_limit_records", "chunk_full_threshold", "total_limit_size", "queue_limit_length",
        "queued_chunks_limit_size", "timekey", "timekey_wait", "timekey_use_utc", "timekey_zone",
        "delayed_commit_timeout", "disable_chunk_backup", "compress",
    ]

    /// - Parameter section: nil: all defaults.
    static func read(
        _ section: Section?, _ diagnostics: Diagnostics, _ builder: PlanBuilder, _ defaults: Defaults = Defaults()
    ) -> Read {
        var result = Read()
        guard let section else { return result }
        let reader = SectionReader(section, description: section.tag, diagnostics: diagnostics)
        var settings = BufferSettings()
        readType(reader, &settings, &result, builder, defaults)
        readKeys(section, reader, &settings, &result, defaults)

        let interval = reader.time("flush_interval", range: 0...1e9)
        let mode = reader.enumeration(
            "flush_mode",
            [
                "default": BufferSettings.FlushMode.default, "lazy": .lazy, "interval": .interval,
                "immediate": .immediate,
            ])
        settings.flushIntervalSeconds = interval?.value ?? settings.flushIntervalSeconds
        settings.flushMode = mode?.value ?? .default
        if let interval, let mode, mode.value != .interval, mode.value != .default {
            diagnostics.error(
                interval.place, "flush_interval has a meaning only with flush_mode interval",
                hint: "remove one of the two", related: [.init(mode.place, "the mode is set here")])
        } else if let interval, mode == nil, settings.keys.timekeySeconds != nil {
            diagnostics.warning(
                interval.place,
                "flush_interval has no effect with a time key, whose chunks leave when their slice is over",
                hint: "add 'flush_mode interval' if that is wanted")
        }
        settings.flushThreadCount = reader.int("flush_thread_count", default: 1, range: 1...64)
        settings.flushAtShutdown = reader.bool("flush_at_shutdown", default: settings.flushAtShutdown)
        settings.overflowAction =
            reader.enumeration(
                "overflow_action",
                [
                    "block": BufferSettings.OverflowAction.block, "throw_exception": .throwException,
                    "drop_oldest_chunk": .dropOldestChunk,
                ])?.value ?? .block
        settings.chunkLimitBytes = reader.size(
            "chunk_limit_size", default: settings.chunkLimitBytes, range: 1...(1 << 31))
        settings.totalLimitBytes = reader.size(
            "total_limit_size", default: settings.totalLimitBytes, range: 1...(1 << 50))
        if let count = reader.int("queue_limit_length", range: 1...1_000_000), !reader.has("total_limit_size") {
            settings.totalLimitBytes = count.value * settings.chunkLimitBytes
        }
        settings.chunkLimitRecords = reader.int("chunk_limit_records", range: 1...Int.max)?.value
        settings.chunkFullThreshold = reader.float("chunk_full_threshold", default: 0.95, range: 0.01...1)
        settings.queuedChunksLimit = reader.int("queued_chunks_limit_size", range: 1...1_000_000)?.value
        settings.disableChunkBackup = reader.bool("disable_chunk_backup", default: false)
        settings.deadLetterLimit = reader.size("dead_letter_limit_size", range: 0...(1 << 50))?.value
        settings.slowFlushLogThresholdSeconds = reader.time("slow_flush_log_threshold", default: 20, range: 0...1e9)
        readRetry(reader, &settings.retry)
        reader.ignore(
            ["flush_thread_interval", "flush_thread_burst_interval", "delayed_commit_timeout", "compress"],
            reason: "sluice sends when a chunk is due and does not keep chunks compressed", severity: .note,
            defaults: ["compress": "text"])
        if !reader.has("timekey"), let slip = reader.section.parameter("time_key") {
            reader.accept(["time_key"])
            reader.diagnostics.warning(
                slip.keyPlace, "'time_key' in <buffer> is not used, as in Fluentd",
                hint: "the seconds of a slice are 'timekey': timekey \(slip.text ?? "3600")")
        }
        reader.finish()
        result.settings = settings
        return result
    }

    /// `@type`, and what a buffer in files has of its own (Fluentd's `buf_file.rb`).
    private static func readType(
        _ reader: SectionReader, _ settings: inout BufferSettings, _ result: inout Read, _ builder: PlanBuilder,
        _ defaults: Defaults
    ) {
        let type = builder.keepsBuffersInMemory ? nil : reader.type()
        if builder.keepsBuffersInMemory { reader.accept(["@type", "type", "durability", "fsync_interval"]) }
        let path = reader.string("path") ?? defaults.path
        let suffix = reader.string("path_suffix", default: ".log")
        reader.accept(["file_permission", "dir_permission"])
        if builder.keepsBuffersInMemory { return }
        switch type?.value ?? (defaults.path == nil ? "memory" : "file") {
        case "memory": return
        case "file", "file_single":
            guard let path, !path.value.isEmpty else {
                reader.diagnostics.error(
                    type?.place ?? reader.section.place, "a buffer in files needs 'path'",
                    hint: "add 'path /var/lib/sluice/buffer', a folder of its own")
                return
            }
            let files = BufferFiles(path: path.value, suffix: suffix)
            result.files = files
            (settings.chunkLimitBytes, settings.totalLimitBytes) = (256 << 20, 64 << 30)
            settings.flushAtShutdown = false
            settings.waitsForDisk =
                reader.enumeration("durability", ["process": false, "power": true])?.value ?? false
            settings.fsyncIntervalSeconds = reader.time("fsync_interval", default: 0, range: 0...3600)
            builder.keeps(bufferAt: path.value, at: path.place)
            builder.openings.add(buffer: files, path.parameter)
        case let other:
            reader.diagnostics.warning(
                type?.place ?? reader.section.place,
                "buffer type '\(other)' is not supported; the buffer is kept in memory", hint: "'memory' or 'file'")
        }
    }

    private static func readRetry(_ reader: SectionReader, _ retry: inout RetrySettings) {
        retry.kind =
            reader.enumeration(
                "retry_type", ["exponential_backoff": RetrySettings.Kind.exponentialBackoff, "periodic": .periodic])?
            .value
            ?? .exponentialBackoff
        retry.waitSeconds = reader.time("retry_wait", default: 1, range: 0...1e9)
        retry.exponentialBase = reader.float("retry_exponential_backoff_base", default: 2, range: 1...1000)
        retry.maxIntervalSeconds = reader.time("retry_max_interval", range: 0...1e9)?.value
        retry.randomize = reader.bool("retry_randomize", default: true)
        retry.timeoutSeconds = reader.time("retry_timeout", default: 72 * 3600, range: 0...1e12)
        retry.maxTimes = reader.int("retry_max_times", range: 0...Int.max)?.value
        retry.forever = reader.bool("retry_forever", default: false)
        retry.secondaryThreshold = reader.float("retry_secondary_threshold", default: 0.8, range: 0...1)
    }

    private static func readKeys(
        _ section: Section, _ reader: SectionReader, _ settings: inout BufferSettings, _ result: inout Read,
        _ defaults: Defaults
    ) {
        let wait = reader.time("timekey_wait", default: 600, range: 0...1e9)
        let timekey = reader.time("timekey", range: 1...1e9)
        let usesUTC = reader.bool("timekey_use_utc", default: false)
        let zone = reader.string("timekey_zone")
        // `[]` asks for none.
        let isEmpty = section.argument.text.utf8.allSatisfy { "[] \t".utf8.contains($0) }
        let named = isEmpty ? [] : section.argument.text.split { ", \t".contains($0) }.map(String.init)
        let names = section.argument.text.isEmpty ? defaults.chunkKeys : named
        for name in names {
            switch name {
            case "tag": settings.keys.usesTag = true
            case "time":
                guard let seconds = timekey?.value ?? defaults.timekeySeconds else {
                    reader.diagnostics.error(
                        section.argument.place, "the chunk key 'time' needs 'timekey'",
                        hint: "add 'timekey 1h' to the buffer section")
                    continue
                }
                settings.keys.timekeySeconds = Int64(seconds)
                settings.keys.timekeyWaitSeconds = Int64(wait)
            default:
                do throws(RecordAccessor.SyntaxError) {
                    result.fieldReaders.append(try RecordAccessor(name))
                    settings.keys.fieldNames.append(name)
                } catch {
                    reader.diagnostics.error(
                        section.argument.place, "the chunk key '\(name)' is no place in a record: \(error.message)")
                }
            }
        }
        if usesUTC {
            result.zone = .utc
            settings.keys.zoneOffset = { _ in 0 }
        } else if let zone {
            do throws(SettingError) {
                let rule = try TimeZoneRule(zone.value)
                result.zone = rule
                let offsets = SliceOffsets(rule)
                settings.keys.zoneOffset = { offsets.offset(at: $0) }
            } catch {
                reader.error("timekey_zone", error.message, hint: error.hint)
            }
        } else if settings.keys.timekeySeconds != nil {
            let offsets = SliceOffsets(.local)
            settings.keys.zoneOffset = { offsets.offset(at: $0) }
        }
    }
}
