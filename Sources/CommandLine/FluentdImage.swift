/// What the image fluent/fluentd takes from its environment (its entrypoint.sh, github.com/fluent/fluentd-docker-image), for a
/// container that has Sluice in its place.
package enum FluentdImage {
    /// Where it looks for its configuration.
    package static let folder = "/fluentd/etc"

    /// The file that FLUENTD_CONF names, in that folder unless it says otherwise; nil: it names none.
    package static func configuration(fluentdConf: String?) -> String? {
        guard let fluentdConf, !fluentdConf.isEmpty else { return nil }
        return fluentdConf.hasPrefix("/") ? fluentdConf : "\(folder)/\(fluentdConf)"
    }

    /// The options in FLUENTD_OPT, separated by blanks as the shell of that image does it: further ones of `run`.
    package static func options(fluentdOpt: String?) -> [String] {
        (fluentdOpt ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
