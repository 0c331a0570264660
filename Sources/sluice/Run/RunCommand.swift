import CommandLine
import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline

/// `sluice run`: the daemon.
enum RunCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        if let directory = parsed.value(RunOptions.setup) { return ProcessSetup.writeSample(into: directory) }
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return ExitStatus.configuration
        }
        if parsed.has(RunOptions.dryRun) { return dryRun(parsed, path) }
        let loaded = load(parsed, path)
        let diagnostics = loaded.document.diagnostics
        StandardError.write(ConfigurationLoader.report(loaded, to: .standardError))
        guard !diagnostics.hasErrors else { return ExitStatus.configuration }
        do {
            Allocator.returnLargeBlocks()
            BlockPool.shared.whenAtRest { Allocator.releaseUnused() }
            try ProcessSetup.apply(parsed)
            let descriptors = DescriptorLimit.raise()
            DescriptorLimit.openTimers()
            // After the step into the background, which takes one thread along.
            let writer = try WriterThread()
            defer { writer.drain(withinSeconds: lastWriteSeconds) }
            let (log, ownLog) = try makeLog(parsed, loaded.plan.system, writer)
            log.info("starting sluice", ["version": Program.version, "configuration": path])
            log.debug("file descriptors allowed", ["limit": descriptors.now, "before": descriptors.before])
            if !parsed.has(RunOptions.suppressConfigDump) && !loaded.plan.system.suppressesConfigDump {
                log.info("using configuration:", block: loaded.document.root.dump(diagnostics))
            }
            let plan = loaded.plan
            let standardOutput = TextSink(writer: writer, log: log)
            let inherited = try takeOver(parsed, plan, log)
            let pipeline = try RunningPipeline(
                plan, log: log, standardOutput: standardOutput, ownLog: ownLog, inherited: inherited,
                configurationPath: path, version: Program.version
            ) { readAgain(parsed, path) }
            let end = pipeline.run()
            writer.drain(withinSeconds: min(plan.system.shutdownTimeoutSeconds, longestWriteSeconds))
            let lost = standardOutput.giveUp()
            if lost > 0 { log.error("events could not be written to standard output: they are lost", ["events": lost]) }
            switch end {
            case .inOrder: return lost > 0 ? ExitStatus.failure : ExitStatus.success
            case .lost: return ExitStatus.failure
            case .failed(let reason): log.fatal("cannot run: \(reason)")
            }
        } catch {
            StandardError.write("Error: \(error)\n")
        }
        return ExitStatus.failure
    }

    /// `--take-over`: has the sockets of the daemon that runs when it returns, and that daemon on its way out.
    private static func takeOver(
        _ parsed: ParsedCommand, _ plan: PipelinePlan, _ log: Log
    ) throws -> InheritedPool? {
        guard let name = parsed.value(RunOptions.takeOver) else { return nil }
        let number = try DaemonProcess.number(name)
        let old = try TakeOver(ofProcess: number)
        log.info("taking over", ["pid": Int(number), "sockets": old.pool.places.joined(separator: " ")])
        old.go()
        if plan.hasBuffersInFiles, !old.waitForEnd(withinSeconds: longestStopSeconds) {
            throw TakeOver.Failure(
                description:
                    "process \(number) has not ended within \(longestStopSeconds) s, and has the buffers' files")
        }
        return old.pool
    }

    /// `shutdown_timeout` of the other one is not known.
    private static let longestStopSeconds: Int32 = 600

    /// For a reload: the configuration as a start would take it.
    private static func readAgain(
        _ parsed: ParsedCommand, _ path: String
    ) -> Result<PipelinePlan, ConfigurationRefusal> {
        let loaded = load(parsed, path)
        let terminal = Terminal(isTerminal: false, columns: nil, windowColumns: nil, noColor: nil, term: nil)
        guard !loaded.document.diagnostics.hasErrors else {
            return .failure(ConfigurationRefusal(messages: ConfigurationLoader.report(loaded, to: terminal)))
        }
        return .success(loaded.plan)
    }

    private static func load(_ parsed: ParsedCommand, _ path: String) -> ConfigurationLoader.Loaded {
        var loaded = ConfigurationLoader.load(path, manner(parsed), opensFiles: true)
        if parsed.has(RunOptions.withoutSource) { loaded.plan.sources = [] }
        return loaded
    }

    private static func manner(_ parsed: ParsedCommand) -> ConfigurationLoader.Manner {
        var manner = ConfigurationLoader.Manner(parsed)
        manner.appending = parsed.values(RunOptions.inlineConfig)
        return manner
    }

    /// What `check` sees, and whether the log file could be opened.
    private static func dryRun(_ parsed: ParsedCommand, _ path: String) -> Int32 {
        if let file = parsed.value(RunOptions.log), let error = LogWriter.obstacle(path: file) {
            StandardError.write("Error: \(error)\n")
            return ExitStatus.failure
        }
        return CheckCommand.check(path, manner(parsed), isStrict: false, asJSON: false)
    }

    /// How long a slow reader of standard output is waited for at most, and then of the log. With the time that a failing
    /// destination gets (`Lifecycle`) both fit into Docker's ten seconds.
    private static let longestWriteSeconds = 5.0
    private static let lastWriteSeconds = 1.0

    private static func makeLog(
        _ parsed: ParsedCommand, _ system: SystemSettings, _ writer: WriterThread
    ) throws -> (Log, OwnLog) {
        let format = parsed.value(RunOptions.logFormat).flatMap { LogFormat(rawValue: $0) } ?? system.logFormat ?? .text
        let steps = parsed.count(RunOptions.quiet) - parsed.count(RunOptions.verbose)
        let level = steps == 0 ? system.logLevel ?? .info : LogLevel.info.moved(by: steps)
        guard let file = parsed.value(RunOptions.log) else {
            let ownLog = OwnLog(
                LogWriter.standardError(
                    format: format, coloured: Terminal.standardError.allowsColour, writer: writer))
            return (Log(handler: ownLog, level: level), ownLog)
        }
        let rotation = LogRotation(
            age: parsed.value(RunOptions.logRotateAge),
            maximumFileBytes: parsed.integer(RunOptions.logRotateSize).map(Int64.init))
        let ownLog = OwnLog(try LogWriter(path: file, format: format, rotation: rotation, writer: writer))
        return (Log(handler: ownLog, level: level), ownLog)
    }
}
