internal import Events
internal import ForwardProtocol

/// Messages in the JSON form (`in_forward` takes them from clients whose first byte is `{` or `[`).
extension ForwardDecoder {
    /// One JSON value is turned into MessagePack behind what was received and read from there.
    func nextJSON(
        _ storage: inout ByteBuffer, _ start: Int, _ received: Int, _ sink: any ForwardSink
    ) throws(ForwardError) -> Int? {
        var framer = jsonFramer ?? JSONFramer(at: start)
        guard let end = framer.advance(storage, end: received) else {
            jsonFramer = framer.isBlank ? nil : framer
            return framer.isBlank ? received : nil
        }
        jsonFramer = nil
        let place = storage.count
        do throws(JSONError) {
            var text = ByteBuffer(capacity: end - start)
            text.append(Slice(offset: start, length: end - start), of: storage)
            _ = try JSONTranscoder.transcode(text, at: 0, to: &storage)
        } catch {
            throw ForwardError(.malformed, "not JSON: \(error)")
        }
        var message = ForwardMessage(end: place)
        do throws(MessagePackError) {
            try reader.read(at: place, end: storage.count, into: &message, &storage)
        } catch {
            throw ForwardError(.notForward, "a JSON value that is no message of the forward protocol")
        }
        try finish(&message, from: place, isReceived: false, &storage, sink)
        inHand?.place(from: start, to: end)
        return end
    }
}
