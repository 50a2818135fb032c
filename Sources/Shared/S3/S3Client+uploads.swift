/// What was uploaded in parts and never completed: in no listing of objects, and paid for until it is aborted.
extension S3Client {
  package struct Upload: Sendable, Equatable {
    package var key: String
    package var id: String

    package init(key: String, id: String) {
      self.key = key
      self.id = id
    }
  }

  /// All incomplete uploads whose keys begin with the prefix, those under way among them.
  package func uploads(_ prefix: String) async throws -> [Upload] {
    var uploads: [Upload] = []
    var marker: (key: String, id: String)?
    repeat {
      var query = [("uploads", ""), ("prefix", prefix)]
      if let marker { query += [("key-marker", marker.key), ("upload-id-marker", marker.id)] }
      let page = try await send("GET", "", query: query).text
      for entry in page.split(separator: "<Upload>").dropFirst() {
        guard let key = Self.element("Key", in: entry), let id = Self.element("UploadId", in: entry)
        else { throw Failure.transfer("S3 listed an upload without key or id") }
        uploads.append(Upload(key: Self.unescaped(key), id: Self.unescaped(id)))
      }
      marker = nil
      if Self.element("IsTruncated", in: page) == "true",
        let key = Self.element("NextKeyMarker", in: page), let id = Self.element("NextUploadIdMarker", in: page)
      {
        marker = (Self.unescaped(key), Self.unescaped(id))
      }
    } while marker != nil
    // Not every server heeds the prefix, and what is outside is not ours.
    return uploads.filter { $0.key.hasPrefix(prefix) }
  }

  /// Forgets what was sent. One that was completed or aborted meanwhile is no error.
  package func abort(_ upload: Upload) async throws {
    do {
      _ = try await send("DELETE", upload.key, query: [("uploadId", upload.id)])
    } catch Failure.refused(404, let code, _) where code != "NoSuchBucket" {
      return
    }
  }
}
