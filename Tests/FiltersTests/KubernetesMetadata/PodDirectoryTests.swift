import Events
import Filters
import TestSupport
import Testing

/// What is asked for, who waits, and for how long: without a clock and without a socket.
@Suite struct PodDirectoryTests {
    private static let web = reference("web-0", id: "c1")

    private static func reference(_ pod: String, id: String, namespace: String = "shop") -> ContainerReference {
        ContainerReference(pod: PodName(pod, in: namespace), container: "nginx", containerID: id)
    }

    private func directory(_ change: (inout PodDirectory.Settings) -> Void = { _ in }) -> PodDirectory {
        var settings = PodDirectory.Settings()
        settings.hasNamespaces = false
        change(&settings)
        return PodDirectory(settings)
    }

    private func pod(_ name: String = "web-0", uid: String = "u1", containers: String = "c1") throws -> PodObject {
        try #require(Samples.podObject(name, uid: uid, containerID: containers))
    }

    /// In a word.
    private func find(_ directory: inout PodDirectory, _ reference: ContainerReference, at now: Int64) -> String {
        switch directory.find(reference, at: now) {
        case .known(let pod, _): pod.map { "known \($0.uid)" } ?? "known none"
        case .wait: "wait"
        case .unavailable(let pod, _): pod.map { "unavailable \($0.uid)" } ?? "unavailable"
        }
    }

