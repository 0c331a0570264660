internal import ConfigFile
internal import Events
internal import Outputs

/// Keys for Amazon's services, as the plugins for them read them: two parameters, or a section that says where they are.
enum AWSSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder, region: String) -> AWSCredentialSource {
        let variables = builder.environment.variables
        func environment(_ name: String) -> String? { variables[name] }
        var source = AWSCredentialSource.standard(region: region, environment: environment)
        let key = reader.secret("aws_key_id")
        let secret = reader.secret("aws_sec_key")
        if let key, secret == nil {
            reader.diagnostics.error(key.parameter.keyPlace, "'aws_key_id' is given without 'aws_sec_key'")
        }
        if let secret, key == nil {
            reader.diagnostics.error(secret.parameter.keyPlace, "'aws_sec_key' is given without 'aws_key_id'")
        }
        if let key, let secret {
            source = .fixed(AWSCredentials(accessKey: key.value, secretKey: secret.value))
        }
        if let section = reader.section(named: "shared_credentials") {
            let inner = SectionReader(section, description: "<shared_credentials>", diagnostics: reader.diagnostics)
            source = .sharedFile(
                path: inner.string("path")?.value, profile: inner.string("profile_name")?.value,
                environment: environment)
            inner.finish()
        }
        if let section = reader.section(named: "instance_profile_credentials") {
            source = instance(section, reader)
        }
        if let section = reader.section(named: "web_identity_credentials") {
            let inner = SectionReader(
                section, description: "<web_identity_credentials>", diagnostics: reader.diagnostics)
            let file = inner.string("web_identity_token_file", required: true)
            let role = role(inner, region)
            inner.finish()
            if let file, let role { source = .webIdentity(role, tokenFile: file.value) }
        }
        if let section = reader.section(named: "assume_role_credentials") {
            let inner = SectionReader(
                section, description: "<assume_role_credentials>", diagnostics: reader.diagnostics)
            var made = role(inner, region)
            made?.externalID = inner.string("external_id")?.value
            inner.finish()
            if let made { source = .role(made, base: source) }
        }
        return source
    }

    private static func instance(_ section: Section, _ reader: SectionReader) -> AWSCredentialSource {
        let inner = SectionReader(
            section, description: "<instance_profile_credentials>", diagnostics: reader.diagnostics)
        let address = inner.string("ip_address")?.value
        let port = inner.int("port", default: 80, range: 1...65535)
        inner.ignore(
            ["retries", "http_open_timeout", "http_read_timeout"],
            reason: "keys are asked for again with the next request, and 2 seconds are waited", severity: .note)
        inner.finish()
        guard let address else { return .instanceMetadata(url: AWSCredentialSource.defaultMetadataURL) }
        return .instanceMetadata(url: "http://\(HostCheck.forURL(address)):\(port)")
    }

    private static func role(_ reader: SectionReader, _ region: String) -> AWSRole? {
        let arn = reader.string("role_arn", required: true)
        let session = reader.string("role_session_name", required: true)
        let duration = reader.int("duration_seconds", default: 3600, range: 900...43_200)
        let policy = reader.string("policy")?.value
        let stsRegion = reader.string("sts_region")?.value ?? region
        let url = reader.string("sts_endpoint_url").map {
            HTTPOutputParts.checkURL($0, "sts_endpoint_url", reader.diagnostics)
        }
        guard let arn, let session else { return nil }
        var role = AWSRole(arn: arn.value, region: stsRegion)
        (role.sessionName, role.durationSeconds, role.policy) = (session.value, duration, policy)
        if let url { role.url = url }
        return role
    }

    /// Without a parameter: what Amazon's own tools would use.
    static func region(_ name: String, _ reader: SectionReader, _ builder: PlanBuilder) -> String? {
        if let setting = reader.string(name) {
            if !setting.value.isEmpty,
                setting.value.utf8.allSatisfy({
                    (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                })
            {
                return setting.value
            }
            reader.error(
                name, "'\(name)' is '\(setting.value)', which is no region", hint: "write one such as us-east-1")
            return nil
        }
        let variables = builder.environment.variables
        return (variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"]).flatMap { $0.isEmpty ? nil : $0 }
    }
}
