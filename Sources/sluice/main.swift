import CommandLine
import Glibc

StandardStreams.reserve()
exit(StandardOutput.finish(Program.run(Array(Swift.CommandLine.arguments.dropFirst()))))
