internal import Compression
internal import Events

/// A message with more entries than one batch takes: they are read and handed on in slices, between which the decoder may
/// be told to wait. The entries lie in the decoder's storage, or, when they are unpacked from there, in a buffer here.
final class MessageInHand {
    /// Where entries come from.
    enum Source {
        /// The decoder's storage: what is not read yet.
        case received(Slice)
        /// `unpacked`; what is still to be unpacked lies in the decoder's storage.
        case unpacked
    }

    /// Bytes that are unpacked at once, unless one entry needs more.
    static let pieceBytes = 128 * 1024

    let tag: TagEntry
    /// Of the whole message, in the decoder's storage.
    private(set) var start: Int
    private(set) var end: Int
    /// The value of its option `chunk`, one MessagePack item: a copy, as it may outlive the read.
    let chunk: [UInt8]?
    var source: Source
    /// nil when everything is unpacked.
    var unpacker: (any Unpacker)?
    /// What is not unpacked yet.
    var compressed = Slice.empty
    /// Unpacked entries; those before `read` are done with.
    var unpacked = ByteBuffer(capacity: 16)
    var read = 0
    /// Records of it that were read, and the time of the first.
    private(set) var position = 0
    private(set) var time: EventTime?
    /// With which hand-over its first records leave; 0: none are read yet.
    let firstDelivery: Int
    /// Nothing more of it is wanted, and no ack: an event cost the whole message, or its client will send it again.
    var isGivenUp = false
    /// It is read to the end without an ack.
    var isUnacknowledged = false

    init(
        _ message: ForwardMessage, tag: TagEntry, start: Int, source: Source, firstDelivery: Int,
        _ storage: borrowing ByteBuffer
    ) {
        self.tag = tag
        self.firstDelivery = firstDelivery
        self.start = start
        end = message.end
        chunk = message.option.chunk.map { storage.array($0) }
        self.source = source
    }

    /// More records of it are read.
    func noteRead(_ count: Int, from first: EventTime) {
        if time == nil { time = first }
        position += count
    }

    /// A slice was refused. A client that waits for an ack sends everything again; of another's the rest is still wanted.
    func wasRefused() {
        if chunk == nil { isUnacknowledged = true } else { isGivenUp = true }
    }

    /// It was turned into MessagePack elsewhere; among what was received it lies here.
    func place(from start: Int, to end: Int) {
        self.start = start
        self.end = end
    }

    /// After bytes were removed from the front of the decoder's storage.
    func rebase(by removed: Int) {
        start -= removed
        end -= removed
        if case .received(let rest) = source { source = .received(rest.moved(by: -removed)) }
        compressed = compressed.moved(by: -removed)
    }
}

extension Slice {
    fileprivate func moved(by distance: Int) -> Slice {
        length == 0 ? self : Slice(offset: Int(offset) + distance, length: Int(length))
    }
}
