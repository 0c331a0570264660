package import Events
internal import Expressions
internal import Words

/// `@type elasticsearch_genid`: gives each record a field with an id of its own, as fluent-plugin-elasticsearch's
/// `filter_elasticsearch_genid.rb` does. Kept with the record, it is the same whenever the record is sent again.
package final class GenerateIDFilter: Filter {
    package enum HashType: Sendable { case md5, sha1, sha256 }

    /// What an id is made from; records that agree in it have one id.
    package struct Seed: Sendable {
        package var usesTag = false
        package var usesTime = false
        /// All keys and values; else the values of `keys`.
        package var usesWholeRecord = false
        package var keys: [[UInt8]] = []
        package var separator = Array("_".utf8)
        package var hash = HashType.sha1

        package init() {}
    }

    private let key: [UInt8]
    private let seed: Seed?
    private var evaluator = ExpressionEvaluator(ExpressionContext())
    private var generator: any RandomNumberGenerator
    private var text = ByteBuffer(capacity: 128)

    /// - Parameter seed: nil: ids are drawn at random (version 4 of RFC 9562).
    package init(
        key: [UInt8], seed: Seed?, generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.key = key
        self.seed = seed
        self.generator = generator
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        let name = storage.place(of: key)
        var kept: [Record] = []
        kept.reserveCapacity(rows.records.count)
        for record in rows.records {
            do throws(ExpressionFailure) {
                let id = try id(of: record, batch.tag, &storage, rows)
                let first = rows.copyFields(of: record)
                var count = Int(record.fieldCount)
                let value = Value.string(storage.place(of: id))
                if let field = rows.find(key, in: record, storage) {
                    rows.fields[first + field - Int(record.firstField)].value = value
                } else {
                    rows.fields.append(Field(key: name, value: value))
                    count += 1
                }
                kept.append(Record(time: record.time, firstField: first, fieldCount: count, origin: record.origin))
            } catch {
                rows.rejections.append(Rejection(record: record, kind: error.kind, reason: error.message))
            }
        }
        rows.records = kept
    }

    private func id(
        of record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows
    ) throws(ExpressionFailure) -> [UInt8] {
        guard let seed else { return Base64.encoded(randomUUID()) }
        text.clear()
        if seed.usesTag {
            text.append(tag.bytes)
            text.append(seed.separator)
        }
        if seed.usesTime {
            text.append(String(record.time.seconds))
            text.append(seed.separator)
        }
        if seed.usesWholeRecord {
            for index in record.fieldRange {
                let field = rows.fields[index]
                text.append(UInt8(ascii: "|"))
                text.append(field.key, of: storage)
                text.append(UInt8(ascii: "|"))
                try append(field.value, &storage)
            }
        } else {
            for (number, key) in seed.keys.enumerated() {
                if number > 0 { text.append(seed.separator) }
                if let field = rows.find(key, in: record, storage) { try append(rows.fields[field].value, &storage) }
            }
        }
        let bytes = text.array()
        let digest =
            switch seed.hash {
            case .md5: Digest.md5(bytes)
            case .sha1: Digest.sha1(bytes)
            case .sha256: Digest.sha256(bytes)
            }
        return Base64.encoded(digest)
    }

    /// As Ruby's `to_s` shows it.
    private func append(_ value: Value, _ storage: inout ByteBuffer) throws(ExpressionFailure) {
        if value.kind == .null { return }
        try evaluator.appendText(value, &storage, to: &text)
    }

    /// `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`
    private func randomUUID() -> [UInt8] {
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(3 << 62) | 2 << 62
        var out: [UInt8] = []
        out.reserveCapacity(36)
        for digit in 0..<32 {
            if [8, 12, 16, 20].contains(digit) { out.append(UInt8(ascii: "-")) }
            let word = digit < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit & 15))) & 15
            out.append(nibble + (nibble < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
        }
        return out
    }
}

extension ByteBuffer {
    fileprivate mutating func place(of bytes: [UInt8]) -> Slice {
        let start = count
        append(bytes)
        return Slice(offset: start, length: count - start)
    }
}
