internal import HTTPClient
internal import Logging

/// What a server is.
extension ElasticsearchDestination {
    /// nil: it answers, but is not ready.
    func ask(_ host: ElasticsearchHost) async throws(HTTPError) -> (BulkDialect, String)? {
        var request = request(.get, host, "/")
        request.options.responseLimitBytes = 1 << 20
        let response = try await send(request)
        if response.status == 429 || response.status >= 500 { return nil }
        if let version = ServerVersion(response.body) {
            return (version.dialect(settings), version.description)
        }
        // A proxy, or an account that may write but not look: go on as with a present-day server; a server that wants
        // something else says so in its first answer.
        log.warn(
            "cannot tell the server's version, assuming a present-day one",
            ["host": host.baseURL, "status": response.status])
        return (ServerVersion(major: 8).dialect(settings), "a server of unknown version")
    }

    /// The other spelling, when a whole request was refused because of `_type`.
    func adapted(_ dialect: BulkDialect, _ reason: String) -> BulkDialect? {
        var other = dialect
        if dialect.type == nil && reason.contains("type is missing") {
            other.type = settings.typeName ?? ServerVersion.defaultType
        } else if dialect.type != nil && reason.contains("unknown parameter [_type]") {
            other.type = nil
        } else {
            return nil
        }
        return other
    }
}
