internal import CCurl
internal import Events
internal import Glibc

/// libcurl's multi interface: many transfers on one thread. The only importer of CCurl.
///
/// Safety: everything but `wake` is called on one thread (the client's); libcurl documents `curl_multi_wakeup` as
/// callable from any thread while the handle lives, which the owner guarantees by stopping its thread first.
@safe
final class CurlMulti: @unchecked Sendable {
    /// curl_global_init is not thread-safe in all builds: once, by Swift's own guard.
    private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let multi: OpaquePointer
    /// By the address of the easy handle, which is what libcurl names them by.
    private var transfers: [UInt: CurlTransfer] = [:]

    init() throws(HTTPError) {
        guard Self.isInitialised, let multi = unsafe curl_multi_init() else {
            throw .unusable("libcurl cannot be initialised")
        }
        unsafe self.multi = OpaquePointer(multi)
    }

    deinit {
        for transfer in transfers.values { detach(transfer) }
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }

    private var handle: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(multi) }

    func start(_ transfer: CurlTransfer) throws(HTTPError) {
        try transfer.prepare()
        guard unsafe curl_multi_add_handle(handle, transfer.easy) == CURLM_OK else {
            throw .unusable("libcurl does not take the request")
        }
        transfers[transfer.address] = transfer
    }

    /// Takes a transfer out, finished or not. Its connection stays open for the next one when it finished well.
    func remove(_ transfer: CurlTransfer) {
        guard transfers.removeValue(forKey: transfer.address) != nil else { return }
        detach(transfer)
    }

    private func detach(_ transfer: CurlTransfer) { unsafe curl_multi_remove_handle(handle, transfer.easy) }

    /// Moves all transfers on as far as that goes without waiting; answers those that ended.
    func perform() -> [CurlTransfer] {
        var running: Int32 = 0
        unsafe curl_multi_perform(handle, &running)
        var ended: [CurlTransfer] = []
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(handle, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE,
                let transfer = unsafe transfers[UInt(bitPattern: message.pointee.easy_handle)]
            else { continue }
            transfer.end(unsafe message.pointee.data.result)
            ended.append(transfer)
        }
        for transfer in ended { remove(transfer) }
        return ended
    }

    /// Waits until there is something to do, at most so long.
    func poll(milliseconds: Int) { unsafe curl_multi_poll(handle, nil, 0, Int32(clamping: milliseconds), nil) }

    /// Ends a `poll`, also one that is about to begin. From any thread.
    func wake() { unsafe curl_multi_wakeup(handle) }
}

/// One request and what came of it.
///
/// Safety: made on the caller's thread, then touched by the client's thread alone until it has ended.
@safe
final class CurlTransfer: @unchecked Sendable {
    let request: HTTPRequest
    private(set) var result: Result<HTTPResponse, HTTPError>?
    fileprivate let easy: UnsafeMutableRawPointer
    fileprivate var address: UInt { unsafe UInt(bitPattern: easy) }
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var received = ByteBuffer(capacity: 1024)
    private var isTooLarge = false

    init(_ request: HTTPRequest) throws(HTTPError) {
        guard let easy = unsafe curl_easy_init() else { throw .unusable("libcurl has no memory") }
        self.request = request
        unsafe self.easy = easy
        unsafe headers = nil
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe curl_slist_free_all(headers)
        unsafe errorText.deallocate()
    }

    // MARK: - Options

