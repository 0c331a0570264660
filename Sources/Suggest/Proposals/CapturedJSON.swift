package import Events
package import Grok

extension ByteBuffer {
    /// A captured text with its type, as the pipeline would have it.
    package mutating func appendJSON(captured text: [UInt8], as type: FieldType) {
        switch CaptureValue(text, as: type) {
        case .integer(let digits): append(digits)
        case .float(let number) where number.isFinite: append("\(number)" as String)
        case .bool(let flag): append(flag ? "true" as String : "false")
        default: appendJSONString(text)
        }
    }
}
