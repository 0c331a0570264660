package import Events
package import Expressions
package import Grok

/// `@type record_modifier`, as the plugin fluent-plugin-record-modifier does it: fields are set one after the other (each
/// sees those before it), then texts are replaced, then fields are removed.
///
/// A record about which an error is raised is reported, and goes on as it was where no filter takes whole streams.
package final class RecordModifierFilter: Filter {
    package struct Settings: Sendable {
        /// `<record>`, in order.
        package var fields: [(key: TextTemplate, value: RecordTemplate)] = []
        /// `<replace>`, in order.
        package var replacements: [(key: [UInt8], replacement: TextReplacement)] = []
        package var removesKeys: [[UInt8]] = []
        /// Only these, and those that were set, stay; nil: all do.
        package var keepsKeys: [[UInt8]]?
        package var context = ExpressionContext()
        package var limits = ExpressionLimits()

        package init() {}
    }

    /// Each sets fields that see the same record.
    private let setters: [RecordTransformerFilter]
    private let replacements: [(key: [UInt8], replacement: TextReplacement)]
    private let remover: RecordTransformerFilter?
    private let scratch: MatchScratch

    /// - Parameter scratch: with the time that one text has; tests give it another clock.
    package init(_ settings: Settings, scratch: MatchScratch = MatchScratch(captures: 9)) {
        replacements = settings.replacements
        self.scratch = scratch
        var groups: [[(key: TextTemplate, value: RecordTemplate)]] = []
        var written: Set<[UInt8]> = []
        for field in settings.fields {
            // What an expression looks at is not known.
            let readsWritten =
                field.value.usesExpressions ? !written.isEmpty : !field.value.readKeys.isDisjoint(with: written)
            if groups.isEmpty || readsWritten {
                groups.append([])
                written = []
            }
            groups[groups.count - 1].append(field)
            written.insert(field.key.literalBytes)
        }
        setters = groups.map { group in
            var transformer = RecordTransformerFilter.Settings()
            transformer.fields = group
            transformer.context = settings.context
            transformer.limits = settings.limits
            return RecordTransformerFilter(transformer)
        }
        if settings.removesKeys.isEmpty, settings.keepsKeys == nil {
            remover = nil
        } else {
            var transformer = RecordTransformerFilter.Settings()
            transformer.removesKeys = settings.removesKeys
            if let keeps = settings.keepsKeys {
                transformer.renewsRecord = true
                transformer.keepsKeys = keeps + settings.fields.map { $0.key.literalBytes }
            }
            remover = RecordTransformerFilter(transformer)
        }
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        let originals = replacements.isEmpty ? [] : rows.records
        for setter in setters { setter.apply(batch, storage: &storage, rows: &rows) }
        var raised: [(place: Int, record: Record)] = []
        if !replacements.isEmpty { replace(originals, batch, &storage, &rows, &raised) }
        remover?.apply(batch, storage: &storage, rows: &rows)
        for (place, record) in raised.reversed() { rows.records.insert(record, at: place) }
    }

    private func replace(
        _ originals: [Record], _ batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows,
        _ raised: inout [(place: Int, record: Record)]
    ) {
        var kept: [Record] = []
        for (index, record) in rows.records.enumerated() {
            var made = record
            if let reason = replace(&made, &storage, &rows) {
                rows.rejections.append(Rejection(record: originals[index], kind: reason.kind, reason: reason.words))
                if batch.raisedRecordsGoOn { raised.append((kept.count, originals[index])) }
            } else {
                kept.append(made)
            }
        }
        rows.records = kept
    }

    /// Why it cannot be done; nil: it is.
    private func replace(
        _ record: inout Record, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> (kind: String, words: String)? {
        for (key, replacement) in replacements {
            guard let index = rows.find(key, in: record, storage) else { continue }
            let value = rows.fields[index].value
            guard value.isText else {
                return ("NoMethodError", "\(String(decoding: key, as: UTF8.self)): the value is no text")
            }
            let text = value.kind == .string ? value.slice : storage.appendUnescaped(value.slice)
            do throws(TextReplacement.GaveUp) {
                guard let made = try replacement.apply(to: text, &storage, scratch) else { continue }
                let first = rows.copyFields(of: record)
                rows.fields[first + index - Int(record.firstField)].value = .string(made)
                record = Record(
                    time: record.time, firstField: first, fieldCount: Int(record.fieldCount), origin: record.origin)
            } catch {
                return ("Regexp::TimeoutError", "\(String(decoding: key, as: UTF8.self)): \(error.reason)")
            }
        }
        return nil
    }
}

extension TextTemplate {
    /// Of a key, in which nothing is filled in.
    fileprivate var literalBytes: [UInt8] {
        parts.flatMap { part -> [UInt8] in if case .text(let bytes) = part { bytes } else { [] } }
    }

    fileprivate var readKeys: Set<[UInt8]> {
        Set(parts.compactMap { part in if case .field(let place) = part { place.firstKey } else { nil } })
    }
}

extension RecordTemplate {
    /// The keys at the top level that it looks at.
    fileprivate var readKeys: Set<[UInt8]> {
        switch self {
        case .text(let text): text.readKeys
        case .array(let items): items.reduce(into: []) { $0.formUnion($1.readKeys) }
        case .object(let members): members.reduce(into: []) { $0.formUnion($1.key.readKeys.union($1.value.readKeys)) }
        case .literal: []
        }
    }
}
