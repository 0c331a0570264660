/// What an ASCII byte is.
extension UInt8 {
    @inlinable package var isDigit: Bool { (0x30...0x39).contains(self) }
    @inlinable package var isUppercase: Bool { (0x41...0x5A).contains(self) }
    @inlinable package var isLowercase: Bool { (0x61...0x7A).contains(self) }
    @inlinable package var isLetter: Bool { (0x41...0x5A).contains(self & 0xDF) }
    /// A letter, a digit or an underscore.
    @inlinable package var isWord: Bool { isDigit || isLetter || self == 0x5F }
    @inlinable package var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self & 0xDF) }
    /// A space or a tab.
    @inlinable package var isBlank: Bool { self == 0x20 || self == 0x09 }
}
