package import Events
internal import Synchronization

/// Emptying a buffer: at once, and at a stop.
extension ChunkBuffer {
    /// Seals everything staged and forgets all waits, so that workers send at once (SIGUSR1).
    package func flushAll() {
        let sealed = areas.withLock { $0 }.flatMap { $0.sealAll() }
        queue.withLock { queue in
            for chunk in sealed { queue.enqueue(chunk) }
            queue.retryNow()
        }
        wakeup.wakeAll()
        if isEmpty { emptied.wakeAll() }
    }

    /// As `flushAll`, and from now on what comes in is sealed and sent without delay.
    package func beginDrain() {
        isDraining.store(true, ordering: .relaxed)
        queue.withLock { $0.keepNumbers() }
        flushAll()
    }

    /// Everything that no destination has confirmed, staged chunks sealed for it: what waits, what is in delivery, and
    /// refused events that are not yet where they go on. Nothing is taken out.
    package func snapshotUndelivered() -> [(chunk: SealedChunk, items: ItemSet)] {
        let sealed = areas.withLock { $0 }.flatMap { $0.sealAll() }
        return queue.withLock { queue in
            for chunk in sealed { queue.enqueue(chunk) }
            queue.keepNumbers()
            return queue.undelivered
        }
    }

    /// As `snapshotUndelivered`, and takes it all out. Receipts of these chunks are the caller's to settle.
    package func takeAll() -> [(chunk: SealedChunk, items: ItemSet)] {
        let sealed = areas.withLock { $0 }.flatMap { $0.sealAll() }
        let (parts, bytes) = queue.withLock { queue in
            for chunk in sealed { queue.enqueue(chunk) }
            let bytes = queue.heldBytes
            return (queue.takeAll(), bytes)
        }
        budget.add(-bytes)
        tellRoom()
        if isEmpty { emptied.wakeAll() }
        return parts
    }
}
