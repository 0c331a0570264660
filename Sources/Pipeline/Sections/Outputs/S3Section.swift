internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type s3`: the parameters of fluent-plugin-s3 (its docs/output.md and docs/credentials.md).
enum S3Section {
    /// Unpacked: what each worker holds in memory.
    private static let largestObjectBytes = 64 << 20

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let bucket = reader.string("s3_bucket", required: true)
        let region = AWSSection.region("s3_region", reader, builder) ?? "us-east-1"
        let source = AWSSection.read(reader, builder, region: region)
        let format = FormatSection.read(reader, default: .outFile)
        let injection = InjectSection.read(reader, builder)
        let secondary = SecondarySection.read(reader, builder)
        let content =
            reader.enumeration(
                "store_as",
                [
                    "gzip": S3Settings.Content.gzip, "gzip_command": .gzip, "text": .text, "txt": .text, "json": .json,
                ])?.value ?? .gzip
        let sliceFormat = reader.string("time_slice_format")?.value
        var buffering = readBuffer(reader, builder)
        // Each chunk is an object.
        buffering.settings.sharesChunks = true
        buffering.settings.deliveryBytes = largestObjectBytes
        var settings = S3Settings(key: S3KeyFormat([]))
        settings.content = content
        settings.checksObject = reader.bool("check_object", default: true)
        settings.overwrites = reader.bool("overwrite", default: false)
        settings.checksBucket = reader.bool("check_bucket", default: true)
        settings.createsBucket = reader.bool("auto_create_bucket", default: true)
        (settings.region, settings.bucket) = (region, bucket?.value ?? "")
        settings.key = key(settings, sliceFormat, buffering, reader, builder)
        readServer(reader, &settings)
        readObject(reader, &settings)
        readUnsupported(reader)
        if !settings.key.isUnique, !settings.overwrites {
            reader.warning(
                "s3_object_key_format",
                "two chunks may get one name: the second one waits until the first object is gone",
                hint: "put %{index} or %{uuid_flush} into s3_object_key_format")
        }
        settings.slice = HTTPOutputParts.slice(buffering)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let service = S3Service(settings)
        let fields = settings.key.dependsOnFields ? buffering.fieldReaders : []
        return HTTPOutputParts.plan(
            type: "s3", summary: "\(settings.bucketURL), \(content.rawValue), \(format.kind.rawValue)", buffering,
            reader, secondary, format: S3Service.format, service: service, timeoutSeconds: settings.http.timeoutSeconds,
            signing: AWSPlan(source: source, region: region, service: "s3"),
            makeWriter: { LineWriter(format, injection: injection, keys: fields) { service.problem($0) } },
            preview: { chunk in
                service.preview(chunk).map { [OutputPart("object", $0.object), OutputPart("line", $0.line)] } ?? []
            })
    }

    /// The plugin's defaults: a chunk a day, for each time.
    private static func readBuffer(_ reader: SectionReader, _ builder: PlanBuilder) -> BufferSection.Read {
        var defaults = BufferSection.Defaults()
        defaults.chunkKeys = ["time"]
        defaults.timekeySeconds = 86_400
        let buffering = HTTPOutputParts.readBuffer(reader, builder, chunkKeys: "time", defaults)
        if buffering.settings.resolvedFlushMode == .lazy, buffering.files == nil,
            let timekey = buffering.settings.keys.timekeySeconds, timekey >= 3600
        {
            reader.diagnostics.warning(
                reader.section.place,
                "\(reader.description) keeps up to \(timekey / 3600) hours of events in memory",
                hint: "add a <buffer time> with '@type file' and a 'path'")
        }
        reader.accept(["utc", "localtime", "time_slice_wait", "timezone"])
        return buffering
    }

    // MARK: - Names of objects

    private static func key(
        _ settings: S3Settings, _ sliceFormat: String?, _ buffering: BufferSection.Read, _ reader: SectionReader,
        _ builder: PlanBuilder
    ) -> S3KeyFormat {
        let path = reader.string("path")
        let setting = reader.string("s3_object_key_format")
        let usual =
            settings.checksObject
            ? "%{path}%{time_slice}_%{index}.%{file_extension}" : "%{path}%{time_slice}_%{hms_slice}.%{file_extension}"
        let timekey = buffering.settings.keys.timekeySeconds
        let slice = sliceFormat ?? timekey.map { FileTemplate.format(ofSlice: $0) } ?? ""
        let hexLength = reader.int("hex_random_length", default: 4, range: 1...16)
        var parts: [S3KeyFormat.Part] = []
        var literal = ""
        func flush() {
            defer { literal = "" }
            guard !literal.isEmpty else { return }
            do throws(SettingError) {
                let keys = buffering.settings.keys
                parts.append(
                    .template(
                        try ChunkTemplate(
                            literal, fieldNames: keys.fieldNames, zone: timekey == nil ? nil : buffering.zone,
                            parameter: "s3_object_key_format")))
            } catch {
                reader.error("s3_object_key_format", error.message, hint: error.hint)
            }
        }
        var rest = Substring(setting?.value ?? usual)
        while !rest.isEmpty {
            guard rest.hasPrefix("%{"), let close = rest.firstIndex(of: "}") else {
                literal.append(rest.removeFirst())
                continue
            }
            let name = String(rest.dropFirst(2).prefix { $0 != "}" })
            rest = rest[rest.index(after: close)...]
            switch name {
            case "path": literal += path?.value ?? ""
            case "time_slice": literal += slice
            case "file_extension": literal += settings.content.fileExtension
            case "hostname": literal += builder.environment.hostname
            case "index", "hex_random", "uuid_flush", "hms_slice":
                flush()
                parts.append(
                    name == "index"
                        ? .index
                        : name == "hex_random" ? .hexRandom(length: hexLength) : name == "uuid_flush" ? .uuid : .clock)
            default:
                reader.error(
                    "s3_object_key_format", "'%{\(name)}' stands for nothing",
                    hint:
                        "there are path, time_slice, index, file_extension, hex_random, uuid_flush, hms_slice, hostname"
                )
            }
        }
        flush()
        for (name, setting) in [("path", path), ("s3_object_key_format", setting)] {
            guard let setting else { continue }
            PlaceholderCheck.check(setting, name, buffering.settings.keys, reader.diagnostics)
        }
        var index = S3KeyFormat.NumberFormat()
        if let text = reader.string("index_format") {
            if let made = S3KeyFormat.NumberFormat(text.value) {
                index = made
            } else {
                reader.error(
                    "index_format", "'index_format' is '\(text.value)', which is not supported",
                    hint: "write %d, %04d, %x or %08X")
            }
        }
        return S3KeyFormat(parts, index: index)
    }

    // MARK: - The bucket and its objects

    private static func readServer(_ reader: SectionReader, _ settings: inout S3Settings) {
        let isPath = reader.bool("force_path_style", default: false)
        let endpoint = reader.string("s3_endpoint")
        let base =
            endpoint.map { HTTPOutputParts.checkURL($0, "s3_endpoint", reader.diagnostics) }
            ?? "https://s3.\(settings.region).amazonaws.com"
        let bucket = settings.bucket
        // A bucket with dots has no certificate of its own, and an address no names below it.
        let host = base.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        let name = host.prefix { $0 != ":" }
        let isAddress =
            name == "localhost" || host.hasPrefix("[")
            || name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        if isPath || isAddress || bucket.contains(".") {
            settings.bucketURL = "\(base)/\(PercentEncoding.encoded(bucket))"
        } else if let mark = base.firstRange(of: "://") {
            settings.bucketURL = "\(base[..<mark.upperBound])\(bucket).\(base[mark.upperBound...])"
        }
        if !bucket.isEmpty,
            !bucket.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || "-._".utf8.contains($0)
            })
        {
            reader.error("s3_bucket", "'\(bucket)' is no name of a bucket", hint: "letters, digits, '.' and '-'")
        }
        // Whole chunks go up, on whatever line.
        settings.http.timeoutSeconds = 600
        settings.http.connectTimeoutSeconds = 10
        settings.http.verifiesCertificate = reader.bool("ssl_verify_peer", default: true)
        settings.http.proxy = reader.string("proxy_uri").flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    private static func readObject(_ reader: SectionReader, _ settings: inout S3Settings) {
        func add(_ parameter: String, _ header: String) {
            guard let setting = reader.string(parameter), !setting.value.isEmpty else { return }
            if setting.value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                reader.error(parameter, "'\(parameter)' holds a control character")
            }
            settings.headers.append((header, setting.value))
        }
        add("acl", "x-amz-acl")
        add("storage_class", "x-amz-storage-class")
        if reader.bool("reduced_redundancy", default: false), !reader.has("storage_class") {
            settings.headers.append(("x-amz-storage-class", "REDUCED_REDUNDANCY"))
        }
        add("use_server_side_encryption", "x-amz-server-side-encryption")
        add("ssekms_key_id", "x-amz-server-side-encryption-aws-kms-key-id")
        add("grant_full_control", "x-amz-grant-full-control")
        add("grant_read", "x-amz-grant-read")
        add("grant_read_acp", "x-amz-grant-read-acp")
        add("grant_write_acp", "x-amz-grant-write-acp")
        add("tagging", "x-amz-tagging")
    }

    private static func readUnsupported(_ reader: SectionReader) {
        for key in [
            "sse_customer_algorithm", "sse_customer_key", "sse_customer_key_md5", "enable_transfer_acceleration",
            "enable_dual_stack",
        ] {
            guard let parameter = reader.parameter(key), !["false", ""].contains(parameter.text ?? "") else { continue }
            reader.diagnostics.error(
                parameter.keyPlace, "'\(key)' is not supported",
                hint: key.hasPrefix("enable")
                    ? "give the host as 's3_endpoint'" : "use 'use_server_side_encryption aws:kms'")
        }
        if let version = reader.string("signature_version"), version.value != "v4" {
            reader.error("signature_version", "only signature version 4 is supported", hint: "remove the line")
        }
        reader.ignore(
            [
                "aws_iam_retries", "use_bundled_cert", "check_apikey_on_start", "compute_checksums", "warn_for_delay",
                "command_parameter",
            ], reason: "sluice does the right thing by itself", severity: .note)
        reader.ignore(
            ["use_ssl"], reason: "s3_endpoint says http or https, and without one it is https",
            defaults: ["use_ssl": "true"])
        for section in reader.sections(named: "bucket_lifecycle_rule") {
            reader.diagnostics.error(
                section.place, "<bucket_lifecycle_rule> is not supported", hint: "set the rule up in the bucket")
        }
        for section in reader.sections(named: "compress") {
            reader.diagnostics.error(section.place, "<compress> is for parquet, which is not supported")
        }
    }
}
