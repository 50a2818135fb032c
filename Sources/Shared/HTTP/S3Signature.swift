/// Who signs requests to S3, for which region (AWS Signature Version 4, by libcurl).
package struct S3Signature: Sendable, Equatable {
  package var accessKey: String
  package var secretKey: String
  package var region: String
  /// Of temporary credentials.
  package var sessionToken: String?

  package init(accessKey: String, secretKey: String, region: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.region = region
    self.sessionToken = sessionToken
  }
}
