package import Events
internal import Logging

/// The messages of a tcp, udp or syslog source.
package final class SocketIntake: TextIntake {
    private let settings: SocketSettings
    private let reader: SocketMessageReader
    private let refusals = IntakeRefusals()

    package init(_ settings: SocketSettings) {
        self.settings = settings
        reader = SocketMessageReader(settings, log: .discarding, refusals: refusals)
    }

    /// Whoever sends a tried message does it from this machine.
    private static let sender = "127.0.0.1"

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        var bytes = ByteBuffer(capacity: text.count)
        guard text.count <= settings.messageBytes || settings.transport == .udp else {
            return ["a message of more than \(settings.messageBytes) bytes is left out"]
        }
        bytes.append(Array(text.prefix(settings.messageBytes)))
        reader.take(Slice(offset: 0, length: bytes.count), of: bytes, from: Self.sender, handOn)
        reader.flush(handOn)
        return refusals.take()
    }
}
