package import Events

/// Bytes for expectations, written by the writer under test of another room.
package func packed(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var out = ByteBuffer()
    write(&out)
    return out.array()
}
