import Events
import HTTPClient
import Outputs
import TestSupport

/// A search engine that stores what a bulk request says, and answers everything that one can answer.
struct SimulatedServer {
    /// The ids under which each event was stored, by its number.
    private(set) var stored: [Int: Set<String>] = [:]
    /// Documents that are none of those that were sent.
    private(set) var wrong: [String] = []

    /// Takes a request.
    ///
    /// - Parameter isWell: stores everything and says so.
    /// - Returns: nil when the connection ends without an answer.
    mutating func answer(_ lines: [String], isWell: Bool, _ random: inout SeededGenerator) -> HTTPResponse? {
        let documents = stride(from: 0, to: lines.count - 1, by: 2).map { (action: lines[$0], source: lines[$0 + 1]) }
        switch isWell ? 0 : Int.random(in: 0..<18, using: &random) {
        case 0..<5:
            for document in documents { store(document) }
            return Self.response(#"{"errors":false,"items":[\#(Self.items(documents.count))]}"#)
        case 5: return nil
        case 6, 7:
            // What it has stored before the connection went nobody knows.
            for document in documents where Bool.random(using: &random) { store(document) }
            return nil
        case 8: return Self.response("{}", status: 503)
        case 9: return Self.response("", status: 429)
        case 10: return Self.response("too large", status: 413)
        case 11: return Self.response("<html>Log in</html>", status: Bool.random(using: &random) ? 200 : 400)
        case 12:
            return Self.response(
                #"{"error":{"type":"illegal_argument_exception","reason":"no"},"status":400}"#, status: 400)
        case 13:
            for document in documents { store(document) }
            let whole = #"{"errors":false,"items":[\#(Self.items(documents.count))]}"#
            return Self.response(String(whole.prefix(Int.random(in: 0..<whole.count, using: &random))))
        case 14:
            for document in documents { store(document) }
            let count = documents.count + (Bool.random(using: &random) ? 1 : -1)
            return Self.response(#"{"errors":false,"items":[\#(Self.items(count))]}"#)
        default:
            let items = documents.map { document -> String in
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    return #"{"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"q"}}}"#
                case 1:
                    return #"{"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"no"}}}"#
                default:
                    store(document)
                    return Self.items(1)
                }
            }
            return Self.response(#"{"errors":true,"items":[\#(items.joined(separator: ","))]}"#)
        }
    }

    private mutating func store(_ document: (action: String, source: String)) {
        guard let number = SimulatedEvent.number(of: document.source),
            let id = document.action.components(behind: #""_id":""#)
        else { return wrong.append(document.source) }
        stored[number, default: []].insert(id)
    }

    private static func items(_ count: Int) -> String {
        Array(repeating: #"{"index":{"status":201}}"#, count: max(count, 0)).joined(separator: ",")
    }

    private static func response(_ body: String, status: Int = 200) -> HTTPResponse {
        var bytes = ByteBuffer(capacity: body.utf8.count)
        bytes.append(Array(body.utf8))
        return HTTPResponse(status: status, body: bytes)
    }
}

extension String {
    /// What stands behind the mark, to the next quote.
    fileprivate func components(behind mark: String) -> String? {
        guard let range = firstRange(of: mark) else { return nil }
        return String(self[range.upperBound...].prefix { $0 != "\"" })
    }
}

/// What clients send: everything in it follows from its number.
enum SimulatedEvent {
    /// A message's events begin at a multiple of this, and are of one tag.
    static let messageEvents = 8

    /// Two messages of three carry JSON texts that a filter parses, some of them broken.
    static func isService(_ number: Int) -> Bool { number / messageEvents % 3 > 0 }
    static func isBroken(_ number: Int) -> Bool { isService(number) && number % 7 == 0 }
    static func tag(_ number: Int) -> String {
        isService(number) ? "svc.\(number / messageEvents % 2)" : "plain"
    }

    static func append(_ number: Int, to out: inout ByteBuffer) {
        out.appendMessagePack(mapCount: 3)
        out.appendMessagePackString("n")
        out.appendMessagePack(Int64(number))
        out.appendMessagePackString("pad")
        out.appendMessagePackString(pad(number))
        out.appendMessagePackString("log")
        out.appendMessagePackString(isBroken(number) ? #"{"took":"# : #"{"took":\#(number)}"#)
    }

    private static func pad(_ number: Int) -> String { String(repeating: "x", count: number * 7919 % 90) }

    /// The event that a document was made of; nil when it is none, or another one's parts are in it.
    static func number(of document: String) -> Int? {
        guard let range = document.firstRange(of: #""n":"#), document.hasPrefix("{"), document.hasSuffix("}"),
            let number = Int(document[range.upperBound...].prefix { $0.isNumber }),
            document.contains(#""pad":"\#(pad(number))""#),
            isService(number) && !isBroken(number) ? document.contains(#""took":\#(number)"#) : true
        else { return nil }
        return number
    }
}
