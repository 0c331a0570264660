// libFuzzer entry for messages of the syslog, tcp and udp sources; ../run builds and runs it with what InputsTests/Exercises says, where
// ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzSocket(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = SocketExercise.fault(of: input) { fatalError(fault) }
    return 0
}
