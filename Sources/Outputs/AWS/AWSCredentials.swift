/// Keys for Amazon's services; with a session token they are valid for a while.
package struct AWSCredentials: Sendable, Equatable {
    package var accessKey: String
    package var secretKey: String
    package var sessionToken: String?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

/// Where keys come from.
///
/// Source: "Standardized credential providers" in Amazon's SDKs and Tools Reference Guide.
package indirect enum AWSCredentialSource: Sendable, Equatable {
    case fixed(AWSCredentials)
    /// A profile of the file that Amazon's tools share (`~/.aws/credentials`).
    case sharedFile(path: String, profile: String)
    /// The instance's metadata, version 2: `http://169.254.169.254`.
    case instanceMetadata(url: String)
    /// A container's: of ECS, or EKS Pod Identity with a token in a file.
    case container(url: String, tokenFile: String?)
    case webIdentity(AWSRole, tokenFile: String)
    case role(AWSRole, base: AWSCredentialSource)
    /// The first of these that gives any.
    case first([AWSCredentialSource])

    /// What is tried where a configuration names none.
    package static func standard(region: String, environment: (String) -> String?) -> AWSCredentialSource {
        func text(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        var sources: [AWSCredentialSource] = []
        if let key = text("AWS_ACCESS_KEY_ID"), let secret = text("AWS_SECRET_ACCESS_KEY") {
            let token = text("AWS_SESSION_TOKEN")
            return .fixed(AWSCredentials(accessKey: key, secretKey: secret, sessionToken: token))
        }
        if let file = text("AWS_WEB_IDENTITY_TOKEN_FILE"), let arn = text("AWS_ROLE_ARN") {
            var role = AWSRole(arn: arn, region: region)
            role.sessionName = text("AWS_ROLE_SESSION_NAME") ?? role.sessionName
            sources.append(.webIdentity(role, tokenFile: file))
        }
        sources.append(sharedFile(environment: environment))
        let tokenFile = text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if let path = text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            sources.append(.container(url: "http://169.254.170.2" + path, tokenFile: tokenFile))
        } else if let url = text("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            sources.append(.container(url: url, tokenFile: tokenFile))
        }
        if text("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" {
            sources.append(.instanceMetadata(url: defaultMetadataURL))
        }
        return .first(sources)
    }

    package static let defaultMetadataURL = "http://169.254.169.254"

    package static func sharedFile(
        path: String? = nil, profile: String? = nil, environment: (String) -> String?
    ) -> AWSCredentialSource {
        let usual = environment("AWS_SHARED_CREDENTIALS_FILE") ?? "\(environment("HOME") ?? "")/.aws/credentials"
        return .sharedFile(path: path ?? usual, profile: profile ?? environment("AWS_PROFILE") ?? "default")
    }

    /// For messages.
    var name: String {
        switch self {
        case .fixed: "the configured keys"
        case .sharedFile(let path, let profile): "profile '\(profile)' of \(path)"
        case .instanceMetadata(let url): "instance metadata at \(url)"
        case .container(let url, _): "container credentials at \(url)"
        case .webIdentity(let role, _), .role(let role, _): "role \(role.arn)"
        case .first(let sources): sources.map(\.name).joined(separator: ", ")
        }
    }
}

/// A role to be assumed with Amazon's Security Token Service.
package struct AWSRole: Sendable, Equatable {
    package var arn: String
    package var sessionName = "sluice"
    package var externalID: String?
    package var policy: String?
    package var durationSeconds = 3600
    /// `https://sts.us-east-1.amazonaws.com`
    package var url: String
    package var region: String

    package init(arn: String, region: String) {
        self.arn = arn
        self.region = region
        url = "https://sts.\(region).amazonaws.com"
    }
}
