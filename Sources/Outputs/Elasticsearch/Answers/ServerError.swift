internal import Events

/// The servers' own error object, of an item or of a whole request:
/// `{"type":"mapper_parsing_exception","reason":"…","caused_by":{"type":"…","reason":"…"}}`.
struct ServerError: Equatable {
    /// There was something else than null.
    var isPresent = false
    /// Insides of JSON strings.
    var type = Slice.empty
    var reason = Slice.empty
    var causeReason = Slice.empty

    /// The error of a whole answer, `{"error":{"type":"…","reason":"…"},"status":400}`; nil when the answer is something
    /// else, such as a proxy's page: only what names a type and repeats the status of the answer is the servers' own.
    static func whole(_ body: borrowing ByteBuffer, status: Int) -> ServerError? {
        var reader = JSONSteps(end: body.count)
        var found: ServerError?
        var repeated: Int?
        do throws(BulkResponseError) {
            try reader.open(body, UInt8(ascii: "{"))
            while let key = try reader.nextKey(body) {
                if body.holds("error", at: key) {
                    found = try read(body, &reader)
                } else if body.holds("status", at: key) {
                    repeated = try reader.status(body)
                } else {
                    try reader.skip(body)
                }
            }
            try reader.finish(body)
        } catch {
            return nil
        }
        guard let found, !found.type.isEmpty, repeated == status else { return nil }
        return found
    }

    /// The value of an `error` member. Old servers gave text.
    static func read(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps
    ) throws(BulkResponseError) -> ServerError {
        var error = ServerError()
        switch reader.peek(body) {
        case UInt8(ascii: "{"):
            error.isPresent = true
            try error.fill(body, &reader, isCause: false)
        case 0x22:
            error.isPresent = true
            error.reason = try reader.string(body)
        default:
            error.isPresent = reader.peek(body) != UInt8(ascii: "n")
            try reader.skip(body)
        }
        return error
    }

    /// An `error` object, or the `caused_by` inside it, whose own causes are skipped.
    private mutating func fill(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps, isCause: Bool
    ) throws(BulkResponseError) {
        try reader.open(body, UInt8(ascii: "{"))
        while let key = try reader.nextKey(body) {
            let isString = reader.peek(body) == 0x22
            if isString && !isCause && body.holds("type", at: key) {
                type = try reader.string(body)
            } else if isString && body.holds("reason", at: key) {
                let text = try reader.string(body)
                if isCause { causeReason = text } else { reason = text }
            } else if !isCause && body.holds("caused_by", at: key) && reader.peek(body) == UInt8(ascii: "{") {
                try fill(body, &reader, isCause: true)
            } else {
                try reader.skip(body)
            }
        }
    }
}
