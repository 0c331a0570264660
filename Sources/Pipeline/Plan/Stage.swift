package import ConfigFile
package import Logging

/// What a plan knows of each source, filter and output whatever its type: its name, its content, its place.
package struct Stage: Sendable {
    package var id = StageID("")
    /// Of the section the stage was made from.
    package var fingerprint = Fingerprint()
    package var origin = SectionOrigin()
    /// Its parameters as they were written, secrets masked.
    package var settings: [(name: String, value: String)] = []
    /// `@log_level`; nil follows the daemon's level.
    package var logLevel: LogLevel?

    /// The stage's own log: its id on every line, under the name of what it is, and its own level.
    package func log(_ log: Log, as kind: StageKind) -> Log {
        log.with(kind.rawValue, id).at(logLevel)
    }
}

extension FilterPlan {
    /// The plan under its name: each loop's filter speaks with the stage's log.
    func named(_ stage: Stage) -> FilterPlan {
        var plan = self
        plan.stage = stage
        let make = make
        plan.make = { context in make(context.of(stage)) }
        return plan
    }
}

extension OutputPlan {
    /// The plan under its name: the output speaks with the stage's log and keeps its files in the stage's folder. One that
    /// is at work already, from the same section, stays.
    func named(_ stage: Stage) -> OutputPlan {
        var plan = self
        plan.stage = stage
        let makeOutput = makeOutput
        let named = plan
        plan.makeOutput = { context in
            try context.live.output(of: named) { try makeOutput(context.of(stage)) }
        }
        return plan
    }
}

/// What a stage is, as log lines name it.
package enum StageKind: String, Sendable { case source, filter, output }

/// What a stage is called wherever it is spoken of: `@id`, or where its section begins (`match:12`).
///
/// One configuration has no two stages of one name.
package struct StageID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// A name as it was given.
    package init(_ name: String) { description = name }

    /// The name of a section without `@id`: `match:12`, or `match:outputs/stdout.conf:3` in an included file.
    /// - Parameter path: the configuration that was asked for.
    package init(_ kind: String, at origin: SectionOrigin, in path: String) {
        let place = origin.shown(in: path)
        description = "\(kind):\(origin.file == path ? "\(origin.line)" : place)"
    }

    /// The name as one part of a path: no two names share a folder, and none leads out of the one it is made in.
    /// Letters, digits and `_ - .` stay, everything else (and a dot in front) is written as in URLs, `%2F`.
    package var folderName: String {
        if description.isEmpty { return "%" }
        var name = ""
        for byte in description.utf8 {
            let letter = UnicodeScalar(byte)
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || letter == "_" || letter == "-" || letter == "." && !name.isEmpty
            if isPlain {
                name.unicodeScalars.append(letter)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                name += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return name
    }
}

/// A digest of a section as it counts, after includes and variables: equal for equal content wherever it stands,
/// and the same in every process. 64 bits of FNV-1a (draft-eastlake-fnv): enough to see that something was changed,
/// nothing to guard against somebody who wants two sections to look alike.
package struct Fingerprint: Hashable, Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package init(_ section: Section) { add(section) }

    private mutating func add(_ section: Section) {
        add(section.name)
        add(section.argument.text)
        // The last line of a key counts; comments, quotes and the places of lines do not.
        var last: [String: Int] = [:]
        for (index, parameter) in section.parameters.enumerated() { last[parameter.key] = index }
        for (index, parameter) in section.parameters.enumerated() where last[parameter.key] == index {
            switch parameter.value {
            case .text(let text):
                add(parameter.key)
                add("=" + text)
            case .none:
                add(parameter.key)
                add("-")
            case .useDefault: break
            }
        }
        add("<\(section.sections.count)")
        for nested in section.sections { add(nested) }
    }

    /// With its length, so that neighbours cannot lend one another letters.
    private mutating func add(_ text: String) {
        var length = text.utf8.count
        for _ in 0..<8 {
            add(UInt8(truncatingIfNeeded: length))
            length >>= 8
        }
        for byte in text.utf8 { add(byte) }
    }

    private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
}
