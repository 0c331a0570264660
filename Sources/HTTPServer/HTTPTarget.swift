/// The target of a request taken apart: the tag its path says, and the pairs of its query (RFC 3986, 3.3 and 3.4).
package struct HTTPTarget: Equatable {
    /// The path without its first slash, the others as dots; percent signs stay. `/a/b/c` is `a.b.c`.
    package let tag: [UInt8]
    /// Decoded, in their order.
    package let query: [(name: String, value: [UInt8])]

    /// As it was sent, without its query: `/a%20b`.
    package let path: String

    package init(_ target: String) {
        var rest = target[...]
        // `http://host/path` and `//host/path` name a host in front of the path.
        if let scheme = rest.firstRange(of: "://"), !rest[..<scheme.lowerBound].contains("/") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" }
        } else if rest.hasPrefix("//") {
            rest = rest.dropFirst(2).drop { $0 != "/" }
        }
        let path = rest.prefix { $0 != "?" }
        self.path = String(path)
        let names = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        // Slashes at the end say nothing.
        let count = (names.lastIndex { !$0.isEmpty } ?? -1) + 1
        tag = Array(names.prefix(count).joined(separator: ".").utf8)
        query = Self.pairs(rest[path.endIndex...].dropFirst())
    }

    /// `a=1&b=x%20y`; a plus is a blank. What has no name is left out.
    package static func pairs(_ text: Substring) -> [(name: String, value: [UInt8])] {
        text.split(separator: "&").compactMap { pair in
            let name = pair.prefix { $0 != "=" }
            guard !name.isEmpty else { return nil }
            let value = pair[name.endIndex...].dropFirst()
            return (String(decoding: decoded(name), as: UTF8.self), decoded(value))
        }
    }

    /// The first value of a name, as text.
    package func value(_ name: String) -> String? {
        query.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    private static func decoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        let letters = Array(text.utf8)
        var index = 0
        while index < letters.count {
            if letters[index] == UInt8(ascii: "%"), index + 2 < letters.count,
                let high = digit(letters[index + 1]), let low = digit(letters[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(letters[index] == UInt8(ascii: "+") ? 0x20 : letters[index])
                index += 1
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
        default: nil
        }
    }

    package static func == (a: HTTPTarget, b: HTTPTarget) -> Bool {
        a.path == b.path && a.query.elementsEqual(b.query) { $0 == $1 }
    }
}
