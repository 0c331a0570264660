import CommandLine
import ConfigFile
import Glibc
import Logging
import Pipeline

/// `sluice run`: the daemon.
enum RunCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        if let directory = parsed.value(RunOptions.setup) { return ProcessSetup.writeSample(into: directory) }
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return ExitStatus.configuration
        }
        if parsed.has(RunOptions.dryRun) { return CheckCommand.check(path, isStrict: false, asJSON: false) }
        let loaded = ConfigurationLoader.load(path, appending: parsed.values(RunOptions.inlineConfig))
        let diagnostics = loaded.document.diagnostics
        StandardError.write(ConfigurationLoader.report(loaded, to: .standardError))
        guard !diagnostics.hasErrors else { return ExitStatus.configuration }
        do {
            Allocator.returnLargeBlocks()
            try ProcessSetup.apply(parsed)
            let descriptors = DescriptorLimit.raise()
            DescriptorLimit.openTimers()
            let log = try makeLog(parsed, loaded.plan.system)
            log.info("starting sluice", ["version": Program.version, "configuration": path])
            log.debug("file descriptors allowed", ["limit": descriptors.now, "before": descriptors.before])
            if !parsed.has(RunOptions.suppressConfigDump) && !loaded.plan.system.suppressesConfigDump {
                log.info("using configuration:\n" + loaded.document.root.dump(diagnostics))
            }
            var plan = loaded.plan
            if parsed.has(RunOptions.withoutSource) { plan.sources = [] }
            switch try RunningPipeline(plan, log: log).run() {
            case .inOrder: return ExitStatus.success
            case .lost: return ExitStatus.failure
            case .failed(let reason): log.fatal("cannot run: \(reason)")
            }
        } catch {
            StandardError.write("Error: \(error)\n")
        }
        return ExitStatus.failure
    }

    private static func makeLog(_ parsed: ParsedCommand, _ system: SystemSettings) throws -> Log {
        let format = parsed.value(RunOptions.logFormat).flatMap { LogFormat(rawValue: $0) } ?? system.logFormat ?? .text
        let steps = parsed.count(RunOptions.quiet) - parsed.count(RunOptions.verbose)
        let level = steps == 0 ? system.logLevel ?? .info : LogLevel.info.moved(by: steps)
        guard let file = parsed.value(RunOptions.log) else {
            return Log(
                handler: LogWriter.standardError(format: format, coloured: Terminal.standardError.allowsColour),
                level: level)
        }
        let rotation = LogRotation(
            age: parsed.value(RunOptions.logRotateAge),
            maximumFileBytes: parsed.integer(RunOptions.logRotateSize).map(Int64.init))
        return Log(handler: try LogWriter(path: file, format: format, rotation: rotation), level: level)
    }
}
