import Testing

@testable import Monitor

/// The status of the refusal; nil: it is answered.
private func refusal(
    at host: String, token: String? = nil, allowsReplay: Bool = false,
    _ change: (inout PageAccess.Request) -> Void = { _ in }
) -> Int? {
    var request = PageAccess.Request()
    request.host = "127.0.0.1:24220"
    change(&request)
    do throws(PageRefusal) {
        try PageAccess(host: host, token: token, allowsReplay: allowsReplay).admit(request)
        return nil
    } catch {
        return error.status
    }
}

@Suite("Monitor: who may see the page")
struct PageAccessTests {
    @Test(
        "this machine alone is open; an address beyond it is not without a token",
        arguments: ["127.0.0.1", "::1", "localhost"])
    func loopback(_ host: String) {
        #expect(refusal(at: host) == nil)
    }

    @Test(
        "an address that others reach is closed without a token, the page too",
        arguments: ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "127.0.0", "127.0.0.256", "logs.example"])
    func beyond(_ host: String) {
        #expect(refusal(at: host) == 403)
        #expect(refusal(at: host) { $0.isForPage = true } == 403)
        #expect(refusal(at: host, token: "t") { $0.authorization = "Bearer t" } == nil)
    }

    @Test("letters are sent again for who says the token, where that is allowed, and for no page from elsewhere")
    func replay() {
        func answer(
            token: String?, says: String?, allowed: Bool, _ change: (inout PageAccess.Request) -> Void = { _ in }
        ) -> Int? {
            refusal(at: "127.0.0.1", token: token, allowsReplay: allowed) {
                ($0.method, $0.contentType, $0.isForReplay) = ("POST", "application/json", true)
                $0.authorization = says.map { "Bearer " + $0 }
                change(&$0)
            }
        }
        #expect(answer(token: "t", says: "t", allowed: true) == nil)
        #expect(answer(token: "t", says: nil, allowed: true) == 401)
        #expect(answer(token: "t", says: "u", allowed: true) == 401)
        #expect(answer(token: "t", says: "t", allowed: false) == 403)
        #expect(answer(token: nil, says: nil, allowed: true) == 403)
        #expect(answer(token: "t", says: "t", allowed: true) { $0.origin = "http://evil.example" } == 403)
        #expect(answer(token: "t", says: "t", allowed: true) { $0.site = "cross-site" } == 403)
        #expect(answer(token: "t", says: "t", allowed: true) { $0.contentType = "text/plain" } == 415)
    }

    @Test(
        "a name that was bent to this machine is not answered",
        arguments: [
            ("127.0.0.1:24220", true), ("localhost:24220", true), ("LOCALHOST", true), ("[::1]:24220", true),
            ("127.8.9.1", true), ("evil.example:24220", false), ("127.0.0.1.evil.example", false), ("", false),
            ("localhost.evil.example", false), ("0.0.0.0:24220", false),
        ])
    func names(_ name: String, _ isAnswered: Bool) {
        #expect(refusal(at: "127.0.0.1") { $0.host = name } == (isAnswered ? nil : 403))
    }

    @Test("the address it is bound to may be named")
    func ownName() {
        #expect(refusal(at: "127.0.0.1") { $0.host = nil } == 403)
        #expect(refusal(at: "localhost") { $0.host = "localhost:1" } == nil)
    }

    @Test(
        "a token must be said as it is; the page itself, which holds nothing, asks for it",
        arguments: [
            (nil, false), ("Bearer secret", true), ("bearer secret", true), ("Bearer secre", false),
            ("Bearer secretsecret", false), ("Bearer ", false), ("Basic secret", false), ("secret", false),
            ("Bearer SECRET", false),
        ])
    func tokens(_ said: String?, _ isRight: Bool) {
        #expect(refusal(at: "127.0.0.1", token: "secret") { $0.authorization = said } == (isRight ? nil : 401))
        #expect(
            refusal(at: "0.0.0.0", token: "secret") {
                $0.authorization = said
                $0.isForPage = true
            } == nil)
    }

    @Test("who has the token may call the machine by any name")
    func anyName() {
        #expect(
            refusal(at: "0.0.0.0", token: "t") {
                $0.host = "logs.example:24220"
                $0.authorization = "Bearer t"
            } == nil)
    }

    @Test(
        "what is posted is JSON, and comes from the page itself or from no browser",
        arguments: [
            ("application/json", nil, nil, nil as Int?), ("application/json; charset=utf-8", nil, nil, nil),
            ("application/json", "http://127.0.0.1:24220", "same-origin", nil),
            ("application/json", "https://127.0.0.1:24220", nil, nil),
            ("application/json", "http://evil.example", nil, 403), ("application/json", "null", nil, 403),
            ("application/json", "http://127.0.0.1:9999", nil, 403), ("application/json", nil, "cross-site", 403),
            ("application/json", nil, "same-site", 403), ("text/plain", nil, nil, 415), ("", nil, nil, 415),
        ])
    func posts(_ type: String, _ origin: String?, _ site: String?, _ status: Int?) {
        #expect(
            refusal(at: "127.0.0.1") {
                $0.method = "POST"
                ($0.contentType, $0.origin, $0.site) = (type, origin, site)
            } == status)
    }
}
