internal import ConfigFile
internal import Words

extension ParseSection {
    /// `<parse>`, or the v0.12 parameters in its place. A misspelt one is read as what was probably meant: `finish`
    /// reports it at its own line, and what would follow from it is not reported as well.
    ///
    /// - Parameter isRequired: whether it is a mistake that there is none.
    static func find(in reader: SectionReader, isRequired: Bool = true) -> Section? {
        if let parse = reader.section(named: "parse") {
            reader.ignoreUnlessTaken(keysOutside, reason: "it belongs into <parse>")
            return parse
        }
        reader.accept(keysOutside)
        for name in sectionsOutside { _ = reader.sections(named: name) }
        var mended = reader.section
        for (index, parameter) in mended.parameters.enumerated() where !reader.knows(parameter.key) {
            if let glued = Guess.glued(parameter, among: keysOutside) {
                mended.parameters[index] = parameter.renamed(glued.name, value: glued.rest)
            } else if let meant = EditDistance.nearest(to: parameter.key, in: keysOutside) {
                mended.parameters[index] = parameter.renamed(meant)
            }
        }
        let names = sectionsOutside + ["parse"]
        // `<group>` of tail is no <grok>: what the source itself takes may be asked for later.
        for (index, section) in mended.sections.enumerated() where !section.hasCommonName {
            guard let meant = EditDistance.nearest(to: section.name, in: names) else { continue }
            mended.sections[index].name = meant
        }
        let old = SectionReader(mended, diagnostics: reader.diagnostics)
        if let section = old.parseSection(alsoKeys: oldKeys, alsoSections: sectionsOutside) {
            return section
        }
        guard isRequired || reader.has("format") else { return nil }
        let leftover = mended.parameters.first { oldKeys.contains($0.key) && $0.key != "timezone" }
        let message = "\(reader.description) does not say how to parse"
        if let leftover {
            let hint = "add a line 'format NAME' to go with '\(leftover.key)'"
            reader.diagnostics.error(leftover.keyPlace, message, hint: hint)
        } else {
            let hint = "add <parse> with '@type json', '@type grok', …; or, as in v0.12, 'format json'"
            reader.missing("format", message, hint: hint)
        }
        return nil
    }
}
