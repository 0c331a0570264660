/// Something that is not as in Fluentd, where a configuration says it: for whoever comes from there.
package struct Difference: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// A parameter that does nothing here.
        case withoutEffect = "without-effect"
        /// A source, filter or output that is not there.
        case leftOut = "left-out"
        /// Done in another way, on purpose.
        case deviation
    }

    package let kind: Kind
    package let file: String
    /// Of the parameter, or else of the section; from 1.
    package let line: Int
    /// Of the section.
    package let sectionLine: Int
    /// `<match **> of type elasticsearch`
    package let section: String
    /// nil: the section as a whole.
    package let parameter: String?
    /// Lower-case, without a full stop.
    package let what: String
    /// What to do; nil: nothing is to be done.
    package let advice: String?
    /// Whether the configuration asks for what it does not get. What is done in another way on purpose, all have.
    package var isMissing: Bool { kind != .deviation }

    package init(
        _ kind: Kind, at place: Place, of sectionPlace: Place, section: String, parameter: String? = nil,
        _ what: String, advice: String? = nil
    ) {
        let secrets = place.file.knownSecrets
        func shown(_ text: String) -> String { SecretText.masked(secrets.hidden(in: text)) }
        self.kind = kind
        file = place.file.path
        line = place.line
        sectionLine = sectionPlace.line
        self.section = shown(section)
        self.parameter = parameter.map(shown)
        self.what = shown(what)
        self.advice = advice.map(shown)
    }
}
