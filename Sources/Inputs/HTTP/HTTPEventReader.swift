internal import Compression
internal import EventLoop
internal import Events
internal import HTTPServer
internal import Parsing
internal import Time

/// Why nothing of a request was taken.
struct HTTPRefusal: Error, Equatable {
    let status: Int
    let message: String

    init(_ status: Int, _ message: String) { (self.status, self.message) = (status, message) }
}

/// From a whole request to records: all of it, or nothing. One instance for each loop.
struct HTTPEventReader: ~Copyable {
    private let options: HTTPOptions
    private let parser: (any TextParser)?
    private let added: HTTPAddedFields
    private let timeKey: [UInt8]
    /// Of a request's `time=`.
    private var times = TimeReader(.float, zone: .utc)
    /// Of a record.
    private var recordTimes: TimeReader

    init(_ options: HTTPOptions) {
        self.options = options
        parser = options.parser?.makeParser()
        added = HTTPAddedFields(options)
        timeKey = Array(options.time.key.utf8)
        recordTimes = TimeReader(options.time.source ?? .float, zone: options.time.zone)
    }

    /// Appends the records of a request, each with its time.
    mutating func read(
        _ exchange: HTTPExchange, _ target: HTTPTarget, storage: inout ByteBuffer, rows: inout Rows
    ) throws(HTTPRefusal) {
        var times: [[UInt8]] = target.query.filter { $0.name == "time" }.map(\.value)
        let body = try append(bodyOf: exchange, to: &storage)
        if let parser {
            parser.beginBatch(storage: &storage)
            try parse(body, parser, &storage, &rows)
        } else {
            try take(payload(of: exchange, target, body, &storage, &times), &storage, &rows)
        }
        setTime(times, &rows)
        try added.add(exchange, target, &storage, &rows)
    }

    /// Appends the records of a body without the request around it, from an address: where `<parse>` does not say what it
    /// is, a form with `json=` or `ndjson=`, or else JSON.
    mutating func read(
        body: Slice, from address: String, storage: inout ByteBuffer, rows: inout Rows
    ) throws(HTTPRefusal) {
        var times: [[UInt8]] = []
        if let parser {
            parser.beginBatch(storage: &storage)
            try parse(body, parser, &storage, &rows)
        } else {
            let isForm = body.length > 0 && (0x61...0x7A).contains(storage[Int(body.offset)])
            let fields = isForm ? HTTPForm.fields(HTTPForm.ofAddress, storage.array(body)) ?? [] : []
            let form = Self.data(in: fields, &storage)
            if form != nil { times = fields.filter { $0.name == "time" }.map(\.value) }
            try take(form ?? .json(body), &storage, &rows)
        }
        setTime(times, &rows)
        try added.add(address: address, &storage, &rows)
    }

    /// The first of the times that a request gives is that of all its records.
    private mutating func setTime(_ times: [[UInt8]], _ rows: inout Rows) {
        guard let given = times.first.flatMap({ time($0) }) else { return }
        for index in rows.records.indices { rows.records[index].time = given }
    }

    // MARK: - Bodies

    private func append(
        bodyOf exchange: HTTPExchange, to storage: inout ByteBuffer
    ) throws(HTTPRefusal) -> Slice {
        let start = storage.count
        switch exchange.header("Content-Encoding")?.lowercased() {
        case nil, "", "identity": storage.append(exchange.body)
        case "gzip", "x-gzip", "deflate":
            do throws(CompressionError) {
                let limit = DecompressionLimit(
                    bytes: options.decompressedBytes, parameter: "decompression_size_limit")
                var rest = Slice(offset: 0, length: exchange.body.count)
                _ = try GzipUnpacker(limit: limit).unpack(&rest, of: exchange.body, into: &storage, atMost: .max)
            } catch {
                if case .tooLarge = error { throw HTTPRefusal(413, "\(error)") }
                throw HTTPRefusal(400, "\(error)")
            }
        case .some(let other):
            throw HTTPRefusal(415, "the content encoding '\(other.prefix(64))' is not known: gzip and deflate are")
        }
        return Slice(offset: start, length: storage.count - start)
    }

    private enum Payload {
        case json(Slice), lines(Slice), messagePack(Slice)
        /// A GET without data: somebody looks whether anybody is there.
        case nothing
    }

    private static let missing = "'json', 'ndjson' or 'msgpack' parameter is required"

    /// What of a request is data, and in which form: its body by its media type, a field of a form, or of the query.
    private func payload(
        of exchange: HTTPExchange, _ target: HTTPTarget, _ body: Slice, _ storage: inout ByteBuffer,
        _ times: inout [[UInt8]]
    ) throws(HTTPRefusal) -> Payload {
        let contentType = exchange.header("Content-Type") ?? ""
        switch contentType.prefix(while: { $0 != ";" && $0 != " " }).lowercased() {
        case "application/json", "application/csp-report": return .json(body)
        case "application/x-ndjson": return .lines(body)
        case "application/msgpack": return .messagePack(body)
        default: break
        }
        var fields = HTTPForm.fields(contentType, storage.array(body)) ?? []
        times += fields.filter { $0.name == "time" }.map(\.value)
        fields += target.query
        if let data = Self.data(in: fields, &storage) { return data }
        if exchange.method == "GET", body.length == 0 { return .nothing }
        throw HTTPRefusal(400, Self.missing)
    }

