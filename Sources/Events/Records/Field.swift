/// One key and its value. 24 bytes, no reference: the bytes are in the batch's storage.
@usableFromInline package struct Field: Sendable, BitwiseCopyable {
    @usableFromInline package var key: Slice
    @usableFromInline package var value: Value

    @inlinable package init(key: Slice, value: Value) {
        self.key = key
        self.value = value
    }
}

/// A value as it was found: numbers decoded, text and nested data left where they are.
///
/// | kind | length, payload |
/// | --- | --- |
/// | `null false true` | – |
/// | `int uint double` | the value's bits in the payload |
/// | `string` | raw bytes that should be UTF-8 (checked by the JSON writer) |
/// | `jsonString` | the inside of a JSON string that holds escapes, not yet decoded |
/// | `number` | the text of a JSON number that is no 64-bit integer |
/// | `json` | the text of a JSON object or array, already validated |
/// | `msgpack` | one MessagePack map, array or extension, already validated; JSON has null for the last |
@usableFromInline package struct Value: Sendable, BitwiseCopyable {
    @usableFromInline package enum Kind: UInt8, Sendable, BitwiseCopyable {
        case null, `false`, `true`, int, uint, double, string, jsonString, number, json, msgpack

        // The one the compiler makes is a call from every other module.
        @inlinable package static func == (a: Kind, b: Kind) -> Bool { a.number == b.number }
        /// Safe: the enum has no payload and one byte, by its raw type.
        @inlinable var number: UInt8 { unsafe unsafeBitCast(self, to: UInt8.self) }
    }

    @usableFromInline package var kind: Kind
    @usableFromInline package var length: UInt32
    @usableFromInline package var payload: UInt64

    @inlinable init(kind: Kind, length: UInt32, payload: UInt64) {
        self.kind = kind
        self.length = length
        self.payload = payload
    }

    @inlinable package init(_ kind: Kind, _ slice: Slice) {
        self.init(kind: kind, length: slice.length, payload: UInt64(slice.offset))
    }

    @inlinable package static var null: Value { Value(kind: .null, length: 0, payload: 0) }
    @inlinable package static func bool(_ value: Bool) -> Value {
        Value(kind: value ? .true : .false, length: 0, payload: 0)
    }
    @inlinable package static func int(_ value: Int64) -> Value {
        Value(kind: .int, length: 0, payload: UInt64(bitPattern: value))
    }
    /// An unsigned integer; those that fit are stored as `int`, so that equal numbers have one form.
    @inlinable package static func uint(_ value: UInt64) -> Value {
        Value(kind: value > UInt64(Int64.max) ? .uint : .int, length: 0, payload: value)
    }
    @inlinable package static func double(_ value: Double) -> Value {
        Value(kind: .double, length: 0, payload: value.bitPattern)
    }
    @inlinable package static func string(_ slice: Slice) -> Value { Value(.string, slice) }

    /// Where the bytes of a text or nested value are. Meaningless for the other kinds.
    @inlinable package var slice: Slice { Slice(offset: Int(truncatingIfNeeded: payload), length: Int(length)) }
    @inlinable package var intValue: Int64 { Int64(bitPattern: payload) }
    @inlinable package var doubleValue: Double { Double(bitPattern: payload) }

    @inlinable package var isText: Bool { kind == .string || kind == .jsonString }
    @inlinable package var isNested: Bool { kind == .json || kind == .msgpack }
}
