internal import Events

extension KeptCause {
    /// What to do before the events are sent again, in a sentence. What a server says of a record has its own advice in
    /// `reason` already; this is what stands before "send them again".
    package var advice: String {
        if let kind = Refusal.Kind(rawValue: type) {
            switch kind {
            case .unreachable, .timeout, .busy, .unclear:
                return
                    "Nobody took them until retry_timeout was over. See that the destination works, then send them again."
            case .forbidden:
                return "The account may not write there. Give it the right, or another account, then send them again."
            case .blocked:
                return
                    "An operator has to open the destination again (an index, a stream, its disk); then send them again."
            case .full, .storage, .stopping: return "There was no room or no time. Send them again."
            case .tooLarge:
                return
                    "They are larger than a limit. Raise it, or make them smaller with a filter; as they are they come back."
            case .invalid: break
            }
        }
        return
            "The destination does not take them as they are. Change its mapping or rule as the reason says, then send them "
            + "again; a filter that mends them is passed by new events alone."
    }
}
