internal import ConfigFile
internal import Events
internal import Outputs

/// `<secondary>` of an output with a buffer: who takes what the destination does not.
enum SecondarySection {
    enum Way {
        /// An output of any type, behind a label of its own.
        case label(String)
        case file(SecondaryFileSettings)
    }

    struct Read {
        /// For reports.
        let type: String
        let way: Way

        var label: String? { if case .label(let name) = way { name } else { nil } }

        func destination(reader: any ItemReader, _ context: RunContext) -> any Destination {
            switch way {
            case .label(let name):
                LabelDestination(
                    label: name, of: context.stage.id.description, reader: reader, returnPath: context.returnPath)
            case .file(let settings): SecondaryFileDestination(settings, reader: reader)
            }
        }
    }

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> Read? {
        guard let section = reader.section(named: "secondary") else { return nil }
        for name in ["buffer", "secondary"] {
            guard let nested = section.sections(named: name).first else { continue }
            reader.diagnostics.error(
                nested.place, "<secondary> cannot have a <\(name)>",
                hint: "remove it: the buffer of the output around it serves both")
        }
        let inner = SectionReader(section, diagnostics: reader.diagnostics)
        // Without a type it is one more output of the primary's.
        guard let type = inner.type(required: reader.section.type == nil) ?? reader.type() else { return nil }
        if type.value == "secondary_file" {
            return readFile(inner, builder).map { Read(type: type.value, way: .file($0)) }
        }
        guard let output = builder.output(inner, type), !output.isLeftOut,
            let label = builder.addHiddenLabel(for: output)
        else {
            return nil
        }
        return Read(type: type.value, way: .label(label))
    }

    private static func readFile(_ reader: SectionReader, _ builder: PlanBuilder) -> SecondaryFileSettings? {
        reader.accept(["@id", "@label", "@log_level"])
        let directory = reader.string("directory", required: true)
        var settings = SecondaryFileSettings(directory: directory?.value ?? "")
        settings.basename = reader.string("basename", default: settings.basename)
        settings.appends = reader.bool("append", default: false)
        settings.isCompressed = reader.enumeration("compress", ["text": false, "gzip": true])?.value ?? false
        reader.finish()
        if settings.basename.contains("/") {
            reader.error(
                "basename", "'basename' is '\(settings.basename)', which is a path",
                hint: "put the folder into 'directory'")
        }
        for name in settings.unknownPlaceholders {
            reader.error(
                settings.directory.contains("${\(name)}") ? "directory" : "basename",
                "nothing stands for '${\(name)}' here", hint: "there are ${tag}, ${tag[0]} and ${chunk_id}")
        }
        return directory.map { _ in settings }
    }
}
