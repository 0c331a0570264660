internal import HTTPServer

/// Whether somebody may have the page and what it asks for: events, configurations, what a daemon holds.
///
/// - On an address of this machine alone (loopback) everybody on it may, without a token. A browser may be led there by
///   a page from elsewhere: the `Host` header has to name the address (against a name that is bent to it), and what is
///   posted has to come from the page itself.
/// - On any other address a token has to be set, and said: `Authorization: Bearer …` (RFC 6750, 2.1). The page itself,
///   which holds nothing, is there without it, to ask for it.
struct PageAccess {
    /// As it is bound.
    let host: String
    /// nil: none is set.
    let token: String?
    var allowsReplay = false

    /// What of a request counts.
    struct Request {
        var method = "GET"
        var host: String?
        var origin: String?
        /// `Sec-Fetch-Site` (Fetch Metadata), which browsers send on their own.
        var site: String?
        var contentType: String?
        var authorization: String?
        /// The page and its parts.
        var isForPage = false
        /// It would change something: dead letters are to be sent again.
        var isForReplay = false
    }

    func admit(_ request: Request) throws(PageRefusal) {
        guard Self.isLoopback(host) || token != nil else {
            throw PageRefusal(
                403,
                "this address can be reached from other machines and no token is set: bind 127.0.0.1, or give the "
                    + "monitor_agent source a 'token'")
        }
        // Whoever has the token has not been led here.
        if token == nil { try checkHost(request) }
        if request.method == "POST" { try checkPost(request) }
        if let token, !request.isForPage {
            guard let said = request.authorization, said.lowercased().hasPrefix("bearer "),
                Self.areEqual(Array(said.utf8.dropFirst("bearer ".utf8.count)), Array(token.utf8))
            else { throw PageRefusal(401, "a token is needed: Authorization: Bearer TOKEN") }
        }
        if request.isForReplay, !mayReplay {
            throw PageRefusal(
                403, "nothing is sent again from here: set 'monitor_replay true' and a 'monitor_token' in <system>")
        }
    }

    /// Whether whoever passes may have dead letters sent again.
    var mayReplay: Bool { allowsReplay && token != nil }

    private func checkHost(_ request: Request) throws(PageRefusal) {
        let name = Self.name(ofAuthority: request.host ?? "")
        guard Self.isLoopback(name) || name == host.lowercased() else {
            throw PageRefusal(403, "the Host header names another machine: ask for \(host)")
        }
    }

    private func checkPost(_ request: Request) throws(PageRefusal) {
        let type = request.contentType?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard type == "application/json" else {
            throw PageRefusal(415, "the body must be JSON: Content-Type: application/json")
        }
        // Programs send none; browsers always do.
        if let origin = request.origin {
            let authority = origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) }
            guard let authority, authority.lowercased() == request.host?.lowercased() else {
                throw PageRefusal(403, "a page from elsewhere may not ask this")
            }
        }
        guard ["same-origin", "none", nil].contains(request.site) else {
            throw PageRefusal(403, "a page from elsewhere may not ask this")
        }
    }

    /// A name or an address that leads nowhere but to this machine.
    static func isLoopback(_ host: String) -> Bool {
        if ["localhost", "::1", "[::1]"].contains(host.lowercased()) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Without the port: `[::1]:24220` is `::1`.
    private static func name(ofAuthority authority: String) -> String {
        let lower = authority.lowercased()
        if lower.hasPrefix("[") { return String(lower.dropFirst().prefix { $0 != "]" }) }
        return String(lower.prefix { $0 != ":" })
    }

    /// Takes as long for a wrong text as for a right one of the same length.
    private static func areEqual(_ said: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard !wanted.isEmpty else { return false }
        var difference = said.count ^ wanted.count
        for (index, byte) in said.enumerated() { difference |= Int(byte ^ wanted[index % wanted.count]) }
        return difference == 0
    }
}

/// Why a request is not answered: a status, and a sentence for whoever asked.
struct PageRefusal: Error, Equatable {
    let status: Int
    let sentence: String

    init(_ status: Int, _ sentence: String) { (self.status, self.sentence) = (status, sentence) }
}

extension PageAccess.Request {
    init(_ exchange: HTTPExchange, _ route: PageRoute) {
        (method, isForPage) = (exchange.method, route.isFile)
        isForReplay = route == .replay && exchange.method == "POST"
        (host, origin, site) = (exchange.header("Host"), exchange.header("Origin"), exchange.header("Sec-Fetch-Site"))
        (contentType, authorization) = (exchange.header("Content-Type"), exchange.header("Authorization"))
    }
}
