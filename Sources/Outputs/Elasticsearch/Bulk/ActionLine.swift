internal import Events

/// The action line that many items share, as it was written last.
struct ActionLine: ~Copyable {
    /// Empty where it is not known how servers want it.
    private(set) var bytes = ByteBuffer(capacity: 128)
    /// Which of the formatter's labels it is for; -1: none yet.
    private(set) var label = -1
    /// As `ChunkBody.form` has it.
    private(set) var form = ChunkBody.bare

    /// - Parameter dialect: nil: nobody knows.
    mutating func write(_ label: [UInt8], number: Int, form: Int, _ dialect: BulkDialect?) {
        bytes.clear()
        if let dialect, let label = BulkLabel(bytes: label) { BulkBody.appendAction(label, dialect, to: &bytes) }
        self.label = number
        self.form = form
    }
}
