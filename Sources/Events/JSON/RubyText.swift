extension ByteBuffer {
    /// A value as Ruby's `to_s` prints it, where a plugin of Fluentd compares values as text: as `appendText`, and objects
    /// and arrays as `{"a"=>1, "b"=>[true, nil]}`, the form of Ruby before 3.4.
    package mutating func appendRubyText(_ value: Value, _ storage: borrowing ByteBuffer) {
        guard value.isNested else { return appendText(value, storage) }
        var json = ByteBuffer(capacity: Int(value.length) + 16)
        json.appendJSON(value, storage)
        appendInspected(json)
    }

    /// Valid JSON text in Ruby's notation. Inside of strings the two differ in little: `#` before a brace, and `\/`.
    private mutating func appendInspected(_ json: borrowing ByteBuffer) {
        var isInText = false
        var index = 0
        while index < json.count {
            let byte = json[index]
            switch (byte, isInText) {
            case (UInt8(ascii: "\\"), true):
                let next = json[index + 1]
                if next != UInt8(ascii: "/") { append(byte) }
                append(next)
                index += 1
            case (UInt8(ascii: "\""), _):
                isInText.toggle()
                append(byte)
            case (UInt8(ascii: "#"), true):
                if index + 1 < json.count, "{$@".utf8.contains(json[index + 1]) { append(UInt8(ascii: "\\")) }
                append(byte)
            case (_, true): append(byte)
            case (UInt8(ascii: ":"), _): append("=>")
            case (UInt8(ascii: ","), _): append(", ")
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _): break
            case (UInt8(ascii: "n"), _):
                append("nil")
                index += 3
            default: append(byte)
            }
            index += 1
        }
    }
}