    fileprivate func prepare() throws(HTTPError) {
        let options = request.options
        let context = unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        unsafe set(CURLOPT_ERRORBUFFER, UnsafeRawPointer(errorText))
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_URL, request.url)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(options.connectTimeoutSeconds))
        set(CURLOPT_TIMEOUT_MS, Self.milliseconds(options.timeoutSeconds))
        // A dot segment in a path is somebody's name for a thing, and part of what is signed.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_PROXY, options.proxy)
        setAuthentication(options)
        setTLS(options)
        unsafe set(CURLOPT_WRITEDATA, context)
        unsafe sluice_curl_setopt_write(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return unsafe transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        unsafe try setBody(context)
        for (name, value) in request.headers {
            // libcurl drops a header without a value unless it ends in a semicolon.
            try addHeader(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // Headers are signed, sent or not: with a signature libcurl decides alone whether it asks first.
        if request.body != nil, !request.expectsContinue, options.signature == nil { try addHeader("Expect:") }
        unsafe set(CURLOPT_HTTPHEADER, UnsafeRawPointer(headers))
    }

    private func setBody(_ context: UnsafeRawPointer) throws(HTTPError) {
        guard let body = request.body else {
            if request.method == .head { set(CURLOPT_NOBODY, 1) }
            if request.method != .get && request.method != .head { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
            return
        }
        body.rewind()
        set(CURLOPT_POST, 1)
        if request.method != .post { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        unsafe sluice_curl_setopt_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.byteCount))
        set(CURLOPT_UPLOAD_BUFFERSIZE, min(max(body.byteCount, 64 << 10), 512 << 10))
        if request.expectsContinue, request.options.signature == nil { try addHeader("Expect: 100-continue") }
        unsafe set(CURLOPT_READDATA, context)
        unsafe sluice_curl_setopt_write(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return unsafe transfer.send(UnsafeMutableRawPointer(bytes), room: size * count)
        }
        unsafe set(CURLOPT_SEEKDATA, context)
        unsafe sluice_curl_setopt_seek(easy, CURLOPT_SEEKFUNCTION) { context, offset, origin in
            guard offset == 0, origin == SEEK_SET, let context = unsafe context else { return CURL_SEEKFUNC_CANTSEEK }
            unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().request.body?.rewind()
            return CURL_SEEKFUNC_OK
        }
    }

    private func setAuthentication(_ options: HTTPOptions) {
        if let signature = options.signature {
            set(CURLOPT_USERNAME, signature.accessKey)
            set(CURLOPT_PASSWORD, signature.secretKey)
            set(CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
        } else if options.user != nil {
            set(CURLOPT_USERNAME, options.user)
            set(CURLOPT_PASSWORD, options.password)
            set(CURLOPT_HTTPAUTH, Self.basicAuthentication)
        }
    }

    private func setTLS(_ options: HTTPOptions) {
        set(CURLOPT_SSL_VERIFYPEER, options.verifiesCertificate ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, options.verifiesCertificate ? 2 : 0)
        set(CURLOPT_CAINFO, options.authorityFile)
        set(CURLOPT_CAPATH, options.authorityFolder)
        set(CURLOPT_SSLCERT, options.clientCertificateFile)
        set(CURLOPT_SSLKEY, options.clientKeyFile)
        set(CURLOPT_KEYPASSWD, options.clientKeyPassword)
        if options.minimumTLS != nil || options.maximumTLS != nil {
            // CURL_SSLVERSION_TLSv1_0 is 4, and so on; the highest allowed is the same number 16 bits further up.
            let least = options.minimumTLS.map(Self.number) ?? 0
            let most = options.maximumTLS.map { Self.number($0) << 16 } ?? 0
            set(CURLOPT_SSLVERSION, least | most)
        }
    }

    /// CURLAUTH_BASIC, a macro that Swift cannot import (curl/curl.h).
    private static let basicAuthentication = 1

    private static func number(_ version: HTTPOptions.TLSVersion) -> Int {
        switch version {
        case .tls1_0: 4
        case .tls1_1: 5
        case .tls1_2: 6
        case .tls1_3: 7
        }
    }

    private static func milliseconds(_ seconds: Double) -> Int { max(Int(min(seconds, 1e6) * 1000), 1) }

    private func set(_ option: CURLoption, _ value: Int) { unsafe sluice_curl_setopt_long(easy, option, value) }

    /// libcurl copies strings.
    private func set(_ option: CURLoption, _ value: String?) {
        guard let value else { return }
        unsafe value.withCString { text in _ = unsafe sluice_curl_setopt_ptr(easy, option, text) }
    }

    private func set(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        unsafe sluice_curl_setopt_ptr(easy, option, value)
    }

    private func addHeader(_ line: String) throws(HTTPError) {
        if line.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
            // The value may be a credential.
            throw .unusable("the header '\(line.prefix(while: { $0 != ":" }))' holds a line break")
        }
        guard let longer = unsafe curl_slist_append(headers, line) else { throw .unusable("libcurl has no memory") }
        unsafe headers = longer
    }

    // MARK: - Called by libcurl

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        if received.count + bytes.count > request.options.responseLimitBytes {
            isTooLarge = true
            return 0  // anything but the whole count aborts the transfer
        }
        unsafe received.append(copying: bytes)
        return bytes.count
    }

    private func send(_ target: UnsafeMutableRawPointer, room: Int) -> Int {
        guard let body = request.body else { return 0 }
        return unsafe body.read(into: target.assumingMemoryBound(to: UInt8.self), room: room)
    }

    // MARK: - The end

    fileprivate func end(_ code: CURLcode) { result = code == CURLE_OK ? .success(response()) : .failure(error(code)) }

    private func response() -> HTTPResponse {
        var status = 0
        var wait: curl_off_t = 0
        unsafe sluice_curl_getinfo_long(easy, CURLINFO_RESPONSE_CODE, &status)
        unsafe sluice_curl_getinfo_off(easy, CURLINFO_RETRY_AFTER, &wait)
        var body = ByteBuffer(capacity: 0)
        swap(&body, &received)
        return HTTPResponse(status: status, body: body, retryAfterSeconds: wait > 0 ? Double(wait) : nil)
    }

    private func error(_ code: CURLcode) -> HTTPError {
        if isTooLarge { return .responseTooLarge(limitBytes: request.options.responseLimitBytes) }
        var systemError = 0
        var sent: curl_off_t = 0
        unsafe sluice_curl_getinfo_long(easy, CURLINFO_OS_ERRNO, &systemError)
        unsafe sluice_curl_getinfo_off(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
        var text = unsafe String(cString: errorText)
        if text.isEmpty { text = unsafe String(cString: curl_easy_strerror(code)) }
        switch code {
        case CURLE_COULDNT_CONNECT:
            return .unreachable(
                systemError == 0 ? text : Self.lowerCase(unsafe String(cString: strerror(Int32(systemError)))))
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .unreachable(Self.lowerCase(text))
        case CURLE_OPERATION_TIMEDOUT where !hasConnected:
            return .unreachable("no connection in time: \(Self.lowerCase(text))")
        case CURLE_OPERATION_TIMEDOUT: return .timeout("no answer in time: \(Self.lowerCase(text))")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_SHUTDOWN_FAILED:
            return .tls("TLS: \(text)")
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return .reset("connection lost: \(Self.lowerCase(text))", sentBytes: Int(sent))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ENGINE_NOTFOUND:
            return .unusable(text)
        default: return .reset("\(text) (curl error \(code.rawValue))", sentBytes: Int(sent))
        }
    }

    /// Whether there was a connection, with TLS where it is used, so that something may have been sent.
    private var hasConnected: Bool {
        var microseconds: curl_off_t = 0
        unsafe sluice_curl_getinfo_off(easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return microseconds > 0
    }

    private static func lowerCase(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
}
