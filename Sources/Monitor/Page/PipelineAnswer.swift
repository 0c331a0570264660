internal import Buffering
internal import Events
internal import Time

/// `/api/pipeline`: `{"state":"ok","nodes":[{"id","category","type","summary","label","counts":{"in","out","refused",
/// "not_taken"},"buffer":{…}}],"edges":[{"from","to","tags"}]}`. Counts are since the start: rates are the reader's to
/// make. `out` of an output is what its destination has.
struct PipelineAnswer {
    let graph: PipelineGraph
    let report: MonitorReport

    func json() -> ByteBuffer {
        let stages = Dictionary(report.stages.map { ($0.id, $0) }) { first, _ in first }
        var out = ByteBuffer(capacity: 256 * (graph.nodes.count + 1))
        out.append("{\"state\":\"\(HealthAnswer(report, .ready).state)\",\"nodes\":[")
        for (index, node) in graph.nodes.enumerated() {
            if index > 0 { out.append(",") }
            out.append("{\"category\":\"\(node.category.rawValue)\"")
            text("id", node.id, to: &out)
            text("type", node.type, to: &out)
            text("summary", node.summary, to: &out)
            if let label = node.label { text("label", label, to: &out) }
            if let stage = stages[node.id] { figures(stage, to: &out) }
            out.append("}")
        }
        out.append("],\"edges\":[")
        for (index, edge) in graph.edges.enumerated() {
            if index > 0 { out.append(",") }
            out.append("{\"from\":")
            out.appendJSONString(edge.from)
            text("to", edge.to, to: &out)
            text("tags", edge.tags.joined(separator: " "), to: &out)
            if edge.isFallback { out.append(",\"fallback\":true") }
            out.append("}")
        }
        out.append("]}")
        return out
    }

    private func figures(_ stage: StageReport, to out: inout ByteBuffer) {
        let counts = stage.counts
        let delivered = stage.buffer?.counts.deliveredEvents ?? counts.eventsOut
        out.append(
            ",\"counts\":{\"in\":\(counts.eventsIn),\"out\":\(delivered),\"refused\":\(counts.eventsRefused)"
                + ",\"not_taken\":\(counts.batchesRefused)}")
        guard let buffer = stage.buffer else { return }
        let fates = buffer.counts
        out.append(
            ",\"buffer\":{\"bytes\":\(buffer.totalBytes),\"limit\":\(buffer.totalLimitBytes)"
                + ",\"chunks\":\(buffer.stagedChunks + buffer.queuedChunks),\"retries\":\(buffer.retryCount)"
                + ",\"rejected\":\(fates.rejectedEvents),\"abandoned\":\(fates.abandonedEvents)"
                + ",\"dropped\":\(fates.droppedEvents)")
        if let seconds = buffer.oldestSeconds { out.append(",\"oldest_seconds\":\((seconds * 10).rounded() / 10)") }
        if let retry = buffer.retry {
            let since = EventTime(seconds: Int64(retry.startedAtSeconds))
            out.append(",\"failing_since\":\"\(TimeWriter.iso8601(since, fractionDigits: 0))\"")
        }
        if let reason = buffer.lastFailure, buffer.retryCount > 0 { text("reason", reason, to: &out) }
        out.append("}")
    }

    private func text(_ name: String, _ value: String, to out: inout ByteBuffer) {
        out.append(",\"\(name)\":")
        out.appendJSONString(value)
    }
}
