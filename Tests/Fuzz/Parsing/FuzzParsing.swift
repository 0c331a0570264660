// libFuzzer entry for parsers and times; ../run builds and runs it, with the numbers of ../numbers.dict.

import Events
import Parsing
import Time

/// The first byte chooses the parser, the rest is the text. What it makes is written in every form that outputs have.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzParsing(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard size > 0 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    let recipe = recipes[Int(input[0]) % recipes.count]
    var storage = ByteBuffer()
    var rows = Rows()
    let parser = recipe.makeParser()
    parser.beginBatch(storage: &storage)
    let text = storage.append(copyOf: Array(input[1...]))
    show(parser.parse(text, storage: &storage, rows: &rows), 0..<rows.fields.count, rows, storage)
    return 0
}

private let recipes: [ParserRecipe] = {
    var unixtime = ParserOptions()
    unixtime.timeType = .unixtime
    unixtime.keepTimeKey = true
    var float = unixtime
    float.timeType = .float
    var typed = ParserOptions()
    typed.types = "a:integer,b:float,c:bool,d:time:%Y-%m-%dT%H:%M:%S.%N%z,e:time:unixtime,f:array"
    var format = ParserOptions()
    format.timeFormat = "%Y-%m-%dT%H:%M:%S.%N%z"
    format.timezone = "America/New_York"
    var iso = ParserOptions()
    iso.timeType = .string
    iso.timeFormat = "%iso8601"
    var auto = SyslogOptions()
    auto.messageFormat = .auto
    auto.withPriority = true
    do {
        return [
            try .json(), try .json(unixtime), try .json(iso), try .ltsv(), try .ltsv(unixtime), try .ltsv(float),
            try .ltsv(typed), try .csv(keys: ["a", "b", "c", "d", "e", "f"], typed), try .messagePack(float),
            try .syslog(), try .syslog(auto), try .apache2(), try .regexp("^(?<time>.*)$", format),
            try .regexp("(?m)^(?<time>.*)$"),
            try .multiline(formats: ["/^(?<a>[0-9.e+-]*)(?<rest>.*)/"], firstLine: "/^[0-9]/", typed),
        ]
    } catch {
        fatalError("\(error)")
    }
}()

private func show(
    _ result: ParseResult, _ fields: Range<Int>, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
) {
    switch result {
    case .matched(let time): write(time, fields, rows, storage)
    case .matchedMany(let records): for record in records { write(record.time, record.fields, rows, storage) }
    case .parts(let parts): for part in parts { show(part.result, part.fields, rows, storage) }
    case .noMatch, .invalidTime, .malformed, .gaveUp: break
    }
}

private func write(
    _ time: EventTime?, _ fields: Range<Int>, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
) {
    let time = time ?? EventTime(seconds: 0)
    guard time.seconds >= EventTime.firstSecond, time.seconds <= EventTime.lastSecond, time.nanoseconds < 1_000_000_000
    else { fatalError("a time out of range") }
    let record = Record(time: time, firstField: fields.lowerBound, fieldCount: fields.count)
    var out = ByteBuffer()
    out.appendJSONObject(record, rows, storage)
    out.appendMessagePack(time)
    for form in [TimeWriter.Form.fluentd, .iso8601(fractionDigits: 9)] {
        var writer = TimeWriter(form)
        writer.write(time, to: &out)
    }
    if var formatter = try? TimeFormatter("%Y.%m.%d %G-%V %s %Q %c %N %z %Z") { formatter.write(time, to: &out) }
}
