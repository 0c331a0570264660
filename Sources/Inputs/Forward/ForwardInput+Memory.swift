internal import EventLoop
internal import Logging

/// Memory for messages that are not complete: who goes on while all clients together have more than they may.
extension ForwardInput {
    /// After each read: a client with a large unfinished message waits when all together have too much of them.
    func noteIntake(of handler: ForwardConnection, received bytes: Int) {
        let isOver = settings.intake.isOver
        guard isOver || isMemoryShort, phase == .reading else { return }
        guard isOver else { return memoryIsBack() }
        if !isMemoryShort {
            isMemoryShort = true
            loop.limitReads(toBytes: IntakeBudget.smallBytes)
            log.limited(
                .warn, kind: "unfinished",
                "clients have sent \(settings.intake.bytes) bytes of messages that are not complete, which is over"
                    + " unfinished_limit_size (\(settings.intake.limitBytes) bytes): large ones are read one after the"
                    + " other; raise unfinished_limit_size of this source if there is memory")
        }
        handler.trim()
        let client = ObjectIdentifier(handler)
        intakeQueue.received(bytes, from: client)
        if handler.keptBytes <= IntakeBudget.smallBytes {
            endIntake(of: handler)
        } else if !intakeQueue.ask(client, atMilliseconds: loop.now) {
            handler.hold(.memory)
        }
        watch()
    }

    func endIntake(of handler: ForwardConnection) {
        guard isMemoryShort, phase == .reading else { return }
        if let next = intakeQueue.done(ObjectIdentifier(handler), atMilliseconds: loop.now) { resumeIntake(of: next) }
        if !settings.intake.isOver { memoryIsBack() }
    }

    private func memoryIsBack() {
        isMemoryShort = false
        loop.limitReads(toBytes: nil)
        for client in intakeQueue.release() { resumeIntake(of: client) }
    }

    private func resumeIntake(of client: ObjectIdentifier) {
        guard let handler = connections[client], case .memory = handler.hold else { return }
        // While it waited for memory, others may have been told to wait for room.
        if isResting {
            handler.hold(.resting)
        } else if backPressure.holdsOthers, handler.acceptedEpisode != backPressure.episode {
            handler.hold(.unheard)
        } else {
            handler.resume()
        }
    }

    func lookAfterIntake() {
        guard isMemoryShort else { return }
        if !settings.intake.isOver { return memoryIsBack() }
        guard let client = intakeQueue.overdue(atMilliseconds: loop.now), let handler = connections[client] else {
            return
        }
        // One that waits for room itself is not to blame: the next one goes on.
        if handler.isHeld { endIntake(of: handler) } else { handler.giveUpMessage() }
    }
}
