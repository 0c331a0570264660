import CommandLine
import EventLoop
import Glibc
import Pipeline

/// `sluice reload [PID|FILE]`: asks a running daemon to read its configuration again, and waits for what comes of it.
enum ReloadCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        do {
            return try ask(try process(parsed.argument(0)))
        } catch {
            StandardError.write("sluice reload: \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func process(_ given: String?) throws(DaemonProcess.Unknown) -> Int32 {
        if let given { return try DaemonProcess.number(given) }
        let all = DaemonProcess.all()
        if all.count == 1 { return all[0] }
        throw DaemonProcess.Unknown(
            description: all.isEmpty
                ? "no sluice runs here"
                : "several are running: name one of \(all.map(String.init).joined(separator: ", "))")
    }

    private static func ask(_ number: Int32) throws -> Int32 {
        let socket: Int32
        do throws(LoopError) {
            socket = try ControlChannel.connect(TakeOver.name(ofProcess: number))
        } catch {
            // Its address is a name made of the number: that nobody is there is all that can be wrong with it.
            throw DaemonProcess.Unknown(description: "no sluice of this account runs as process \(number)")
        }
        defer { close(socket) }
        ControlChannel.send("reload", to: socket)
        guard let (answer, _) = ControlChannel.receive(from: socket) else {
            throw DaemonProcess.Unknown(description: "process \(number) ended before it had answered")
        }
        if answer == "ok" {
            StandardOutput.write("the configuration is in force\n")
            return ExitStatus.success
        }
        StandardError.write(answer.hasSuffix("\n") ? answer : "Error: \(answer)\n")
        StandardError.write("nothing has changed\n")
        return ExitStatus.configuration
    }
}
