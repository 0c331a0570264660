import Foundation
import Synchronization

@testable import Buffering

/// A disk in memory: one folder of files, what processes see of them, and what would be left of them if the power went.
/// All that can go wrong comes from a seed: calls that fail, writes that are cut short, a process that ends in the middle
/// of a call, and after a power cut sectors, sizes and names that are there or not, as far as nobody has waited for them.
package final class SimulatedDisk: Disk {
    /// A file or the folder. `disk` is what a power cut leaves for certain, `unsynced` what it may leave besides.
    private struct Node {
        var seen: [UInt8] = []
        var disk: [UInt8] = []
        var unsynced: [Change] = []
        var isLocked = false
    }

    private enum Change {
        case write(offset: Int, [UInt8])
        case size(Int)
    }

    private enum NameChange {
        case add(String, Int)
        case remove(String)
        case rename(String, String)
    }

    /// How often calls fail, of a thousand.
    package struct Faults: Sendable {
        package var writes = 0
        package var syncs = 0
        package var names = 0
        package var reads = 0

        package init() {}
    }

    private struct State {
        var random: SeededGenerator
        var nodes: [Int: Node] = [:]
        var names: [String: Int] = [:]
        var namesOnDisk: [String: Int] = [:]
        var unsyncedNames: [NameChange] = []
        var descriptors: [Int: Int] = [:]
        var nextNumber = 1
        var faults = Faults()
        var isFull = false
        var callsUntilDeath: Int?
        var failingCall: Int?
        var isDead = false
        var calls = 0
        var largestReadBytes = 0
        var onSync: (@Sendable () -> Void)?

        mutating func chance(_ perThousand: Int) -> Bool {
            perThousand > 0 && Int.random(in: 0..<1000, using: &random) < perThousand
        }

        /// Whether the process goes on: false for the call in which it ends, and all after it.
        mutating func call() -> Bool {
            calls += 1
            if let left = callsUntilDeath {
                if left == 0 { isDead = true }
                callsUntilDeath = left - 1
            }
            return !isDead
        }

        /// What goes wrong with a call; nil: nothing.
        mutating func fault(_ perThousand: Int, _ codes: [Int32]) -> Int? {
            if calls - 1 == failingCall { return -Int(codes[0]) }
            guard chance(perThousand) else { return nil }
            return -Int(codes.randomElement(using: &random)!)
        }
    }

    private static let folderNode = 0
    private let sectorBytes: Int
    private let state: Mutex<State>

    private let tell: (@Sendable (String) -> Void)?

    package init(seed: UInt64, tell: (@Sendable (String) -> Void)? = nil) {
        self.tell = tell
        var random = SeededGenerator(seed: seed)
        sectorBytes = [8, 64, 512].randomElement(using: &random)!
        state = Mutex(State(random: random))
    }

    // MARK: - What the test does to it

    package var faults: Faults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    /// Files cannot grow.
    package var isFull: Bool {
        get { state.withLock { $0.isFull } }
        set { state.withLock { $0.isFull = newValue } }
    }

    /// This call fails, where calls of its kind can.
    package func fail(call number: Int?) { state.withLock { $0.failingCall = number } }

    /// The process ends in one of the next calls, or has ended in one.
    package func endProcess(afterCalls calls: Int) { state.withLock { $0.callsUntilDeath = calls } }
    package var isDead: Bool { state.withLock { $0.isDead } }
    package var calls: Int { state.withLock { $0.calls } }
    /// The most that was asked for at once.
    package var largestReadBytes: Int { state.withLock { $0.largestReadBytes } }

    /// Called while a file is brought to the disk: others go on meanwhile.
    package func whileSyncing(_ action: (@Sendable () -> Void)?) { state.withLock { $0.onSync = action } }

    /// The process is gone; the kernel is not.
    package func processEnded() {
        state.withLock { state in
            state.descriptors = [:]
            for number in state.nodes.keys { state.nodes[number]!.isLocked = false }
            (state.isDead, state.callsUntilDeath, state.onSync) = (false, nil, nil)
        }
    }

    /// What was not waited for is there or not, as the seed says.
    package func powerLost() {
        processEnded()
        state.withLock { state in
            let survival = [0, 300, 700, 1000].randomElement(using: &state.random)!
            for number in state.nodes.keys.sorted() { loseUnsynced(&state, number, survival) }
            let inOrder = Bool.random(using: &state.random)
            for change in state.unsyncedNames {
                if state.chance(survival) {
                    Self.apply(change, to: &state.namesOnDisk)
                } else if inOrder {
                    break
                }
            }
            state.unsyncedNames = []
            state.names = state.namesOnDisk
            let named = Set(state.names.values)
            state.nodes = state.nodes.filter { named.contains($0.key) }
        }
    }

    /// Writes come to the disk sector by sector, in any order; where only what lies behind is there, zeros are read.
    private func loseUnsynced(_ state: inout State, _ number: Int, _ survival: Int) {
        var bytes = state.nodes[number]!.disk
        for change in state.nodes[number]!.unsynced {
            switch change {
            case .size(let size):
                if state.chance(survival) { Self.resize(&bytes, to: size) }
            case .write(let offset, let written):
                var start = 0
                while start < written.count {
                    let end = min((offset + start) / sectorBytes * sectorBytes + sectorBytes - offset, written.count)
                    if state.chance(survival) { Self.put(written[start..<end], at: offset + start, in: &bytes) }
                    start = end
                }
            }
        }
        state.nodes[number]!.disk = bytes
        state.nodes[number]!.seen = bytes
        state.nodes[number]!.unsynced = []
    }

    /// Of what is seen now.
    package var files: [(name: String, bytes: [UInt8])] {
        state.withLock { state in
            state.names.sorted { $0.key < $1.key }.map { ($0.key, state.nodes[$0.value]!.seen) }
        }
    }

    /// As if it had always been there.
    package func put(_ bytes: [UInt8], as name: String) {
        state.withLock { state in
            state.nextNumber += 1
            state.nodes[state.nextNumber] = Node(seen: bytes, disk: bytes)
            state.names[name] = state.nextNumber
            state.namesOnDisk[name] = state.nextNumber
        }
    }

    private static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, in file: inout [UInt8]) {
        if file.count < offset + bytes.count { resize(&file, to: offset + bytes.count) }
        file.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }

    private static func resize(_ file: inout [UInt8], to size: Int) {
        if size < file.count {
            file.removeLast(file.count - size)
        } else {
            file += [UInt8](repeating: 0, count: size - file.count)
        }
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        switch change {
        case .add(let name, let node): names[name] = node
        case .remove(let name): names[name] = nil
        case .rename(let name, let other):
            guard let node = names.removeValue(forKey: name) else { return }
            names[other] = node
        }
    }

    // MARK: - Calls

    private static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    package func open(_ path: String, flags: Int32) -> Int {
        let answer = openFile(path, flags: flags)
        tell?("  open \(Self.name(path)) \(flags): \(answer)")
        return answer
    }

    private func openFile(_ path: String, flags: Int32) -> Int {
        state.withLock { state in
            guard state.call() else { return -Int(EIO) }
            let creates = flags & O_CREAT != 0
            let fault = creates ? state.faults.writes : state.faults.reads
            if let fault = state.fault(fault, [EIO, EMFILE, ENOSPC]) { return fault }
            state.nextNumber += 1
            let descriptor = state.nextNumber
            let name = Self.name(path)
            if path == SimulatedDisk.folder {
                state.descriptors[descriptor] = Self.folderNode
                return descriptor
            }
            if let node = state.names[name] {
                if flags & O_EXCL != 0 { return -Int(EEXIST) }
                state.descriptors[descriptor] = node
                return descriptor
            }
            guard creates else { return -Int(ENOENT) }
            state.nextNumber += 1
            state.nodes[state.nextNumber] = Node()
            Self.apply(.add(name, state.nextNumber), to: &state.names)
            state.unsyncedNames.append(.add(name, state.nextNumber))
            state.descriptors[descriptor] = state.nextNumber
            return descriptor
        }
    }

    package static let folder = "/simulated"

    package func close(_ descriptor: Int) {
        state.withLock { state in
            // A process that is gone has closed all of its own.
            guard let node = state.descriptors.removeValue(forKey: descriptor), node != Self.folderNode else { return }
            state.nodes[node]?.isLocked = false
        }
    }

    package func byteCount(_ descriptor: Int) -> Int {
        state.withLock { state in
            guard state.call(), let node = state.descriptors[descriptor] else { return -Int(EIO) }
            return state.fault(state.faults.reads, [EIO]) ?? state.nodes[node]!.seen.count
        }
    }

    package func write(
        _ descriptor: Int, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, at offset: Int
    ) -> Int {
        var bytes = Array(first) + Array(second)
        let answer: Int = state.withLock { state in
            if state.isDead { return -Int(EIO) }
            let goesOn = state.call()
            guard let node = state.descriptors[descriptor] else { return -Int(EBADF) }
            if let fault = state.fault(state.faults.writes, [EIO, ENOSPC, EINTR]) { return fault }
            if state.isFull { return -Int(ENOSPC) }
            if !goesOn || state.chance(state.faults.writes) {
                bytes.removeLast(bytes.count - Int.random(in: (goesOn ? 1 : 0)...bytes.count, using: &state.random))
            }
            Self.put(bytes[...], at: offset, in: &state.nodes[node]!.seen)
            state.nodes[node]!.unsynced.append(.write(offset: offset, bytes))
            return goesOn ? bytes.count : -Int(EIO)
        }
        tell?("  write \(descriptor) at \(offset), \(first.count + second.count) bytes: \(answer)")
        return answer
    }

    package func read(_ descriptor: Int, into room: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        state.withLock { state in
            guard state.call(), let node = state.descriptors[descriptor] else { return -Int(EIO) }
            state.largestReadBytes = max(state.largestReadBytes, room.count)
            if let fault = state.fault(state.faults.reads, [EIO, EINTR]) { return fault }
            let bytes = state.nodes[node]!.seen
            var count = min(room.count, max(bytes.count - offset, 0))
            if count > 1, state.chance(state.faults.reads) { count = Int.random(in: 1..<count, using: &state.random) }
            room.copyBytes(from: bytes[min(offset, bytes.count)..<(min(offset, bytes.count) + count)])
            return count
        }
    }

    package func truncate(_ descriptor: Int, to count: Int) -> Int {
        state.withLock { state in
            guard state.call(), let node = state.descriptors[descriptor] else { return -Int(EIO) }
            if let fault = state.fault(state.faults.writes, [EIO]) { return fault }
            Self.resize(&state.nodes[node]!.seen, to: count)
            state.nodes[node]!.unsynced.append(.size(count))
            return 0
        }
    }

    package func sync(_ descriptor: Int) -> Int {
        // What comes while the disk is at work is not part of it.
        let (action, changes): ((@Sendable () -> Void)?, Int) = state.withLock { state in
            let node = state.descriptors[descriptor] ?? Self.folderNode
            return (state.onSync, node == Self.folderNode ? 0 : state.nodes[node]!.unsynced.count)
        }
        action?()
        let answer: Int = state.withLock { state in
            guard state.call(), let node = state.descriptors[descriptor] else { return -Int(EIO) }
            let fault = state.fault(state.faults.syncs, [EIO, ENOSPC])
            if node == Self.folderNode {
                for change in state.unsyncedNames where fault == nil || Bool.random(using: &state.random) {
                    Self.apply(change, to: &state.namesOnDisk)
                }
                state.unsyncedNames = []
                return fault ?? 0
            }
            // A kernel that could not write a page takes it for clean afterwards: the next sync says nothing of it.
            for change in state.nodes[node]!.unsynced.prefix(changes)
            where fault == nil || Bool.random(using: &state.random) {
                switch change {
                case .size(let size): Self.resize(&state.nodes[node]!.disk, to: size)
                case .write(let offset, let bytes): Self.put(bytes[...], at: offset, in: &state.nodes[node]!.disk)
                }
            }
            state.nodes[node]!.unsynced.removeFirst(changes)
            return fault ?? 0
        }
        tell?("  sync \(descriptor): \(answer)")
        return answer
    }

    package func lock(_ descriptor: Int) -> Int {
        state.withLock { state in
            guard state.call(), let node = state.descriptors[descriptor] else { return -Int(EIO) }
            if state.nodes[node]!.isLocked { return -Int(EWOULDBLOCK) }
            state.nodes[node]!.isLocked = true
            return 0
        }
    }

    package func unlock(_ descriptor: Int) {
        state.withLock { state in
            if let node = state.descriptors[descriptor] { state.nodes[node]?.isLocked = false }
        }
    }

    package func isFile(_ descriptor: Int, at path: String) -> Bool {
        state.withLock { $0.descriptors[descriptor] == $0.names[Self.name(path)] }
    }

    package func remove(_ path: String) -> Int { change(.remove(Self.name(path)), needs: path) }

    package func rename(_ path: String, to other: String) -> Int {
        change(.rename(Self.name(path), Self.name(other)), needs: path)
    }

    package func link(_ path: String, as other: String) -> Int {
        let (name, second) = (Self.name(path), Self.name(other))
        guard let node = state.withLock({ $0.names[name] }) else { return -Int(ENOENT) }
        if state.withLock({ $0.names[second] }) != nil { return -Int(EEXIST) }
        return change(.add(second, node), needs: path)
    }

    private func change(_ change: NameChange, needs path: String) -> Int {
        let answer: Int = state.withLock { state in
            guard state.call() else { return -Int(EIO) }
            guard state.names[Self.name(path)] != nil else { return -Int(ENOENT) }
            if let fault = state.fault(state.faults.names, [EIO, ENOSPC]) { return fault }
            Self.apply(change, to: &state.names)
            state.unsyncedNames.append(change)
            return 0
        }
        tell?("  \(change): \(answer)")
        return answer
    }

    package func makeFolder(_ path: String) -> Int { 0 }
    package func removeFolder(_ path: String) -> Int { 0 }

    package func names(in folder: String, _ names: inout [String]) -> Int {
        let (answer, found) = state.withLock { state in
            guard state.call() else { return (-Int(EIO), [String]()) }
            return (state.fault(state.faults.reads, [EIO]) ?? 0, state.names.keys.sorted())
        }
        names += found
        return answer
    }
}
