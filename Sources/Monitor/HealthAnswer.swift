internal import Buffering
internal import Events
internal import Time

/// `/health` and `/ready`, for whoever supervises the daemon: a line of JSON, and a status that says the same.
///
/// `/health` is 200 while the process does its work, also when a destination is away or a buffer is full: events wait, and
/// a restart would not help. 503: a loop hangs, or the process starts or stops. `/ready` is 503 also while a buffer is
/// full, so that a balancer sends new clients elsewhere.
struct HealthAnswer {
    enum Question { case health, ready }

    let status: Int
    /// In one word, or two.
    let state: String
    let body: [UInt8]

    init(_ report: MonitorReport, _ question: Question) {
        let troubled = report.stages.compactMap { stage in
            stage.buffer.flatMap { $0.retryCount > 0 || Self.isFull($0) ? (stage, $0) : nil }
        }
        let isFull = troubled.contains { Self.isFull($0.1) }
        let works = report.process.isReady && report.process.stuckLoops == 0
        status = works && (question == .health || !isFull) ? 200 : 503
        state =
            report.process.stuckLoops > 0
            ? "stuck" : !report.process.isReady ? "not ready" : isFull ? "full" : troubled.isEmpty ? "ok" : "degraded"
        var out = ByteBuffer(capacity: 256)
        out.append("{\"status\":\"\(state)\",\"outputs\":[")
        for (index, (stage, buffer)) in troubled.enumerated() {
            out.append(index > 0 ? ",{\"id\":" : "{\"id\":")
            out.appendJSONString(stage.id)
            out.append(",\"type\":")
            out.appendJSONString(stage.type)
            out.append(",\"full\":\(Self.isFull(buffer)),\"held_bytes\":\(buffer.totalBytes)")
            out.append(",\"retries\":\(buffer.retryCount)")
            if let retry = buffer.retry {
                let since = EventTime(seconds: Int64(retry.startedAtSeconds))
                out.append(",\"failing_since\":\"\(TimeWriter.iso8601(since, fractionDigits: 0))\"")
            }
            if let reason = buffer.lastFailure {
                out.append(",\"reason\":")
                out.appendJSONString(reason)
            }
            out.append("}")
        }
        out.append("]}\n")
        body = out.array()
    }

    private static func isFull(_ buffer: BufferStatistics) -> Bool { buffer.totalBytes >= buffer.totalLimitBytes }
}
