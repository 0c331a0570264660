/// The chunk keys' values: events that differ in one go to different chunks (`<buffer tag,time,user>`).
package struct ChunkKey: Sendable, Hashable {
    package var tag: [UInt8]?
    /// Start of the time slice, seconds since 1970.
    package var timeSlice: Int64?
    /// Values of the record keys, in the order in which the buffer section names them.
    package var fields: [[UInt8]]

    package init(tag: [UInt8]? = nil, timeSlice: Int64? = nil, fields: [[UInt8]] = []) {
        self.tag = tag
        self.timeSlice = timeSlice
        self.fields = fields
    }

    package static let none = ChunkKey()

    /// The tag's bytes are the tag's own, which the chunk counts.
    var heldBytes: Int { fields.reduce(0) { $0 + $1.count + 32 } }
}
