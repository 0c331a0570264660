internal import EventLoop
internal import Glibc
internal import Inputs

/// A daemon that is asked to hand over to this process: `sluice run --take-over PID`.
///
/// The listening sockets come first, so that nobody who connects is refused at any time; then the old daemon stops as at
/// SIGTERM, and its end is waited for where this one wants the files of its buffers.
///
/// ```
/// new → old   take over
/// old → new   a line for each socket (`stream 0 0.0.0.0:24224`: kind, loop, place), with its descriptor; last: `end`
/// new → old   go                 the old one stops; the connection ends with its process
/// ```
package final class TakeOver {
    private let socket: Int32
    /// What the old daemon listens on.
    package let pool: InheritedPool

    /// In a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// What a daemon answers to, by the number of its process.
    package static func name(ofProcess number: Int32) -> String { "sluice/\(number)" }

    package init(ofProcess number: Int32) throws(Failure) {
        do throws(LoopError) {
            socket = try ControlChannel.connect(Self.name(ofProcess: number))
        } catch {
            throw Failure(description: "no sluice of this account answers as process \(number): \(error)")
        }
        ControlChannel.send("take over", to: socket)
        var found: [String: [Int: InheritedSockets]] = [:]
        var isWhole = false
        while !isWhole, let (text, descriptors) = ControlChannel.receive(from: socket) {
            var left = descriptors[...]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2).map(String.init)
                if words == ["end"] { isWhole = true }
                guard words.count == 3, let loop = Int(words[1]), let descriptor = left.popFirst() else { continue }
                switch words[0] {
                case "stream": found[words[2], default: [:]][loop] = InheritedSockets(stream: descriptor, datagram: nil)
                case "datagram": found[words[2]]?[loop]?.datagram = descriptor
                default: Glibc.close(descriptor)
                }
            }
            for descriptor in left { Glibc.close(descriptor) }
        }
        pool = InheritedPool(found.mapValues { loops in loops.sorted { $0.key < $1.key }.map(\.value) })
        guard isWhole else {
            pool.close()
            throw Failure(description: "process \(number) does not hand its sockets over: it starts or stops just now")
        }
    }

    /// The old daemon stops now.
    package func go() { ControlChannel.send("go", to: socket) }

    /// Waits until the old daemon's process has ended. Blocks.
    ///
    /// - Returns: false when it has not within so many seconds.
    package func waitForEnd(withinSeconds seconds: Int32) -> Bool {
        var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        // The pointer is to a local and does not leave the call.
        return unsafe poll(&watched, 1, seconds * 1000) > 0
    }

    deinit { Glibc.close(socket) }
}
