// libFuzzer entry for the forward protocol; ../run builds and runs it.

import Events
import ForwardProtocol
import Inputs

/// The first byte chooses how the rest arrives; what comes out must not depend on it.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzForward(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard size > 1, let data else { return 0 }
    let input = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    let pieceSize = Int(data[0] & 31) + 1
    let whole = Peer(withHandshake: data[0] & 0x80 != 0)
    whole.feed(input, pieceSize: input.count)
    let pieces = Peer(withHandshake: data[0] & 0x80 != 0)
    pieces.feed(input, pieceSize: pieceSize)
    guard whole.records == pieces.records else {
        fatalError("\(whole.records) records in one piece, \(pieces.records) in many")
    }
    guard whole.replies == pieces.replies else { fatalError("other replies in many pieces") }
    // Either may find out first that a message which is not all here is broken.
    if whole.hasFailed != pieces.hasFailed && !whole.isWaiting && !pieces.isWaiting { fatalError("refused only once") }
    return 0
}

private final class Peer: ForwardSink {
    var records = 0
    var replies: [UInt8] = []
    var hasFailed = false
    var isWaiting: Bool { !hasFailed && decoder.unfinishedBytes > 0 }
    private let decoder: ForwardDecoder
    private var scratch = ByteBuffer()

    init(withHandshake: Bool) {
        var options = ForwardOptions()
        options.limits.messageBytes = 1 << 16
        options.limits.decompressedBytes = 1 << 20
        options.limits.batchRecords = 16
        options.limits.turnRecords = 40
        var handshake: ServerHandshake?
        if withHandshake {
            let zeros = [UInt8](repeating: 0, count: 16)
            handshake = ServerHandshake(
                ForwardSecurity(selfHostname: "h", sharedKey: [0x6B]), address: [127, 0, 0, 1], peerName: "p",
                nonce: zeros,
                auth: zeros)
        }
        decoder = ForwardDecoder(
            options: options, batches: PendingBatches { Tag($0) }, handshake: handshake,
            clock: { EventTime(seconds: 1) })
        decoder.sourceFields = [([0x61], [0x62])]
    }

    func feed(_ bytes: [UInt8], pieceSize: Int) {
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + pieceSize, bytes.count)
            do {
                try bytes[offset..<end].withUnsafeBytes { try decoder.receive($0, scratch: &scratch, sink: self) }
                while decoder.isSuspended { try decoder.proceed(self) }
            } catch {
                hasFailed = true
                return
            }
            offset = end
        }
    }

    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        records += rows.records.count
        for record in rows.records {
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
        }
        return .accepted
    }
    func reply(_ bytes: borrowing ByteBuffer) { replies += bytes.array() }
    func pause() {}
    func continueLater() {}
    func note(_ error: ForwardError, count: Int) {}
}
