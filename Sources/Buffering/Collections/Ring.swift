/// A queue with two ends. Adding and taking are O(1) at both, and what was taken is not kept: an array whose front is only
/// passed over would hold on to every chunk that was delivered.
package struct Ring<Element: Sendable>: Sendable {
    private var slots: [Element?] = []
    private var head = 0
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var first: Element? { count == 0 ? nil : slots[head] }

    /// All elements, from front to back.
    package var elements: [Element] { (0..<count).compactMap { slots[place($0)] } }

    package mutating func append(_ element: Element) {
        if count == slots.count { resize(to: max(count * 2, Self.leastSlots)) }
        slots[place(count)] = element
        count += 1
    }

    package mutating func prepend(_ element: Element) {
        if count == slots.count { resize(to: max(count * 2, Self.leastSlots)) }
        head = head == 0 ? slots.count - 1 : head - 1
        slots[head] = element
        count += 1
    }

    package mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = place(1)
        count -= 1
        if slots.count > Self.leastSlots && count < slots.count / 4 { resize(to: slots.count / 2) }
        return element
    }

    package mutating func removeAll() { self = Ring() }

    private static var leastSlots: Int { 16 }

    private func place(_ index: Int) -> Int {
        let place = head + index
        return place >= slots.count ? place - slots.count : place
    }

    private mutating func resize(to size: Int) {
        var larger: [Element?] = []
        larger.reserveCapacity(size)
        for index in 0..<count { larger.append(slots[place(index)]) }
        larger.append(contentsOf: repeatElement(nil, count: size - count))
        slots = larger
        head = 0
    }
}

extension Ring {
    init(_ elements: [Element]) {
        self.init()
        for element in elements { append(element) }
    }
}
