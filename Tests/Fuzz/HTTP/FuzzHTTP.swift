// libFuzzer entry for requests of the HTTP source; ../run builds and runs it with what InputsTests/Exercises says, where
// ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHTTP(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = HTTPExercise.fault(of: input) { fatalError(fault) }
    return 0
}
