/// The layout of the record that was read before: its keys are distinct. As long as the keys of the next one are the same,
/// in the same places, they are distinct as well, and nobody has to look. Most records of a tag are alike.
///
/// The keys are compared where they lie, so a model holds while its fields do (`FieldArray.lowest`).
struct KeyShape: Sendable {
    /// The fields of the model.
    private var model = 0..<0
    /// The first field of the record that is being read; -1: none is.
    private var first = -1
    /// How many fields it has got, and how many of them, from the first on, have the model's keys.
    private var count = 0
    private var alike = 0

    /// A record begins with this field. Answers nothing: the one before is the model from now on, if it is still there.
    @inline(__always)
    mutating func begin(at first: Int, _ fields: inout FieldArray) {
        let end = self.first &+ count
        model = self.first >= 0 && fields.lowest >= end ? self.first..<end : 0..<0
        (self.first, count, alike) = (first, 0, 0)
        fields.lowest = .max
    }

    /// The field of the model that stands where the record's next field comes, as long as all before were alike.
    @inline(__always)
    func next(of first: Int, count: Int, _ fields: borrowing FieldArray) -> Int? {
        first == self.first && count == alike && count < model.count && fields.lowest == .max
            ? model.lowerBound &+ count : nil
    }

    /// The record has got a field that is like the model's, or another.
    @inline(__always)
    mutating func note(isAlike: Bool) {
        count &+= 1
        if isAlike { alike &+= 1 }
    }

    /// The fields of a record that nobody has looked at, as it is not like the model any more. Once.
    mutating func takeUnseen(of first: Int) -> Range<Int> {
        guard first == self.first, alike > 0 else { return 0..<0 }
        defer { alike = -1 }
        return first..<(first + alike)
    }

    func isAbout(_ first: Int) -> Bool { first == self.first }
}
