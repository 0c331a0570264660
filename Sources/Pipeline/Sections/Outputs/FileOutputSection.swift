internal import Buffering
internal import ConfigFile
internal import Events
internal import Outputs
internal import Time

/// `<match> @type file`: the parameters of Fluentd's `out_file.rb`.
enum FileOutputSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let path = reader.string("path", required: true)
        if let path, path.value.isEmpty {
            reader.error("path", "'path' is empty", hint: "write path /var/log/events/app")
        }
        let appends = reader.bool("append", default: false)
        let isCompressed =
            reader.enumeration("compress", ["text": false, "gz": true, "gzip": true], default: false)
        reader.ignore(["recompress"], reason: "files are always packed from plain text", severity: .note)
        let format = FormatSection.read(reader, default: .outFile)
        let injection = InjectSection.read(reader, builder)
        let secondary = SecondarySection.read(reader, builder)
        let sliceFormat = reader.string("time_slice_format")
        var buffering = readBuffer(reader, builder, path)
        // Each chunk is a file.
        buffering.settings.sharesChunks = !appends
        reader.accept(["utc", "localtime", "time_slice_wait", "timezone"])
        let template = FileTemplate(
            path: path?.value ?? "", suffix: suffix(reader), sliceFormat: sliceFormat?.value, appends: appends,
            isCompressed: isCompressed, buffering)
        let link = reader.string("symlink_path")
        if let link, reader.section.name == "secondary" {
            reader.diagnostics.error(
                link.parameter.keyPlace, "'symlink_path' has no place in <secondary>", hint: "remove the line")
        }
        let linkIsRelative = reader.bool("symlink_path_use_relative", default: false)
        if let path { template.check(path, reader) }
        guard let path, reader.diagnostics.errorCount == errorsBefore else { return nil }
        guard let made = make(template, path, reader, buffering) else { return nil }
        var settings = FileSettings(path: made)
        settings.appends = appends
        settings.isCompressed = isCompressed
        settings.linkPath = link.flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.linkIsRelative = linkIsRelative
        settings.waitsForDisk = buffering.settings.waitsForDisk
        (settings.fileMode, settings.folderMode) = (builder.modes.file, builder.modes.folder)
        let keys = buffering.settings.keys
        if keys.timekeySeconds != nil { settings.slice = { keys.slice(of: $0) ?? $0 } }
        checkFolder(path, builder)
        let (fixed, buffer) = (settings, buffering)
        let fields = buffering.fieldReaders
        return OutputPlan(
            type: "file", summary: template.summary(format), secondary: secondary?.type,
            secondaryLabel: secondary?.label, isDurable: fixed.waitsForDisk, buffer: buffer.place,
            preview: { ItemPreview(file: format, injection, fixed, keys: fields) },
            makeOutput: { context in
                // Before the buffer makes it for itself alone.
                if let folder = buffer.files?.place.folder { FileDestination.makeFolder(folder, fixed) }
                return try BufferedOutput(
                    buffer, format: FileFormatter.format, name: template.text,
                    destination: FileDestination(fixed, log: context.log), reader: KeptItemReader(),
                    secondary: secondary, context: context
                ) { FileFormatter(format, injection: injection, path: fixed.path, keys: fields) }
            })
    }

    private static func suffix(_ reader: SectionReader) -> String {
        let suffix = reader.string("path_suffix", default: ".log")
        return reader.bool("add_path_suffix", default: true) ? suffix : ""
    }

    /// Fluentd's defaults: chunks in files beside the output, one a day.
    private static func readBuffer(
        _ reader: SectionReader, _ builder: PlanBuilder, _ path: Setting<String>?
    ) -> BufferSection.Read {
        let section =
            reader.bufferSection(chunkKeys: "time")
            ?? Section(
                name: "buffer", argument: Argument(text: "time", place: reader.section.place),
                place: reader.section.place)
        var defaults = BufferSection.Defaults()
        defaults.path = path.flatMap { $0.value.isEmpty ? nil : $0 }
        defaults.chunkKeys = ["time"]
        defaults.timekeySeconds = 86_400
        var buffering = BufferSection.read(section, reader.diagnostics, builder, defaults)
        // What a first output could not deliver is not kept back for the rest of its day.
        if reader.section.name == "secondary" {
            buffering.settings.flushMode = .interval
            buffering.settings.flushIntervalSeconds = 1
        }
        reader.ignore(BufferSection.keysInside.filter { $0 != "compress" }, reason: "it belongs into <buffer>")
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        return buffering
    }

    private static func make(
        _ template: FileTemplate, _ path: Setting<String>, _ reader: SectionReader, _ buffering: BufferSection.Read
    ) -> FilePath? {
        do throws(SettingError) {
            let hasSlices = buffering.settings.keys.timekeySeconds != nil
            return try FilePath(
                template.text, fieldNames: buffering.settings.keys.fieldNames, zone: hasSlices ? buffering.zone : nil)
        } catch {
            reader.diagnostics.error(path.place, error.message, hint: error.hint)
            return nil
        }
    }

    /// The folder that the first files need, as far as it is known.
    private static func checkFolder(_ path: Setting<String>, _ builder: PlanBuilder) {
        let own = path.value.prefix { !"$%*".contains($0) }
        let folder = own.lastIndex(of: "/").map { $0 == own.startIndex ? "/" : String(own[..<$0]) } ?? "."
        builder.openings.add { diagnostics in
            guard let reason = OpeningChecks.problem(ofFolder: folder) else { return }
            diagnostics.error(
                path.place, "no file can be made in '\(folder)': \(reason)",
                hint: "let the account that runs sluice write there, or choose another path")
        }
    }
}
