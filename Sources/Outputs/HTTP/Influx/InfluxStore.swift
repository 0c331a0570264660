internal import HTTPClient
internal import Words

/// Where points are written to, and with which account.
///
/// Source: InfluxData's "InfluxDB v2 API" and "InfluxDB v1 API", write.
package enum InfluxStore: Sendable {
    /// InfluxDB 2: `POST /api/v2/write`.
    case bucket(name: String, organisation: String, token: String)
    /// InfluxDB 1: `POST /write`. A retention policy of nil is the database's own.
    case database(name: String, user: String, password: String, retentionPolicy: String?)

    /// The path and the query of a write.
    func target(_ precision: InfluxSettings.Precision) -> String {
        switch self {
        case .bucket(let name, let organisation, _):
            return "/api/v2/write?bucket=\(PercentEncoding.encoded(name))&org=\(PercentEncoding.encoded(organisation))"
                + "&precision=\(precision.rawValue)"
        case .database(let name, _, _, let policy):
            // Version 1 calls microseconds u.
            let unit = precision == .microseconds ? "u" : precision.rawValue
            let policy = policy.map { "&rp=\(PercentEncoding.encoded($0))" } ?? ""
            return "/write?db=\(PercentEncoding.encoded(name))&precision=\(unit)\(policy)"
        }
    }

    /// The value of `Authorization`: no secret stands in an address, which servers write into their logs.
    var authorization: String {
        switch self {
        case .bucket(_, _, let token): "Token \(token)"
        case .database(_, let user, let password, _):
            "Basic " + String(decoding: Base64.encoded(Array("\(user):\(password)".utf8)), as: UTF8.self)
        }
    }

    /// What to look at when an answer has this status.
    func advice(_ status: Int) -> String? {
        switch (self, status) {
        case (.bucket, 401): "is 'token' right, and may it write to the bucket?"
        case (.bucket, 404): "is there a bucket and an organisation of these names?"
        case (.database, 401), (.database, 403):
            "are 'user' and 'password' right, and may the user write to the database?"
        case (.database, 404): "is there a database of this name? CREATE DATABASE makes one"
        default: nil
        }
    }
}
