internal import ConfigFile
internal import Outputs

/// `<endpoint>` of `opensearch` and `aws-elasticsearch-service`: a domain of Amazon's OpenSearch Service, to which requests
/// are signed (fluent-plugin-opensearch's README.md, "Configuration - AWS OpenSearch Service";
/// fluent-plugin-aws-elasticsearch-service's README.md).
enum SearchEndpointSection {
    /// nil: there is none, or an error was reported. The endpoint takes the place of `hosts`.
    static func read(
        _ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType,
        _ settings: inout ElasticsearchSettings
    ) -> AWSPlan? {
        guard type.takesEndpoint else { return nil }
        guard let section = reader.section(named: "endpoint") else {
            if type.needsEndpoint {
                reader.error(
                    "@type", "\(type.name) needs an <endpoint> with 'url' and 'region'",
                    hint: "a server whose requests are not signed is that of @type elasticsearch")
            }
            return nil
        }
        let inner = SectionReader(section, description: "<endpoint>", diagnostics: reader.diagnostics)
        defer { inner.finish() }
        let url = inner.string("url", required: true)
        let region = AWSSection.region("region", inner, builder)
        if region == nil, !inner.has("region") { _ = inner.string("region", required: true) }
        let service = inner.enumeration("aws_service_name", ["es": "es", "aoss": "aoss"], default: "es")
        inner.ignore(
            ["refresh_credentials_interval"], reason: "keys are renewed before they expire", severity: .note)
        let source = source(inner, builder, region: region ?? "")
        if reader.has("hosts") {
            reader.warning("hosts", "'hosts' has no effect beside <endpoint>", hint: "remove it")
        }
        for key in ["user", "api_key"] where reader.has(key) {
            reader.error(
                key, "'\(key)' cannot go with <endpoint>: requests are signed with keys instead",
                hint: "remove one of both")
        }
        if settings.hasIndexAffinity {
            reader.error(
                "target_index_affinity", "'target_index_affinity' cannot go with <endpoint>",
                hint: "the search for all indices of a prefix cannot be signed")
        }
        guard let url, let region else { return nil }
        guard let host = ElasticsearchHost(HTTPOutputParts.checkURL(url, "url", reader.diagnostics)) else { return nil }
        settings.hosts = [host]
        return AWSPlan(source: source, region: region, service: service)
    }

    private static func source(
        _ reader: SectionReader, _ builder: PlanBuilder, region: String
    ) -> AWSCredentialSource {
        func text(_ key: String) -> String? { reader.string(key).flatMap { $0.value.isEmpty ? nil : $0.value } }
        let variables = builder.environment.variables
        let standard = AWSCredentialSource.standard(region: region) { variables[$0] }
        let key = text("access_key_id")
        let secret = reader.secret("secret_access_key").flatMap { $0.value.isEmpty ? nil : $0.value }
        let arn = text("assume_role_arn")
        let session = text("assume_role_session_name") ?? "fluentd"
        let tokenFile = text("assume_role_web_identity_token_file")
        let stsRegion = text("sts_credentials_region") ?? region
        let container = text("ecs_container_credentials_relative_uri")
        if (key == nil) != (secret == nil) {
            let (given, other) =
                key == nil ? ("secret_access_key", "access_key_id") : ("access_key_id", "secret_access_key")
            reader.error(given, "'\(given)' is given without '\(other)'", hint: "add '\(other) …'")
        }
        if let key, let secret { return .fixed(AWSCredentials(accessKey: key, secretKey: secret)) }
        if let arn {
            var role = AWSRole(arn: arn, region: stsRegion)
            role.sessionName = session
            return tokenFile.map { .webIdentity(role, tokenFile: $0) } ?? .role(role, base: standard)
        }
        return container.map { .container(url: "http://169.254.170.2" + $0, tokenFile: nil) } ?? standard
    }
}
