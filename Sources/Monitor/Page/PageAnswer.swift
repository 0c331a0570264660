internal import Events

/// An answer to the page.
struct PageAnswer: Sendable {
    var status = 200
    var contentType = "application/json"
    var body: [UInt8]

    init(_ file: PageFile) { (contentType, body) = (file.contentType, file.bytes) }

    init(json: borrowing ByteBuffer) { body = json.array() }

    init(json: String) { body = Array(json.utf8) }

    init(_ refusal: PageRefusal) {
        (status, contentType) = (refusal.status, "text/plain; charset=utf-8")
        body = Array((refusal.sentence + "\n").utf8)
    }

    var headers: [(name: String, value: String)] {
        let challenge = status == 401 ? [("WWW-Authenticate", "Bearer")] : []
        return [("Content-Type", contentType)] + challenge + Self.safety
    }

    /// Nothing but what the page is made of is loaded, run or asked (Content Security Policy, level 3), nobody frames it,
    /// and nothing of it is kept.
    static let safety: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
    ]
}
