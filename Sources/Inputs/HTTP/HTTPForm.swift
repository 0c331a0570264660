internal import HTTPServer

/// The fields of a form in a request's body: `application/x-www-form-urlencoded` (WHATWG URL standard) or
/// `multipart/form-data` (RFC 7578, in the form of RFC 2046, 5.1).
enum HTTPForm {
    typealias Field = (name: String, value: [UInt8])

    /// The media type of a form that is written as in an address.
    static let ofAddress = "application/x-www-form-urlencoded"

    /// nil when the media type is no form's, or the body is broken.
    static func fields(_ contentType: String, _ body: [UInt8]) -> [Field]? {
        let media = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        switch media {
        case ofAddress:
            return HTTPTarget.pairs(String(decoding: body, as: UTF8.self)[...])
        case "multipart/form-data":
            guard let boundary = parameter("boundary", of: contentType), !boundary.isEmpty else { return nil }
            return parts(body, boundary: Array("--\(boundary)".utf8))
        default: return nil
        }
    }

    /// `name="json"` of a header's value; quotes are optional.
    static func parameter(_ name: String, of header: String) -> String? {
        for piece in header.split(separator: ";").dropFirst() {
            let sides = piece.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].filter({ $0 != " " && $0 != "\t" }).lowercased() == name else { continue }
            let value = sides[1].drop { $0 == " " || $0 == "\"" }
            return String(value.prefix { $0 != "\"" && $0 != " " })
        }
        return nil
    }

    /// Each part stands between two lines that begin with the boundary; the last of those ends with two dashes.
    private static func parts(_ body: [UInt8], boundary: [UInt8]) -> [Field]? {
        var fields: [Field] = []
        guard var start = find(boundary, in: body, from: 0) else { return nil }
        while true {
            start += boundary.count
            if body[start...].starts(with: [0x2D, 0x2D]) { return fields }
            guard let head = find([0x0D, 0x0A], in: body, from: start),
                let end = find([0x0D, 0x0A, 0x0D, 0x0A], in: body, from: head),
                let next = find([0x0D, 0x0A] + boundary, in: body, from: end + 2)
            else { return nil }
            let lines = String(decoding: body[head..<end], as: UTF8.self).split(whereSeparator: \.isNewline)
            let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") }
            if let name = disposition.flatMap({ parameter("name", of: String($0)) }) {
                fields.append((name, Array(body[min(end + 4, next)..<next])))
            }
            start = next + 2
        }
    }

    /// O(body) for boundaries that are not made to mislead, at most O(body × boundary), of which the standard allows 70
    /// bytes and the server's limit of a head a few more.
    private static func find(_ wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = wanted.first, bytes.count >= wanted.count, start >= 0 else { return nil }
        var place = start
        while place <= bytes.count - wanted.count {
            if bytes[place] == first, bytes[place..<(place + wanted.count)].elementsEqual(wanted) { return place }
            place += 1
        }
        return nil
    }
}
