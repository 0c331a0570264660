// libFuzzer entry for the Expressions room: an expression on the first line, a record as JSON behind it.
// ../run builds and runs it.

import Events
import Expressions

/// An expression is refused at a place inside itself, or has a value that can be written, or fails and leaves nothing.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzExpressions(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    let line = input.prefix { $0 != 0x0A }
    let source = String(decoding: line, as: UTF8.self)
    do {
        _ = try ExpressionTemplate(source)
    } catch {
        guard error.offset >= 0, error.offset + error.length <= source.utf8.count else { fatalError("a place outside") }
    }
    guard let expression = try? Expression(source) else { return 0 }
    var storage = ByteBuffer()
    var rows = Rows()
    let rest = input.dropFirst(line.count + 1)
    let text = storage.append(copyOf: rest.isEmpty ? Array(#"{"a":"x","b":{"c":[1,null]}}"#.utf8) : Array(rest))
    if (try? rows.appendFields(json: text, &storage)) == nil { rows.clear() }
    let record = Record(time: EventTime(seconds: 1), firstField: 0, fieldCount: rows.fields.count)
    var limits = ExpressionLimits()
    limits.steps = 20_000
    limits.bytes = 1 << 20
    limits.matching.timeoutNanoseconds = 5_000_000
    var evaluator = ExpressionEvaluator(ExpressionContext(), limits: limits)
    let before = storage.count
    evaluator.begin(record, Tag("a.b"), rows)
    do {
        let value = try evaluator.value(of: expression, &storage)
        var out = ByteBuffer()
        out.appendJSON(value, storage)
        guard String(validating: out.array(), as: UTF8.self) != nil else { fatalError("wrote invalid UTF-8") }
    } catch {
        guard storage.count == before else { fatalError("a failure left something behind") }
    }
    return 0
}
