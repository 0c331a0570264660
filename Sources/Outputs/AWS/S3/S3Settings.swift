package import HTTPClient

/// What an `@type s3` section says, with the defaults of fluent-plugin-s3 (its docs/output.md).
package struct S3Settings: Sendable {
    package enum Content: String, Sendable, CaseIterable {
        case gzip, text, json

        package var fileExtension: String {
            switch self {
            case .gzip: "gz"
            case .text: "txt"
            case .json: "json"
            }
        }

        var mediaType: String {
            switch self {
            case .gzip: "application/x-gzip"
            case .text: "text/plain"
            case .json: "application/json"
            }
        }
    }

    /// `https://BUCKET.s3.REGION.amazonaws.com`, or with the bucket in the path.
    package var bucketURL = ""
    package var bucket = ""
    package var region = "us-east-1"
    package var http = HTTPOptions()
    package var key: S3KeyFormat
    package var content = Content.gzip
    /// `check_object`: whether a name is asked for before it is used.
    package var checksObject = true
    /// An object of the same name is replaced.
    package var overwrites = false
    package var checksBucket = true
    package var createsBucket = true
    /// Of the object: its access, storage class, encryption.
    package var headers: [(name: String, value: String)] = []
    /// The beginning of the slice that a moment falls into; the moment itself where there are no slices.
    package var slice: @Sendable (_ seconds: Int64) -> Int64 = { $0 }

    package init(key: S3KeyFormat) { self.key = key }
}

/// `s3_object_key_format`, compiled: text that a chunk fills in, and where the number of an object goes.
package struct S3KeyFormat: Sendable {
    package enum Part: Sendable {
        case template(ChunkTemplate)
        case index
        /// So many digits that a chunk keeps (`%{hex_random}`).
        case hexRandom(length: Int)
        /// Another one for each object.
        case uuid
        /// The time of the day at which the object is made, in UTC: `%{hms_slice}`.
        case clock
    }

    package var parts: [Part]
    package var index: NumberFormat

    package init(_ parts: [Part], index: NumberFormat = NumberFormat()) {
        self.parts = parts
        self.index = index
    }

    package var dependsOnFields: Bool {
        parts.contains { if case .template(let template) = $0 { template.dependsOnFields } else { false } }
    }
    package var hasIndex: Bool { parts.contains { if case .index = $0 { true } else { false } } }
    /// Whether two objects may get one name.
    package var isUnique: Bool {
        parts.contains {
            switch $0 {
            case .index, .uuid: true
            case .template, .hexRandom, .clock: false
            }
        }
    }

    /// `index_format`: `%d`, `%04d`, `%x`, `%08X`.
    package struct NumberFormat: Sendable, Equatable {
        private var width = 0
        private var radix = 10
        private var isUpperCase = false

        package init() {}

        package init?(_ text: String) {
            guard text.hasPrefix("%"), let letter = text.last, "dxX".contains(letter), text.utf8.count >= 2 else {
                return nil
            }
            let digits = text.dropFirst().dropLast()
            guard digits.isEmpty || digits.hasPrefix("0") && digits.allSatisfy(\.isASCII) else { return nil }
            width = digits.isEmpty ? 0 : Int(digits) ?? -1
            if !(0...32).contains(width) { return nil }
            radix = letter == "d" ? 10 : 16
            isUpperCase = letter == "X"
        }

        func text(_ number: Int) -> String {
            let digits = String(number, radix: radix, uppercase: isUpperCase)
            return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
        }
    }

    /// For a chunk and slice: what is left open is the number.
    func filled(_ values: ChunkTemplate.Values) -> S3Key {
        var key = S3Key(front: "", back: hasIndex ? "" : nil)
        var isBack = false
        for part in parts {
            let text: String
            switch part {
            case .template(let template): text = String(decoding: template.filled(values), as: UTF8.self)
            case .hexRandom(let length): text = String(values.chunkID.reversed().prefix(length))
            case .uuid: text = S3Key.uuidMark
            case .clock: text = S3Key.clockMark
            case .index where isBack: continue
            case .index:
                isBack = true
                continue
            }
            if isBack { key.back = (key.back ?? "") + text } else { key.front += text }
        }
        return key
    }
}

/// The name of an object, less its number.
package struct S3Key: Hashable, Sendable {
    var front: String
    /// Behind the number; nil: there is none.
    var back: String?

    // No key holds these: S3's are UTF-8 without control characters as far as we make them.
    static let uuidMark = "\u{1}uuid\u{1}"
    static let clockMark = "\u{1}hms\u{1}"

    func text(_ index: Int, _ format: S3KeyFormat.NumberFormat, uuid: String, clock: String) -> String {
        let name = back.map { front + format.text(index) + $0 } ?? front
        return name.replacing(Self.uuidMark, with: uuid).replacing(Self.clockMark, with: clock)
    }
}
