internal import CKafka
internal import Glibc

/// librdkafka: a producer or a consumer. The only importer of CKafka.
///
/// Safety: librdkafka's functions may be called from any thread until `destroy`, which the owner's thread calls when
/// nobody else can. The handler is retained for librdkafka's callbacks until then.
@safe
final class LibrdKafka: @unchecked Sendable {
    enum Kind { case producer, consumer }

    private let client: OpaquePointer
    private let handler: Unmanaged<HandlerBox>

    /// Carries a handler through C.
    private final class HandlerBox {
        let handler: any KafkaClientHandler
        init(_ handler: any KafkaClientHandler) { self.handler = handler }
    }

    /// Makes the client, which begins to look for its brokers.
    ///
    /// - Parameter partitions: whether the handler is asked for partitions (`PartitionChoice`), and by which hash.
    init(
        _ kind: Kind, _ properties: [KafkaProperty], hash: KafkaPartitionHash = .crc32,
        handler: any KafkaClientHandler
    ) throws(KafkaSetupError) {
        let configuration = try unsafe Self.configuration(properties)
        let box = unsafe Unmanaged.passRetained(HandlerBox(handler))
        unsafe rd_kafka_conf_set_opaque(configuration, box.toOpaque())
        unsafe Self.setCallbacks(configuration, kind, hash, box)
        var text = [CChar](repeating: 0, count: Self.textBytes)
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let client = unsafe rd_kafka_new(type, configuration, &text, text.count) else {
            unsafe rd_kafka_conf_destroy(configuration)
            unsafe box.release()
            throw KafkaSetupError(Self.string(text))
        }
        unsafe self.client = client
        unsafe self.handler = box
        // Group events and messages come from one queue.
        if kind == .consumer { unsafe rd_kafka_poll_set_consumer(client) }
    }

    private static let textBytes = 512

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: - Words and properties

    /// Of the library that is loaded: its number, `0x020002ff` for 2.0.2, and how it is written.
    static var version: (number: Int32, text: String) {
        // A constant of librdkafka's.
        (rd_kafka_version(), unsafe rd_kafka_version_str().map { unsafe String(cString: $0) } ?? "")
    }

    static func name(of code: KafkaErrorCode) -> String {
        // A constant of librdkafka's.
        unsafe rd_kafka_err2name(rd_kafka_resp_err_t(code.rawValue)).map { unsafe String(cString: $0) } ?? ""
    }

    static func sentence(of code: KafkaErrorCode) -> String {
        // A constant of librdkafka's, or text of this thread's.
        unsafe rd_kafka_err2str(rd_kafka_resp_err_t(code.rawValue)).map { unsafe String(cString: $0) } ?? ""
    }

    static func check(_ properties: [KafkaProperty]) throws(KafkaSetupError) {
        unsafe rd_kafka_conf_destroy(try configuration(properties))
    }

    private static func configuration(_ properties: [KafkaProperty]) throws(KafkaSetupError) -> OpaquePointer {
        guard let made = unsafe rd_kafka_conf_new() else { throw KafkaSetupError("librdkafka has no memory") }
        var text = [CChar](repeating: 0, count: textBytes)
        for property in properties {
            // The text is as long as it says.
            let result = unsafe rd_kafka_conf_set(made, property.name, property.value, &text, text.count)
            if result != RD_KAFKA_CONF_OK {
                unsafe rd_kafka_conf_destroy(made)
                let message = property.name.contains("password") ? "\(property.name) cannot be used" : string(text)
                throw KafkaSetupError(property: property.name, message)
            }
        }
        return unsafe made
    }

    // MARK: - Callbacks

    private static func handler(_ opaque: UnsafeMutableRawPointer?) -> (any KafkaClientHandler)? {
        // Set in `init`, and released after the last callback.
        unsafe opaque.map { unsafe Unmanaged<HandlerBox>.fromOpaque($0).takeUnretainedValue().handler }
    }

