package import Events
internal import Grok
internal import Time

/// Evaluates expressions for the events of one loop.
///
/// Strings are slices of the batch's storage: what is computed is appended to it, and all but the result is taken back
/// when the evaluation ends. One for each filter and thread; it owns the scratch of the regular expressions.
package struct ExpressionEvaluator: ~Copyable {
    let context: ExpressionContext
    let limits: ExpressionLimits
    let clock: @Sendable () -> EventTime
    let scratch: MatchScratch

    /// The batch's storage, while an expression is evaluated.
    var storage = ByteBuffer(capacity: 16)
    var out = ByteBuffer()
    var program: Expression
    /// The fields of the record at hand.
    var fields: [Field] = []
    var eventTime = EventTime(seconds: 0)
    var tag: Tag
    /// Keys that `record.delete` took out for the expressions that follow.
    var deletedKeys: [[UInt8]] = []
    /// Where the program's constants lie in the storage.
    var constantsStart = 0
    var mark = 0
    var steps = 0
    var locals: [ExpressionValue] = []
    var lastMatch: MatchValue?
    /// The call that is being made: where a failure is.
    var current: Node.Index = 0
    /// What was asked for; nil: nobody wants to know.
    var trace: CodeTrace?
    var formatters = TimeFormatters()

    /// - Parameter clock: what `Time.now` gives.
    package init(
        _ context: ExpressionContext, limits: ExpressionLimits = ExpressionLimits(),
        clock: @escaping @Sendable () -> EventTime = Clock.now
    ) {
        self.context = context
        self.limits = limits
        self.clock = clock
        scratch = MatchScratch(captures: 31, limits: limits.matching)
        program = Self.nothing
        tag = Tag([])
    }

    private static let nothing: Expression = {
        guard let expression = try? Expression("nil") else { preconditionFailure("nil is an expression") }
        return expression
    }()

    /// The event that the next evaluations are about.
    package mutating func begin(_ record: Record, _ tag: Tag, _ rows: borrowing Rows) {
        fields.removeAll(keepingCapacity: true)
        for index in record.fieldRange { fields.append(rows.fields[index]) }
        eventTime = record.time
        self.tag = tag
        if !deletedKeys.isEmpty { deletedKeys = [] }
        scratch.beginText()
    }

    /// Whether `record.delete` took a key out for this event.
    package func hasDeleted(_ key: [UInt8]) -> Bool { !deletedKeys.isEmpty && deletedKeys.contains(key) }

    /// The value of an expression, its bytes in the storage.
    package mutating func value(
        of expression: Expression, _ storage: inout ByteBuffer
    ) throws(ExpressionFailure) -> Value {
        swap(&self.storage, &storage)
        defer { swap(&self.storage, &storage) }
        enter(expression)
        do throws(ExpressionFailure) {
            return try export(try evaluate(expression.root))
        } catch {
            self.storage.truncate(to: mark)
            throw error
        }
    }

    /// Appends what `to_s` makes of an expression's value.
    package mutating func appendText(
        of expression: Expression, _ storage: inout ByteBuffer, to text: inout ByteBuffer
    ) throws(ExpressionFailure) {
        swap(&self.storage, &storage)
        defer { swap(&self.storage, &storage) }
        enter(expression)
        defer { self.storage.truncate(to: mark) }
        let slice = try self.text(of: try evaluate(expression.root))
        text.append(slice, of: self.storage)
    }

    /// Appends what `to_s` makes of a value of the record.
    package mutating func appendText(
        _ value: Value, _ storage: inout ByteBuffer, to text: inout ByteBuffer
    ) throws(ExpressionFailure) {
        swap(&self.storage, &storage)
        defer { swap(&self.storage, &storage) }
        mark = self.storage.count
        steps = 0
        defer { self.storage.truncate(to: mark) }
        let slice = try self.text(of: self.value(value))
        text.append(slice, of: self.storage)
    }

    /// The value of code of a configuration as text; nil: it is nil.
    mutating func configurationText(
        of expression: Expression, _ storage: inout ByteBuffer
    ) throws(ExpressionFailure) -> [UInt8]? {
        swap(&self.storage, &storage)
        defer { swap(&self.storage, &storage) }
        enter(expression)
        defer { self.storage.truncate(to: mark) }
        let value = try evaluate(expression.root)
        if value.isNull { return nil }
        return self.storage.array(try text(of: value))
    }

    private mutating func enter(_ expression: Expression) {
        program = expression
        mark = storage.count
        constantsStart = mark
        if !expression.constants.isEmpty { storage.append(expression.constants) }
        steps = 0
        lastMatch = nil
        if locals.count < expression.localCount {
            locals += Array(repeating: .null, count: expression.localCount - locals.count)
        }
        // A name that this event's branch does not assign is nil, and not another event's.
        if expression.assigns { for slot in 0..<expression.localCount { locals[slot] = .null } }
    }

    // MARK: - Limits

    /// Counts work; throws when there was too much of it.
    mutating func step(_ count: Int = 1) throws(ExpressionFailure) {
        steps &+= count
        if steps > limits.steps {
            throw .limit(
                "the expression takes more than \(limits.steps) steps for this event: raise expression_limit_steps")
        }
    }

    /// Throws when there is no room for as many bytes more.
    func checkRoom(_ count: Int = 0) throws(ExpressionFailure) {
        if storage.count &- mark &+ count > limits.bytes || count < 0 {
            throw .limit(
                "the expression makes more than \(limits.bytes) bytes of this event: raise expression_limit_size")
        }
    }

    // MARK: - Strings

    /// What was appended since `start`.
    func made(from start: Int) throws(ExpressionFailure) -> Slice {
        try checkRoom()
        return Slice(offset: start, length: storage.count - start)
    }

    mutating func string(_ bytes: [UInt8]) throws(ExpressionFailure) -> ExpressionValue {
        try checkRoom(bytes.count)
        return .string(storage.append(copyOf: bytes))
    }

    mutating func string(_ text: String) throws(ExpressionFailure) -> ExpressionValue { try string(Array(text.utf8)) }

    func constant(_ slice: Slice) -> Slice {
        Slice(offset: constantsStart + Int(slice.offset), length: Int(slice.length))
    }

    /// A part of a string, by bytes of it.
    func part(_ slice: Slice, _ from: Int, _ to: Int) -> Slice {
        Slice(offset: Int(slice.offset) + from, length: max(to - from, 0))
    }

    /// A list of values, which must not be nested without end.
    func list(_ items: [ExpressionValue]) throws(ExpressionFailure) -> ExpressionValue {
        var depth = 0
        for item in items { depth = max(depth, self.depth(of: item)) }
        if depth >= ExpressionLimits.depth { throw .argument("nesting of \(depth + 1) is too deep") }
        return .array(ListValue(items: items, depth: depth + 1))
    }

    func depth(of value: ExpressionValue) -> Int {
        switch value {
        case .array(let list): list.depth
        case .hash(let hash): hash.depth
        default: 0
        }
    }
}

/// Formats of `strftime` that were used, taken apart.
struct TimeFormatters {
    private struct Entry {
        let format: [UInt8]
        let zone: TimeValue.Zone
        var formatter: TimeFormatter
    }

    private var entries: [Entry] = []
    private static let most = 32

    /// Appends a time; answers what is wrong with the format.
    mutating func write(
        _ value: TimeValue, _ format: Slice, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> String? {
        var index = entries.firstIndex { $0.zone == value.zone && storage.equals(format, $0.format) }
        if index == nil {
            do throws(SettingError) {
                let formatter = try TimeFormatter(storage.text(format), zone: value.zone.rule)
                if entries.count >= Self.most { entries.removeFirst() }
                entries.append(Entry(format: storage.array(format), zone: value.zone, formatter: formatter))
                index = entries.count - 1
            } catch {
                return error.message
            }
        }
        if let index { entries[index].formatter.write(value.time, to: &out) }
        return nil
    }
}
