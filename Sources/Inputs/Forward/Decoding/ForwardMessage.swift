internal import Events

/// One message of the forward protocol, read into rows.
/// Source: Forward Protocol Specification v1.5; where Fluentd differs, Fluentd (`lib/fluent/plugin/in_forward.rb`).
///
/// ```
/// nil                                   heartbeat
/// [tag, time, record, option?]          Message
/// [tag, [[time, record], …], option?]   Forward
/// [tag, str or bin, option?]            PackedForward: entries one after the other; compressed if the option says so
/// ```
struct ForwardMessage {
    /// What the message's option asked for.
    struct Option {
        /// The value of `chunk`, as one MessagePack item, to be echoed byte for byte.
        var chunk: Slice?
        var compression = Compression.none
        /// A value of `compressed` that nobody here knows, as one MessagePack item.
        var unknownCompression: Slice?
    }
    enum Compression { case none, gzip, zstd, unknown }
    /// Elements behind those that the protocol has, or in their place.
    enum Surplus { case none, idle, mayHoldEvents }

    /// After the message, in the storage.
    var end: Int
    var option = Option()
    /// nil for heartbeats and for messages that hold nothing.
    var batch: PendingBatch?
    /// Entries one after the other, still to be read: those of a packed message (to be decompressed before), or of an array
    /// that has too many for one batch.
    var packed: Slice?
    /// `packed` is the inside of an array, which was seen to be whole.
    var isArray = false
    /// Elements of the message, and how many of them the protocol has.
    var elements = (count: 0, read: 0)
    var surplus = Surplus.none
    /// Where the batch's rows ended before this message, to take it back as a whole.
    var mark = (records: 0, fields: 0)
    /// Events that were left out because they are none.
    var faults = EventFaults()
    /// Records that were read so far.
    var recordCount = 0
}