    /// The first of the fields that is data.
    private static func data(in fields: [(name: String, value: [UInt8])], _ storage: inout ByteBuffer) -> Payload? {
        for (name, value) in fields {
            switch name {
            case "json": return .json(storage.append(copyOf: value))
            case "ndjson": return .lines(storage.append(copyOf: value))
            case "msgpack": return .messagePack(storage.append(copyOf: value))
            default: continue
            }
        }
        return nil
    }

    private mutating func take(
        _ payload: Payload, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        switch payload {
        case .nothing: break
        case .json(let text): try addJSON(text, takesLists: true, &storage, &rows)
        case .lines(let text):
            var start = Int(text.offset)
            for end in start...text.end where end == text.end || storage[end] == 0x0A {
                let line = Slice(offset: start, length: end - start)
                start = end + 1
                if isBlank(line, storage) { continue }
                try addJSON(line, takesLists: false, &storage, &rows)
            }
        case .messagePack(let place): try addMessagePack(Int(place.offset), place.end, &storage, &rows)
        }
    }

    private func isBlank(_ line: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        (Int(line.offset)..<line.end).allSatisfy { storage[$0] == 0x20 || storage[$0] == 0x0D }
    }

    private mutating func addJSON(
        _ text: Slice, takesLists: Bool, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        let first = rows.fields.count
        guard let failure = append(text, &storage, &rows) else {
            return try addRecord(first..<rows.fields.count, &storage, &rows)
        }
        guard failure == .notAnObject, takesLists, let objects = storage.jsonObjects(inArray: text) else {
            throw Self.refusal(failure, in: text)
        }
        for object in objects {
            let first = rows.fields.count
            if let failure = append(object, &storage, &rows) { throw Self.refusal(failure, in: text) }
            try addRecord(first..<rows.fields.count, &storage, &rows)
        }
    }

    private static func refusal(_ error: JSONError, in text: Slice) -> HTTPRefusal {
        switch error {
        case .syntax(let offset): HTTPRefusal(400, "no valid JSON at byte \(offset - Int(text.offset))")
        case .notAnObject: HTTPRefusal(400, "the JSON is no object, and no array of objects")
        case .tooDeep(let limit): HTTPRefusal(400, "the JSON is nested deeper than \(limit) levels")
        }
    }

    private func append(_ object: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows) -> JSONError? {
        do throws(JSONError) {
            try rows.appendFields(json: object, &storage)
            return nil
        } catch {
            return error
        }
    }

    private mutating func addMessagePack(
        _ start: Int, _ end: Int, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        var (records, isWhole) = ([Range<Int>](), false)
        do throws(MessagePackError) {
            let item = try storage.messagePackItem(at: start, end: end)
            var (count, place) = (1, start)
            if item.kind == .array { (count, place) = (item.length, item.body) }
            for _ in 0..<count {
                let first = rows.fields.count
                place = try rows.appendFields(messagePack: place, end: end, &storage)
                records.append(first..<rows.fields.count)
            }
            isWhole = place == end
        } catch {
            throw HTTPRefusal(400, "the MessagePack cannot be read: \(error)")
        }
        guard isWhole else { throw HTTPRefusal(400, "bytes follow the MessagePack value") }
        for fields in records { try addRecord(fields, &storage, &rows) }
    }

    // MARK: - Records

    /// A field `time` is the event's time, in seconds, and leaves the record; or another field, as the source says.
    private mutating func addRecord(
        _ fields: Range<Int>, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        var time = Clock.now()
        let record = Record(time: time, firstField: fields.lowerBound, fieldCount: fields.count)
        guard let place = rows.find(timeKey, in: record, storage) else {
            rows.records.append(record)
            return
        }
        switch rows.fields[place].value.kind {
        case .int, .uint, .double, .number: break
        case _ where options.time.source != nil: break
        default: throw HTTPRefusal(400, "the field '\(options.time.key)' is no number of seconds")
        }
        guard case .time(let read) = recordTimes.read(rows.fields[place].value, &storage) else {
            throw HTTPRefusal(400, "the field '\(options.time.key)' is no time")
        }
        time = read
        if options.time.isKept {
            rows.records.append(Record(time: time, firstField: fields.lowerBound, fieldCount: fields.count))
            return
        }
        let first = rows.fields.count
        for index in fields where index != place { rows.fields.append(rows.fields[index]) }
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
    }

    private func parse(
        _ text: Slice, _ parser: any TextParser, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        let first = rows.fields.count
        func add(_ fields: Range<Int>, _ time: EventTime?) {
            rows.records.append(
                Record(time: time ?? Clock.now(), firstField: fields.lowerBound, fieldCount: fields.count))
        }
        switch parser.parse(text, storage: &storage, rows: &rows) {
        case .matched(let time): add(first..<rows.fields.count, time)
        case .matchedMany(let records): for record in records { add(record.fields, record.time) }
        case .parts(let parts):
            for part in parts {
                guard case .matched(let time) = part.result else {
                    throw HTTPRefusal(400, "a part of the body does not have the form that <parse> wants")
                }
                add(part.fields, time)
            }
        case .noMatch: throw HTTPRefusal(400, "the body does not have the form that <parse> wants")
        case .invalidTime(let reason), .malformed(let reason), .gaveUp(let reason): throw HTTPRefusal(400, reason)
        }
    }

    /// The `time` of a query: seconds. What is no number, and 0, is no time.
    private mutating func time(_ text: [UInt8]) -> EventTime? {
        var storage = ByteBuffer(capacity: text.count)
        storage.append(text)
        guard case .time(let time) = times.read(Slice(offset: 0, length: text.count), storage),
            time != EventTime(seconds: 0)
        else { return nil }
        return time
    }
}
