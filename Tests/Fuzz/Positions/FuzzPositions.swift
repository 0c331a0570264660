// libFuzzer entry for the tail source's pos_file and patterns; ../run builds and runs it with what InputsTests/Exercises says, where
// ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzPositions(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = PositionsExercise.fault(of: input) { fatalError(fault) }
    return 0
}
