import Events
import Expressions
import TestSupport

/// One event, and expressions on it.
struct Evaluation {
    static let record = #"""
        {"message":"2024-01-02 ERROR [main] password=secret user=Bob <b> 12.5ms","level":"warn","n":5,"f":2.5,"s":"42",
        "nil":null,"t":true,"h":{"a":1,"b":{"c":"deep"}},"arr":[1,"two",null],"container_name":"/web-1",
        "log":"line with end \n","time":"2024-05-06T07:08:09.123Z","epoch":1715000000,"epochms":1715000000123,
        "list":"x,y,z","empty":"","u":"Grüße, 世界","big":18446744073709551615,"neg":-7}
        """#

    var context = ExpressionContext()
    var limits = ExpressionLimits()
    var tag = "app.web.01"

    init() {
        context.hostname = Array("box".utf8)
        context.variables = ["HOME": "/root", "EMPTY": ""]
    }

    private static let time = EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789)

    /// What an expression gives, as JSON; or the error that Ruby would raise, by its class: `!NoMethodError`.
    func json(_ source: String, of record: String = record) throws -> String {
        let batch = EventBatch(tag: tag)
        try batch.add(record, at: Self.time)
        return try json(source, of: batch)
    }

    func json(_ source: String, ofMessagePack record: [UInt8]) throws -> String {
        let batch = EventBatch(tag: tag)
        try batch.add(messagePack: record, at: Self.time)
        return try json(source, of: batch)
    }

    /// By how many bytes the storage is larger afterwards.
    func growth(_ source: String) throws -> Int {
        let batch = EventBatch(tag: tag)
        try batch.add(Self.record, at: Self.time)
        let before = batch.storage.count
        _ = try json(source, of: batch)
        return batch.storage.count - before
    }

    private func json(_ source: String, of batch: EventBatch) throws -> String {
        var evaluator = ExpressionEvaluator(
            context, limits: limits, clock: { EventTime(seconds: 1_700_000_000, nanoseconds: 5_000_000) })
        evaluator.begin(batch.rows.records[0], batch.tag, batch.rows)
        let before = batch.storage.count
        do {
            let value = try evaluator.value(of: try Expression(source), &batch.storage)
            var out = ByteBuffer()
            out.appendJSON(value, batch.storage)
            return out.text(Slice(offset: 0, length: out.count))
        } catch let failure as ExpressionFailure {
            precondition(batch.storage.count == before, "a failure leaves nothing behind")
            return "!" + failure.kind
        }
    }

    /// What `to_s` makes of it.
    func text(_ source: String, of record: String = record) throws -> String {
        let batch = EventBatch(tag: tag)
        try batch.add(record)
        var evaluator = ExpressionEvaluator(context, limits: limits)
        evaluator.begin(batch.rows.records[0], batch.tag, batch.rows)
        var out = ByteBuffer()
        try evaluator.appendText(of: try Expression(source), &batch.storage, to: &out)
        return out.text(Slice(offset: 0, length: out.count))
    }
}