    private static func setCallbacks(
        _ configuration: OpaquePointer, _ kind: Kind, _ hash: KafkaPartitionHash, _ box: Unmanaged<HandlerBox>
    ) {
        unsafe rd_kafka_conf_set_log_cb(configuration) { client, level, _, text in
            guard let client = unsafe client, let text = unsafe text else { return }
            unsafe LibrdKafka.handler(rd_kafka_opaque(client))?.logged(level: level, String(cString: text))
        }
        unsafe rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
            guard let handler = unsafe LibrdKafka.handler(opaque) else { return }
            let code = KafkaErrorCode(rawValue: code)
            let text = unsafe reason.map { unsafe String(cString: $0) } ?? code.sentence
            handler.failed(code, text, isFatal: code == .fatal)
        }
        switch kind {
        case .producer:
            unsafe rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message = unsafe message, let handler = unsafe LibrdKafka.handler(opaque) else { return }
                let number = unsafe UInt(bitPattern: message.pointee._private)
                let mayBeStored = unsafe rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED
                let code = unsafe KafkaErrorCode(rawValue: message.pointee.err.rawValue)
                handler.reported(number, code, mayBeStored: mayBeStored)
            }
            let topics = unsafe rd_kafka_conf_get_default_topic_conf(configuration) ?? rd_kafka_topic_conf_new()
            unsafe rd_kafka_topic_conf_set_opaque(topics, box.toOpaque())
            unsafe rd_kafka_topic_conf_set_partitioner_cb(
                topics, hash == .crc32 ? LibrdKafka.partitionByCRC32 : LibrdKafka.partitionByMurmur2)
            if unsafe rd_kafka_conf_get_default_topic_conf(configuration) == nil {
                unsafe rd_kafka_conf_set_default_topic_conf(configuration, topics)
            }
        case .consumer:
            unsafe rd_kafka_conf_set_rebalance_cb(configuration) { client, code, list, opaque in
                unsafe LibrdKafka.rebalance(client, code, list, LibrdKafka.handler(opaque))
            }
        }
    }

    private typealias Partitioner =
        @convention(c) (
            OpaquePointer?, UnsafeRawPointer?, Int, Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
        ) -> Int32

    private static let partitionByCRC32: Partitioner = { topic, key, length, count, opaque, message in
        unsafe LibrdKafka.partition(topic, key, length, count, opaque, message, rd_kafka_msg_partitioner_consistent)
    }

    private static let partitionByMurmur2: Partitioner = { topic, key, length, count, opaque, message in
        unsafe LibrdKafka.partition(topic, key, length, count, opaque, message, rd_kafka_msg_partitioner_murmur2)
    }

    private static func partition(
        _ topic: OpaquePointer?, _ key: UnsafeRawPointer?, _ length: Int, _ count: Int32,
        _ opaque: UnsafeMutableRawPointer?, _ message: UnsafeMutableRawPointer?, _ hash: Partitioner
    ) -> Int32 {
        guard count > 1, let handler = unsafe handler(opaque) else { return 0 }
        switch handler.choice(for: UInt(bitPattern: message)) {
        case .hash(let bytes):
            return unsafe bytes.withUnsafeBytes { unsafe hash(topic, $0.baseAddress, $0.count, count, nil, nil) }
        case .key where length > 0: return unsafe hash(topic, key, length, count, nil, nil)
        case .key(let number), .spread(let number):
            let start = Int32(number % Int(count))
            // One that has a leader, if there is any.
            for step in 0..<count where unsafe rd_kafka_topic_partition_available(topic, (start + step) % count) == 1 {
                return (start + step) % count
            }
            return start
        }
    }

    private static func rebalance(
        _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t,
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ handler: (any KafkaClientHandler)?
    ) {
        let places = unsafe list.map { unsafe self.places($0) } ?? []
        let isIncremental =
            unsafe rd_kafka_rebalance_protocol(client).map { unsafe String(cString: $0) } == "COOPERATIVE"
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            handler?.assigned(places)
            if isIncremental {
                unsafe rd_kafka_error_destroy(rd_kafka_incremental_assign(client, list))
            } else {
                unsafe rd_kafka_assign(client, list)
            }
            return
        }
        handler?.revoked(places)
        if isIncremental, code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
            unsafe rd_kafka_error_destroy(rd_kafka_incremental_unassign(client, list))
        } else {
            unsafe rd_kafka_assign(client, nil)
        }
    }

    // MARK: - Both

    /// Serves what waits, at most so long.
    func poll(milliseconds: Int32) { unsafe rd_kafka_poll(client, milliseconds) }

    /// Ends the client. Blocks until its threads are over; nothing else may use it any more.
    func destroy() {
        unsafe rd_kafka_destroy_flags(client, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
        unsafe handler.release()
    }

    // MARK: - A producer

    /// Hands a message over; `number` comes back in its report. Blocks for nothing: `queueFull` says that it was not
    /// taken.
    @unsafe
    func produce(
        _ topic: UnsafePointer<CChar>, partition: Int32, timestampMilliseconds: Int64,
        headers: [KafkaHeader], key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer, number: UInt
    ) -> KafkaErrorCode {
        var list: OpaquePointer?
        if !headers.isEmpty {
            unsafe list = rd_kafka_headers_new(headers.count)
            for header in headers {
                unsafe header.name.withUnsafeBytes { name in
                    unsafe header.value.withUnsafeBytes { value in
                        // Copied, with these lengths.
                        _ = unsafe rd_kafka_header_add(
                            list, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count,
                            value.baseAddress, value.count)
                    }
                }
            }
        }
        // An empty key is a key: it needs an address.
        var empty: UInt8 = 0
        let code = unsafe withUnsafePointer(to: &empty) { none in
            let keyBase = unsafe key.map { unsafe $0.baseAddress ?? UnsafeRawPointer(none) }
            return unsafe sluice_kafka_produce(
                client, topic, partition, timestampMilliseconds, list, keyBase, key?.count ?? 0,
                value.baseAddress ?? UnsafeRawPointer(none), value.count, UnsafeMutableRawPointer(bitPattern: number))
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let list = unsafe list { unsafe rd_kafka_headers_destroy(list) }
        return KafkaErrorCode(rawValue: code.rawValue)
    }

    /// Gives up everything that no broker has confirmed: it is reported so.
    func purge() {
        let what = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING
        unsafe rd_kafka_purge(client, Int32(what))
    }

    // MARK: - A consumer

    func subscribe(_ topics: [String]) -> KafkaErrorCode {
        unsafe withList(topics.map { KafkaPlace(topic: $0, partition: -1) }) { unsafe rd_kafka_subscribe(client, $0) }
    }

    func assign(_ places: [KafkaPlace]) -> KafkaErrorCode {
        unsafe withList(places) { unsafe rd_kafka_assign(client, $0) }
    }

    /// Notes where partitions are read on; librdkafka commits it now and then, before it gives a partition away and at
    /// its end.
    func store(_ places: [KafkaPlace]) -> KafkaErrorCode {
        unsafe withList(places) { unsafe rd_kafka_offsets_store(client, $0) }
    }

    func pause(_ places: [KafkaPlace]) {
        _ = unsafe withList(places) { unsafe rd_kafka_pause_partitions(client, $0) }
    }

    func resume(_ places: [KafkaPlace]) {
        _ = unsafe withList(places) { unsafe rd_kafka_resume_partitions(client, $0) }
    }

    /// Begins to leave the group, after a last commit; `poll` until `isClosed`.
    func beginClose() {
        guard let queue = unsafe rd_kafka_queue_get_consumer(client) else { return }
        unsafe rd_kafka_error_destroy(rd_kafka_consumer_close_queue(client, queue))
        unsafe rd_kafka_queue_destroy(queue)
    }

    var isClosed: Bool { unsafe rd_kafka_consumer_closed(client) != 0 }

    /// What one look at the consumer's queue found.
    enum Step {
        case nothing
        case message
        /// Of a partition, or of all.
        case failure(KafkaErrorCode, String)
    }

    /// Waits at most so long for a message and hands it to `take`, with bytes that are gone afterwards. Groups are served on
    /// the way.
    func next(milliseconds: Int32, _ take: (borrowing IncomingMessage) -> Void) -> Step {
        guard let message = unsafe rd_kafka_consumer_poll(client, milliseconds) else { return .nothing }
        defer { unsafe rd_kafka_message_destroy(message) }
        let code = unsafe KafkaErrorCode(rawValue: message.pointee.err.rawValue)
        guard code == .none else {
            let text = unsafe rd_kafka_message_errstr(message).map { unsafe String(cString: $0) } ?? code.sentence
            return .failure(code, text)
        }
        take(unsafe IncomingMessage(message: message))
        return .message
    }

    /// A message as long as librdkafka lends it.
    @safe
    struct IncomingMessage: ~Copyable {
        fileprivate let message: UnsafeMutablePointer<rd_kafka_message_t>

        /// The same for all messages of a topic.
        var topicIdentity: UInt { unsafe UInt(bitPattern: message.pointee.rkt) }
        var topic: String { unsafe String(cString: rd_kafka_topic_name(message.pointee.rkt)) }
        var partition: Int32 { unsafe message.pointee.partition }
        var byteCount: Int { unsafe message.pointee.len + message.pointee.key_len }

        /// Appends the message to a batch.
        func append(to batch: inout KafkaBatch) {
            func copy(_ start: UnsafeRawPointer?, _ count: Int) -> Range<Int>? {
                guard let start = unsafe start else { return nil }
                let first = batch.bytes.count
                // librdkafka's memory, of this length, for as long as the message lives.
                unsafe batch.bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
                return first..<batch.bytes.count
            }
            batch.nextOffset = unsafe message.pointee.offset + 1
            let firstHeader = batch.headers.count
            var list: OpaquePointer?
            if unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR {
                var number = 0
                var name: UnsafePointer<CChar>?
                var value: UnsafeRawPointer?
                var size = 0
                while unsafe rd_kafka_header_get_all(list, number, &name, &value, &size)
                    == RD_KAFKA_RESP_ERR_NO_ERROR
                {
                    number += 1
                    guard let start = unsafe name, let copied = unsafe copy(start, strlen(start)) else { continue }
                    batch.headers.append((copied, unsafe copy(value, size)))
                }
            }
            var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
            let milliseconds = unsafe rd_kafka_message_timestamp(message, &type)
            batch.messages.append(
                KafkaBatch.Message(
                    key: unsafe copy(message.pointee.key, message.pointee.key_len),
                    value: unsafe copy(message.pointee.payload, message.pointee.len),
                    headers: firstHeader..<batch.headers.count, offset: unsafe message.pointee.offset,
                    timestampMilliseconds: type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : milliseconds))
        }
    }

    // MARK: - Lists of partitions

    private func withList(
        _ places: [KafkaPlace], _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> rd_kafka_resp_err_t
    ) -> KafkaErrorCode {
        let list = unsafe rd_kafka_topic_partition_list_new(Int32(places.count))
        defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
        for place in places {
            unsafe rd_kafka_topic_partition_list_add(list, place.topic, place.partition)?.pointee.offset =
                place.offset
        }
        return KafkaErrorCode(rawValue: unsafe body(list).rawValue)
    }

    private static func places(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [KafkaPlace] {
        // `elems` has `cnt` of them.
        (0..<Int(unsafe list.pointee.cnt)).map { index in
            let entry = unsafe list.pointee.elems[index]
            return unsafe KafkaPlace(
                topic: String(cString: entry.topic), partition: entry.partition, offset: entry.offset)
        }
    }
}
