internal import ConfigFile
internal import Monitor

extension PipelinePlan {
    /// Who hands events to whom. Each label has a node of its own, from which each of its patterns leads through the filters
    /// it fits to the output that takes it.
    var graph: PipelineGraph {
        var graph = PipelineGraph()
        let shown = labels.filter { !$0.isHidden && !$0.rules.isEmpty }
        for source in sources where source.monitor == nil && source.fluentdMonitor == nil {
            graph.add(
                source.stage.node(.input, source.type, source.summary, source.label))
        }
        for label in shown {
            let name = label.name == LabelPlan.rootName ? "events" : "label"
            graph.add(.init(id: label.node, category: .label, type: name, summary: label.name))
        }
        let nodes = Dictionary(shown.map { ($0.name, $0.node) }) { first, _ in first }
        for source in sources where source.monitor == nil && source.fluentdMonitor == nil {
            if let node = nodes[source.label ?? LabelPlan.rootName] {
                graph.connect(source.stage.id.description, node)
            }
        }
        for label in shown { label.draw(in: &graph, nodes) }
        for label in shown { label.drawFallbacks(in: &graph, self, nodes[LabelPlan.errorName]) }
        return graph
    }
}

extension LabelPlan {
    fileprivate var node: String { "label \(name)" }

    fileprivate func draw(in graph: inout PipelineGraph, _ nodes: [String: String]) {
        let own = name == Self.rootName ? nil : name
        for rule in rules {
            switch rule {
            case .filter(_, let filter):
                graph.add(filter.stage.node(.filter, filter.type, filter.summary, own))
                if let next = filter.timeoutLabel.flatMap({ nodes[$0] }) {
                    graph.connect(filter.stage.id.description, next, tags: "timeout")
                }
            case .match(_, let output): output.draw(in: &graph, nodes, own)
            }
        }
        for rule in rules {
            // The first sample has each star stand for a part of its own.
            guard let tag = rule.pattern.samples.first else { continue }
            let route = RouteSurvey.route(tag, in: rules)
            let stages =
                route.filters.map(\.stage.id.description) + [route.output?.stage.id.description].compactMap { $0 }
            var last = node
            for stage in stages {
                graph.connect(last, stage, tags: rule.pattern.shown)
                last = stage
            }
        }
    }
}

extension LabelPlan {
    /// Where events go that its stages refuse or cannot deliver.
    fileprivate func drawFallbacks(in graph: inout PipelineGraph, _ plan: PipelinePlan, _ errors: String?) {
        for output in outputs {
            if let name = output.secondaryLabel, let hidden = plan.label(name)?.outputs.first {
                graph.add(hidden.stage.node(.output, hidden.type, hidden.summary, nil))
                graph.connect(
                    output.stage.id.description, hidden.stage.id.description, tags: "secondary", isFallback: true)
            } else if let type = output.secondary {
                let id = "secondary of \(output.stage.id)"
                graph.add(.init(id: id, category: .output, type: type, summary: id))
                graph.connect(output.stage.id.description, id, tags: "secondary", isFallback: true)
            }
        }
        // What was refused there is not sent round again.
        guard let errors, name != Self.errorName else { return }
        for rule in rules {
            if case .filter(_, let filter) = rule, filter.parsedKey != nil {
                graph.connect(filter.stage.id.description, errors, tags: "refused", isFallback: true)
            }
        }
        for output in outputs where output.buffer != nil {
            graph.connect(output.stage.id.description, errors, tags: "refused", isFallback: true)
        }
    }
}

extension OutputPlan {
    /// Itself, its stores, and the labels in which its events go on.
    fileprivate func draw(in graph: inout PipelineGraph, _ nodes: [String: String], _ label: String?) {
        graph.add(stage.node(.output, type, summary, label))
        for child in children {
            child.draw(in: &graph, nodes, label)
            graph.connect(stage.id.description, child.stage.id.description)
        }
        for next in followingLabels.compactMap({ nodes[$0] }) { graph.connect(stage.id.description, next) }
    }
}

extension Stage {
    fileprivate func node(
        _ category: PipelineGraph.Node.Category, _ type: String, _ summary: String, _ label: String?
    ) -> PipelineGraph.Node {
        .init(
            id: id.description, category: category, type: type, summary: SecretText.masked(summary), label: label)
    }
}
