internal import Events
internal import Logging
internal import Parsing

extension ConversionFaults {
    /// One line for each field, and then how often.
    func report(_ tag: Tag, to log: Log) {
        for fault in take() {
            log.limited(
                .warn, kind: "conversion", subject: ["field": fault.field, "types": fault.type], count: fault.count,
                fault.example, ["tag": tag.text, "values": fault.count])
        }
    }
}
