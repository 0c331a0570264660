internal import EventLoop

/// `<group>` of `<source> @type tail`: how many lines of files of one kind may be read in a time (Fluentd's
/// `in_tail/group_watch.rb`).
///
/// As in Fluentd, the files of a group share its limit evenly, and it is looked at after each read of at most 8 KiB: what a
/// read has brought beyond it is not put back.
package struct TailGroups: Sendable {
    /// `rate_period`, in milliseconds.
    package var periodMilliseconds: UInt64
    /// `limit` of each `<rule>`, in lines.
    package var limits: [Int]
    /// Which rule holds for a path; nil: none, or one without a limit.
    package var rule: @Sendable (_ path: String) -> Int?

    package init(
        periodMilliseconds: UInt64, limits: [Int], rule: @escaping @Sendable (_ path: String) -> Int?
    ) {
        (self.periodMilliseconds, self.limits, self.rule) = (periodMilliseconds, limits, rule)
    }

    /// What is read at a time of a file with a limit.
    static let pieceBytes = 8 * 1024

    /// A file in its group: what was read of it in the period that runs.
    final class Member {
        let rule: Int
        var lines = 0
        var startedMilliseconds: UInt64?
        /// Counted among the files that share the limit.
        var shares = true

        init(rule: Int) { self.rule = rule }

        /// Whether it may be read on now. A period begins with the first read after the last one's end.
        func mayRead(share: Int, periodMilliseconds: UInt64, at now: UInt64) -> Bool {
            guard let started = startedMilliseconds else {
                startedMilliseconds = now
                return true
            }
            if lines < share { return true }
            guard now - started >= periodMilliseconds else { return false }
            (startedMilliseconds, lines) = (now, 0)
            return true
        }
    }
}

extension TailInput {
    func join(_ file: TailedFile) {
        guard let groups = settings.groups, let rule = groups.rule(file.path) else { return }
        file.member = TailGroups.Member(rule: rule)
        groupSizes[rule, default: 0] += 1
    }

    /// A file that another has replaced leaves its share to that one.
    func leave(_ file: TailedFile) {
        guard let member = file.member, member.shares else { return }
        member.shares = false
        groupSizes[member.rule, default: 1] -= 1
    }

    func mayRead(_ member: TailGroups.Member) -> Bool {
        guard let groups = settings.groups, groups.limits[member.rule] > 0 else { return false }
        let share = groups.limits[member.rule] / max(groupSizes[member.rule] ?? 1, 1)
        return member.mayRead(share: share, periodMilliseconds: groups.periodMilliseconds, at: loop.now)
    }

    /// Of a group whose limit is 0.
    func isNeverRead(_ file: TailedFile) -> Bool { file.member.map { settings.groups?.limits[$0.rule] == 0 } ?? false }
}
