package import EventLoop
package import Events
package import TLS

/// Sends chunks to a GELF input (Graylog's, or of whatever reads GELF) over UDP, TCP or TLS.
///
/// GELF has no receipts. What `.delivered` means: over UDP, that the kernel has taken every datagram; over TCP and TLS, that
/// the server has read the connection to its end.
package final class GELFDestination: Destination {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "gelf-1"
    /// Messages of one connection, in bytes: what is sent again when it breaks.
    private static let connectionBytes = 8 << 20
    /// Messages that are datagrams at a time.
    private static let datagramMessages = 1000

    private let settings: GELFSettings
    private let tls: TLSContext?
    private let loop: Loop
    private let deliveries: GELFDeliveries

    /// - Parameters:
    ///   - tls: nil for plain TCP and UDP.
    ///   - loop: where its sockets live. It may run already.
    package init(_ settings: GELFSettings, tls: TLSContext?, on loop: Loop) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        deliveries = GELFDeliveries(on: loop)
    }

    /// What log lines call it.
    package var name: String { settings.endpoint.place }

    /// Gives up what is under way, and closes all sockets. Deliveries fail from now on.
    package func close() { loop.submit { [deliveries] in deliveries.close() } }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        var rest = items
        var rejected: [RejectedItem] = []
        while !rest.isEmpty {
            let part = part(of: rest, chunk)
            let refusal =
                switch settings.transport {
                case .tcp: await sendStream(part, of: chunk)
                case .udp: await sendDatagrams(part, of: chunk, &rejected)
                }
            if let refusal {
                // What of this part cannot be sent at all is found again with it.
                rejected.removeAll { rest.contains($0.item) }
                return rest.count == items.count
                    ? .retry(reason: refusal, after: nil) : .partial(retry: rest, reason: refusal, rejected: rejected)
            }
            rest = rest.subtracting(part)
        }
        if rejected.isEmpty { return .delivered }
        return .partial(retry: [], reason: Refusal(.tooLarge, rejected[0].reason), rejected: rejected)
    }

    /// What is sent at a time, and at least one.
    private func part(of items: ItemSet, _ chunk: LoadedChunk) -> ItemSet {
        var count = 0
        var bytes = 0
        for item in items {
            bytes += Int(chunk.item(item).source.length)
            if count > 0, bytes > Self.connectionBytes || settings.transport == .udp && count >= Self.datagramMessages {
                break
            }
            count += 1
        }
        return items.split(after: count).0
    }

    private func sendStream(_ items: ItemSet, of chunk: LoadedChunk) async -> Refusal? {
        var bytes = ByteBuffer(capacity: 64 * 1024)
        for item in items {
            guard let slice = try? RequestBody.slice(of: item, chunk) else { return Self.unreadable }
            bytes.append(slice, of: chunk.body.bytes)
            bytes.append(0)
        }
        return await send(GELFStreamDelivery(bytes.array(), settings, tls: tls, on: loop))
    }

    private func sendDatagrams(
        _ items: ItemSet, of chunk: LoadedChunk, _ rejected: inout [RejectedItem]
    ) async -> Refusal? {
        var datagrams: [[UInt8]] = []
        for item in items {
            guard let slice = try? RequestBody.slice(of: item, chunk) else { return Self.unreadable }
            do {
                let id = UInt64.random(in: 0 ... .max)
                if let made = try GELFDatagrams.make(
                    slice, of: chunk.body.bytes, pieceBytes: settings.datagramBytes, id: id)
                {
                    datagrams += made
                } else {
                    rejected.append(
                        RejectedItem(
                            item: item, status: 413, type: "message_too_large",
                            reason:
                                "a message of \(slice.length) bytes does not fit the \(GELFDatagrams.maximumPieces)"
                                + " datagrams that it may have; 'protocol tcp' has no such limit"))
                }
            } catch {
                return Refusal(.full, "cannot compress a message: \(error)")
            }
        }
        return datagrams.isEmpty ? nil : await send(GELFDatagramDelivery(datagrams, settings, deliveries, on: loop))
    }

    private static let unreadable = Refusal(.storage, "an event cannot be read back from its chunk")

    private func send(_ delivery: any GELFDelivery) async -> Refusal? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Refusal?, Never>) in
                let isTaken = loop.submit { [deliveries] in
                    deliveries.start(delivery) { continuation.resume(returning: $0) }
                }
                if !isTaken { continuation.resume(returning: GELFDeliveries.stopping) }
            }
        } onCancel: {
            // Before the delivery has come to the loop, or after.
            loop.submit { delivery.cancel(because: GELFDeliveries.cancelled) }
        }
    }

    /// What would be sent for a chunk's first event, for people.
    package static func preview(_ chunk: LoadedChunk) -> String? { RequestBody.preview(chunk) }
}
