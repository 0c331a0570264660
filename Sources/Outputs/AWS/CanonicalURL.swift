/// The form of a URL's query that is signed: percent-encoded but for letters that stand for nothing else, and sorted by name
/// ("Create a canonical request" in Amazon's IAM User Guide). libcurl signs the query as it stands.
enum CanonicalURL {
    /// What is percent-encoded already stays as it is.
    static func of(_ url: String) -> String {
        guard let mark = url.firstIndex(of: "?") else { return url }
        let pairs = url[url.index(after: mark)...].split(separator: "&").map { pair in
            // A name without a value is signed with an empty one.
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (encoded(parts[0]), parts.count > 1 ? encoded(parts[1]) : "")
        }
        return url[...mark] + pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func encoded(_ text: Substring) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).map { PercentEncoding.encoded(String($0)) }
            .joined(separator: "%")
    }
}