    @Test("a pod is asked for once, and known from the answer on until its time is over") func life() throws {
        var directory = directory { $0.lifeMilliseconds = 1000 }
        #expect(find(&directory, Self.web, at: 0) == "wait")
        #expect(find(&directory, Self.web, at: 1) == "wait")
        #expect(directory.next(at: 1) == .pod(PodName("web-0", in: "shop")))
        #expect(directory.next(at: 1) == nil)
        #expect(find(&directory, Self.web, at: 2) == "wait")
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 10)
        #expect(find(&directory, Self.web, at: 10) == "known u1")
        #expect(find(&directory, Self.web, at: 1009) == "known u1")
        #expect(directory.next(at: 1009) == nil)
        // Over: it is asked for again, and nobody waits for that.
        #expect(find(&directory, Self.web, at: 1010) == "known u1")
        #expect(directory.next(at: 1010) != nil)
        directory.take(.pod(try pod(uid: "u2")), for: .pod(Self.web.pod), at: 1020)
        #expect(find(&directory, Self.web, at: 1020) == "known u2")
    }

    @Test("what is not there is known for some seconds, and then asked for again behind the backs of all")
    func missing() throws {
        var directory = directory()
        _ = find(&directory, Self.web, at: 0)
        _ = directory.next(at: 0)
        directory.take(.missing, for: .pod(Self.web.pod), at: 5)
        #expect(find(&directory, Self.web, at: 10_004) == "known none")
        #expect(directory.next(at: 10_004) == nil)
        #expect(find(&directory, Self.web, at: 10_005) == "known none")
        #expect(directory.next(at: 10_005) != nil)
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 10_006)
        #expect(find(&directory, Self.web, at: 10_006) == "known u1")
    }

    @Test("a pod that has gone stays what it was, for as long as its log is read") func gone() throws {
        var directory = directory { $0.lifeMilliseconds = 1000 }
        _ = find(&directory, Self.web, at: 0)
        _ = directory.next(at: 0)
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 0)
        _ = find(&directory, Self.web, at: 1000)
        _ = directory.next(at: 1000)
        directory.take(.missing, for: .pod(Self.web.pod), at: 1001)
        #expect(find(&directory, Self.web, at: 1002) == "known u1")
        // But another container of that name is not of that pod.
        let next = Self.reference("web-0", id: "c9")
        #expect(find(&directory, next, at: 1003) == "wait")
        _ = directory.next(at: 1003)
        directory.take(.missing, for: .pod(Self.web.pod), at: 1004)
        #expect(find(&directory, next, at: 1005) == "known none")
    }

    @Test("a new container of a known pod makes it be asked for again at once: pods of one name follow each other")
    func successor() throws {
        var directory = directory()
        _ = find(&directory, Self.web, at: 0)
        _ = directory.next(at: 0)
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 0)
        let next = Self.reference("web-0", id: "c2")
        #expect(find(&directory, next, at: 1) == "wait")
        #expect(directory.next(at: 1) != nil)
        #expect(find(&directory, Self.web, at: 2) == "known u1")
        directory.take(.pod(try pod(uid: "u2", containers: "c2")), for: .pod(Self.web.pod), at: 3)
        #expect(find(&directory, next, at: 3) == "known u2")
        #expect(directory.next(at: 3) == nil)
    }

    @Test("an answer that does not speak of the container yet counts, and is asked for again soon, a few times")
    func vague() throws {
        var directory = directory { $0.refreshMilliseconds = 100 }
        let young = Self.reference("web-0", id: "c7")
        _ = find(&directory, young, at: 0)
        var now: Int64 = 0
        for round in 0..<4 {
            #expect(directory.next(at: now) != nil, "\(round)")
            directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: now)
            #expect(find(&directory, young, at: now + 99) == "known u1")
            #expect(directory.next(at: now + 99) == nil)
            now += 100
            #expect(find(&directory, young, at: now) == "known u1")
        }
        #expect(directory.next(at: now) == nil)
    }

    @Test("what fails is tried again after longer and longer times, and events wait meanwhile") func failures() throws {
        var directory = directory()
        var now: Int64 = 0
        for pause in [250, 500, 1000, 2000] as [Int64] {
            #expect(find(&directory, Self.web, at: now) == "wait")
            #expect(directory.next(at: now) != nil)
            directory.take(.failed(isServer: false), for: .pod(Self.web.pod), at: now)
            #expect(directory.next(at: now + pause - 1) == nil)
            #expect(directory.nextMoment == now + pause)
            now += pause
        }
        #expect(directory.next(at: now) != nil)
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: now)
        #expect(find(&directory, Self.web, at: now) == "known u1")
        #expect(directory.nextMoment == nil)
    }

    @Test("once somebody has waited in vain nobody waits for that pod, until it is answered") func hopeless() throws {
        var directory = directory()
        #expect(find(&directory, Self.web, at: 0) == "wait")
        _ = directory.next(at: 0)
        directory.giveUp(Self.web)
        #expect(find(&directory, Self.web, at: 1) == "unavailable")
        #expect(find(&directory, Self.reference("web-1", id: "c3"), at: 1) == "wait")
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 2)
        #expect(find(&directory, Self.web, at: 2) == "known u1")
    }

    @Test("while the server fails it gets one request at a time, and after the patience nobody waits for anything")
    func outage() throws {
        var directory = directory()
        let others = (0..<20).map { Self.reference("web-\($0)", id: "c\($0)") }
        for other in others { #expect(find(&directory, other, at: 0) == "wait") }
        let asked = (0..<20).compactMap { _ in directory.next(at: 0) }
        #expect(asked.count == 8)
        for subject in asked { directory.take(.failed(isServer: true), for: subject, at: 0) }
        #expect(directory.next(at: 249) == nil)
        #expect(directory.nextMoment == 250)
        let one = directory.next(at: 250)
        let probe = try #require(one)
        #expect(directory.next(at: 250) == nil)
        #expect(directory.nextMoment == nil, "the end of the one that is under way asks")
        directory.take(.failed(isServer: true), for: probe, at: 300)
        #expect(find(&directory, Self.reference("new", id: "x"), at: 4999) == "wait")
        #expect(find(&directory, Self.reference("new", id: "x"), at: 5000) == "unavailable")
        // Any answer ends it.
        let other = directory.next(at: 5000)
        directory.take(.missing, for: try #require(other), at: 5001)
        #expect(find(&directory, Self.reference("new", id: "x"), at: 5002) == "wait")
        #expect((0..<20).compactMap { _ in directory.next(at: 40_000) }.count == 8)
    }

    @Test("what nobody looks for any more is not tried again") func forgotten() {
        var directory = directory()
        _ = find(&directory, Self.web, at: 0)
        #expect(directory.next(at: 60_001) == nil)
    }

    @Test(
        "names that no pod can have are never asked for", arguments: ["..", "", "A", "a/b", "a_b", "-a", "a%2f", "é"])
    func names(_ name: String) {
        var directory = directory()
        for reference in [Self.reference(name, id: "c"), Self.reference("web", id: "c", namespace: name)] {
            #expect(find(&directory, reference, at: 0) == "known none")
        }
        #expect(directory.next(at: 0) == nil && directory.count == 0)
    }

    @Test("thousands of pods: what is remembered has a bound, and what is waited for is not forgotten") func bound()
        throws
    {
        var directory = directory { $0.capacity = 100 }
        var now: Int64 = 0
        for round in 0..<50 {
            for number in 0..<200 { _ = find(&directory, Self.reference("p-\(round)-\(number)", id: "c"), at: now) }
            while let subject = directory.next(at: now) { directory.take(.missing, for: subject, at: now) }
            for number in 0..<200 {
                #expect(find(&directory, Self.reference("p-\(round)-\(number)", id: "c"), at: now) == "known none")
            }
            now += 2000
        }
        #expect(directory.count <= 2 * 100 + 200)
    }

    @Test("a pod waits for its namespace too; without it, what is known of the pod goes on") func namespaces() throws {
        var directory = directory { $0.hasNamespaces = true }
        #expect(find(&directory, Self.web, at: 0) == "wait")
        #expect(directory.next(at: 0) == .pod(Self.web.pod))
        #expect(directory.next(at: 0) == .namespace("shop"))
        directory.take(.pod(try pod()), for: .pod(Self.web.pod), at: 0)
        #expect(find(&directory, Self.web, at: 0) == "wait")
        directory.giveUp(Self.web)
        #expect(find(&directory, Self.web, at: 1) == "unavailable u1")
        directory.take(.missing, for: .namespace("shop"), at: 2)
        #expect(find(&directory, Self.web, at: 2) == "known u1")
    }
}
