internal import Events
internal import HTTPClient

/// An answer of Amazon's services in XML, of which a few texts are wanted.
struct XMLAnswer {
    private let text: String

    init(_ response: HTTPResponse) { text = response.excerpt(64 << 10) }

    /// What stands in the first element of this name.
    func text(_ name: String) -> String? {
        guard let open = text.firstRange(of: "<\(name)>"),
            let close = text[open.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        var inside = String(text[open.upperBound..<close.lowerBound])
        for (entity, letter) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            inside = inside.replacing(entity, with: letter)
        }
        return inside
    }
}
