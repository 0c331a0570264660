internal import EventLoop
internal import Glibc
internal import Inputs
internal import Logging
internal import Monitor

/// What another process of this account may ask (`ControlChannel`): `monitor`, `reload`, and `take over` (`TakeOver`).
extension RunningPipeline {
    func openControl() {
        do throws(LoopError) {
            let descriptor = try ControlChannel.listen(TakeOver.name(ofProcess: getpid()))
            control = try DescriptorWatch(descriptor, on: loop) { [unowned self] in
                while let asker = ControlChannel.accept(descriptor) { listen(to: asker) }
            }
        } catch {
            // Signals do all but take-overs as well.
            log.debug("nobody can take over from this process: \(error)")
        }
    }

    private func listen(to asker: Int32) {
        let number = nextAsker
        nextAsker += 1
        // Reads a message when there is one, so nothing waits.
        askers[number] = try? DescriptorWatch(asker, on: loop) { [unowned self] in
            guard let (text, descriptors) = ControlChannel.receive(from: asker) else { return forget(number) }
            for descriptor in descriptors { close(descriptor) }
            answer(text, number, asker)
        }
    }

    private func forget(_ number: Int) {
        askers[number]?.close()
        askers[number] = nil
    }

    private func answer(_ text: String, _ number: Int, _ asker: Int32) {
        switch text {
        case "reload":
            reload.askers.append { [unowned self] answer in
                guard askers[number] != nil else { return }
                ControlChannel.send(answer, to: asker)
            }
            beginReload("sluice reload")
        case "monitor":
            ControlChannel.send((["monitor"] + (monitor?.urls ?? [])).joined(separator: "\n"), to: asker)
        case "take over":
            guard lifecycle.state == .running, !reload.isUnderWay else { return forget(number) }
            onEveryLoop({ worker in worker.shareSockets() }) { [self] lists in
                let sockets = lists.joined()
                var lines: [String] = []
                var descriptors: [Int32] = []
                func flush() {
                    if askers[number] != nil, !lines.isEmpty {
                        ControlChannel.send(lines.joined(separator: "\n"), descriptors, to: asker)
                    }
                    for descriptor in descriptors { close(descriptor) }
                    (lines, descriptors) = ([], [])
                }
                for (line, descriptor) in sockets {
                    lines.append(line)
                    descriptors.append(descriptor)
                    if descriptors.count == ControlChannel.descriptorsPerMessage { flush() }
                }
                lines.append("end")
                flush()
            }
        case "go":
            // The files of its sockets are the successor's. Its connection ends with this process and not before: by that it
            // knows that the locks are free.
            _ = fcntl(asker, F_DUPFD_CLOEXEC, 0)
            onEveryLoop({ worker in worker.stages?.leaveSockets() }) { [self] _ in stop("take-over") }
        default: forget(number)
        }
    }
}
