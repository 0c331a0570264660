package import Events

/// An answer to a bulk request that proves nothing.
package enum BulkResponseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No JSON, or cut short, or more than one value.
    case malformed(offset: Int)
    /// Something else than a search server answered: no `items`.
    case notABulkResponse
    case itemCount(answered: Int, sent: Int)

    package var description: String {
        switch self {
        case .malformed(let offset): "the bulk answer is no valid JSON at byte \(offset)"
        case .notABulkResponse: "the answer has no 'items': is this a search server?"
        case .itemCount(let answered, let sent): "the server answered for \(answered) items and \(sent) were sent"
        }
    }
}

/// What is said about one item that was not simply taken: places in the answer, texts not yet decoded.
package struct BulkItemAnswer: Sendable, Equatable {
    /// nil: no status, or none that HTTP has.
    package var status: Int?
    package var hasError = false
    /// Insides of JSON strings.
    package var type = Slice.empty
    package var reason = Slice.empty
    package var causeReason = Slice.empty
}

/// Reads bulk answers on their bytes, item by item, without building anything. Format: the "Bulk API" page of
/// Elasticsearch's and OpenSearch's reference.
///
/// `{"took":5,"errors":true,"items":[{"index":{"status":201}},{"index":{"status":400,"error":{"type":"…","reason":"…"}}}]}`
///
/// An answer counts when all of it is JSON, ends where the body ends, and has one item for each that was sent; then each
/// item counts for what it says itself, whatever `errors` claims. Linear in the answer's size, with constant memory.
package enum BulkResponse {
    /// Calls `onItem` with the number and the answer of each item that does not say that it was taken. When this throws,
    /// nothing of what it said before holds.
    package static func scan(
        _ body: borrowing ByteBuffer, sent: Int, _ onItem: (Int, BulkItemAnswer) -> Void
    ) throws(BulkResponseError) {
        var reader = JSONSteps(end: body.count)
        var count: Int?
        try reader.open(body, UInt8(ascii: "{"))
        while let key = try reader.nextKey(body) {
            if body.holds("items", at: key) {
                // Two lists contradict each other.
                guard count == nil else { throw .malformed(offset: reader.place) }
                count = try items(body, &reader, onItem)
            } else {
                try reader.skip(body)
            }
        }
        try reader.finish(body)
        guard let count else { throw .notABulkResponse }
        guard count == sent else { throw .itemCount(answered: count, sent: sent) }
    }

    private static func items(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps, _ onItem: (Int, BulkItemAnswer) -> Void
    ) throws(BulkResponseError) -> Int {
        var count = 0
        // An item that was taken looks like the one before it: comparing is all it needs.
        var taken = Slice.empty
        try reader.open(body, UInt8(ascii: "["))
        while try reader.nextElement(body) {
            while !taken.isEmpty, body.repeats(taken, at: reader.place),
                body.holds(UInt8(ascii: ","), at: reader.place + Int(taken.length)),
                body.holds(UInt8(ascii: "{"), at: reader.place + Int(taken.length) + 1)
            {
                reader.place += Int(taken.length) + 1
                count += 1
            }
            if !taken.isEmpty, body.repeats(taken, at: reader.place) {
                reader.place += Int(taken.length)
            } else {
                let start = reader.place
                let answer = try entry(body, &reader)
                if let status = answer?.status, status / 100 == 2, answer?.hasError == false {
                    taken = Slice(offset: start, length: reader.place - start)
                } else {
                    onItem(count, answer ?? BulkItemAnswer())
                }
            }
            count += 1
        }
        return count
    }

    /// One entry of `items`: an object with one member, whose name is the action. nil when it is something else.
    private static func entry(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps
    ) throws(BulkResponseError) -> BulkItemAnswer? {
        guard reader.peek(body) == UInt8(ascii: "{") else {
            try reader.skip(body)
            return nil
        }
        var answer: BulkItemAnswer?
        var members = 0
        try reader.open(body, UInt8(ascii: "{"))
        while let key = try reader.nextKey(body) {
            members += 1
            let isAction =
                body.holds("index", at: key) || body.holds("create", at: key) || body.holds("update", at: key)
            if isAction && reader.peek(body) == UInt8(ascii: "{") {
                answer = try item(body, &reader)
            } else {
                try reader.skip(body)
            }
        }
        return members == 1 ? answer : nil
    }

    private static func item(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps
    ) throws(BulkResponseError) -> BulkItemAnswer {
        var answer = BulkItemAnswer()
        var statuses = 0
        try reader.open(body, UInt8(ascii: "{"))
        while let key = try reader.nextKey(body) {
            if body.holds("status", at: key) {
                statuses += 1
                answer.status = try reader.status(body)
            } else if body.holds("error", at: key) {
                let error = try ServerError.read(body, &reader)
                answer.hasError = error.isPresent
                (answer.type, answer.reason, answer.causeReason) = (error.type, error.reason, error.causeReason)
            } else {
                try reader.skip(body)
            }
        }
        if statuses != 1 { answer.status = nil }
        return answer
    }
}
