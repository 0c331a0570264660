internal import EventLoop
internal import Events
internal import Glibc
internal import Logging

/// From a file's bytes to batches, and from what became of them to positions.
extension TailInput {
    func schedule(_ file: TailedFile) {
        guard phase == .reading, !isResting, !file.isHeld, isReady.insert(ObjectIdentifier(file)).inserted else {
            return
        }
        ready.append(file)
        guard isActive, ready.count == 1 else { return }
        turnTimer?.start(afterMilliseconds: 0) { [unowned self] in turn() }
    }

    func turn() {
        var left = Self.turnBytes
        var waiting = ready[...]
        ready = []
        while left > 0, phase == .reading, !isResting, let file = waiting.popFirst() {
            isReady.remove(ObjectIdentifier(file))
            let count = readPiece(of: file)
            left -= max(count, 4096)
            if count > 0, !file.isHeld { schedule(file) } else { atEnd(file) }
        }
        compactPositions()
        ready = Array(waiting) + ready
        if !ready.isEmpty { turnTimer?.start(afterMilliseconds: 0) { [unowned self] in turn() } }
    }

    /// Reads a piece of a file and hands its lines on. Answers how much that was.
    func readPiece(of file: TailedFile) -> Int {
        guard !file.isHeld else { return 0 }
        var most = Self.pieceBytes
        if let limit = settings.bytesPerSecond {
            if loop.now - file.secondStarted >= 1000 { (file.secondStarted, file.bytesInSecond) = (loop.now, 0) }
            most = min(most, limit - file.bytesInSecond)
            if most <= 0 { return 0 }
        }
        if let member = file.member {
            guard mayRead(member) else { return 0 }
            most = min(most, TailGroups.pieceBytes)
        }
        // Lent for the whole piece: the access is checked once, and not for each line.
        return readPiece(of: file, atMost: most, &storage, &rows)
    }

    private func readPiece(
        of file: TailedFile, atMost most: Int, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Int {
        storage.clear()
        rows.clear()
        storage.append(file.carry)
        let base = file.readOffset - UInt64(file.carry.count)
        guard let count = file.read(into: &storage, atMost: most), count > 0 else { return 0 }
        file.bytesInSecond += count
        meter?.received(count)
        let end = storage.count
        let now = loop.now
        reader.beginBatch(&storage)
        var start = 0
        var lines = 0
        while let stop = nextNewline(from: start, to: end, storage) {
            let next = stop + reader.newline.count
            take(start, stop, next, base, file, now, &storage, &rows)
            start = next
            lines += 1
            if lines % settings.batchLines == 0 {
                handOn(file, to: file.text?.start ?? base + UInt64(start), &storage, &rows)
                if file.isHeld { break }
            }
        }
        file.member?.lines += lines
        if file.isHeld {
            // The rest is read again, when there is room.
            file.putBack(to: min(file.readOffset, base + UInt64(start)))
            return count
        }
        let rest = end - start
        if rest > settings.lineBytes {
            warnTooLong(file)
            file.isSkipping = true
            file.carry = []
        } else {
            file.carry = rest > 0 ? storage.array(Slice(offset: start, length: rest)) : []
        }
        if start > 0 { handOn(file, to: file.text?.start ?? base + UInt64(start), &storage, &rows) }
        return count
    }

    private func take(
        _ start: Int, _ stop: Int, _ next: Int, _ base: UInt64, _ file: TailedFile, _ now: UInt64,
        _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        if file.isSkipping {
            file.isSkipping = false
            return
        }
        guard next - start <= settings.lineBytes else { return warnTooLong(file) }
        var end = stop
        if reader.newline.count == 1, end > start, storage[end - 1] == 0x0D { end -= 1 }
        reader.take(
            Slice(offset: start, length: end - start), at: base + UInt64(start), of: file,
            atMilliseconds: now, &storage, &rows)
    }

    func warnTooLong(_ file: TailedFile) {
        log.limited(
            .warn, kind: "long", subject: ["path": file.path],
            "a line of more than \(settings.lineBytes) bytes is dropped; raise max_line_size if this is wanted")
    }

    private func nextNewline(from start: Int, to end: Int, _ storage: borrowing ByteBuffer) -> Int? {
        guard start < end else { return nil }
        let newline = reader.newline
        var place = start
        while place + newline.count <= end {
            let found = unsafe storage.withUnsafeBytes(Slice(offset: place, length: end - place)) { bytes, count in
                unsafe memchr(bytes, Int32(newline[0]), count).map {
                    unsafe UnsafeRawPointer($0) - UnsafeRawPointer(bytes)
                }
            }
            guard let found else { return nil }
            let stop = place + found
            if newline.count == 1 { return stop }
            if (stop - start) % newline.count == 0, stop + newline.count <= end,
                storage.equals(Slice(offset: stop, length: newline.count), newline)
            {
                return stop
            }
            place = stop + 1
        }
        return nil
    }

    func flushText(of file: TailedFile) {
        guard file.text != nil else { return }
        storage.clear()
        rows.clear()
        reader.beginBatch(&storage)
        reader.flush(file, &storage, &rows)
        handOn(file, to: file.consumedOffset, &storage, &rows)
    }

    /// Hands on what has been read of a file up to an offset. Leaves the file where it is, however far it is read: the
    /// caller may not be done with the storage.
    private func handOn(
        _ file: TailedFile, to end: UInt64, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        let start = file.takenOffset
        let batch = file.begin(end)
        guard !rows.records.isEmpty else { return settled(file, batch) }
        let told = BatchEnd { [weak self] in
            self?.settled(file, batch)
            if file.ending != nil { self?.atEnd(file) }
        }
        let receipt = positions == nil ? nil : told.receipt(for: moment, on: loop)
        switch emitter.emit(Batch(file.tag, receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull: hold(file)
        case .refused:
            // Not taken: the same again when there is room.
            file.takeBack(batch, to: start)
            hold(file)
            file.retryAtMilliseconds = loop.now + Self.retryMilliseconds
        }
        receipt?.settle(.delivered)
        if receipt == nil { settled(file, batch) }
        rows.clear()
    }

    func hold(_ file: TailedFile) {
        file.isHeld = true
        file.wait = pressure?.take() ?? GateWait()
        file.retryAtMilliseconds = .max
    }

    // MARK: - Positions

    func settled(_ file: TailedFile, _ batch: TailedFile.Outstanding) {
        guard let end = file.settle(batch), let position = file.position, let positions else { return }
        positions.set(position, offset: end)
    }

    /// A file that is left: its position goes once everything is safe, and it itself when its time is over.
    func atEnd(_ file: TailedFile) {
        guard let ending = file.ending, !file.isHeld else { return }
        guard file.size.map({ $0 <= file.readOffset }) ?? true || isNeverRead(file) else { return }
        let isOver = loop.now >= file.deadlineMilliseconds
        if isOver, file.text != nil { flushText(of: file) }
        guard file.isAllSafe else { return }
        if ending == .replaced, let position = file.position {
            positions?.remove(position)
            wantsRewrite = true
            file.position = nil
        }
        guard isOver else { return }
        if let position = file.position { positions?.endWatching(position) }
        if positions?.hasManyEnded ?? false { wantsRewrite = true }
        endings[ObjectIdentifier(file)] = nil
        stopWatching(file)
        readToEnd.add(file.identity, file.birth, atMilliseconds: loop.now)
    }
}
