internal import CLibcurl
internal import Glibc

/// What a request sends, kept alive while libcurl reads it.
final class RequestBody {
  private let transfer: HTTPTransfer
  private var mime: OpaquePointer?
  private var descriptor: Int32 = -1
  private var offset: Int64 = 0
  private var remaining: Int64 = 0

  init(_ transfer: HTTPTransfer, _ handle: UnsafeMutableRawPointer) throws {
    self.transfer = transfer
    if let upload = transfer.upload {
      descriptor = open(upload.path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw HTTPTransfer.Failure.cannotWrite("\(upload.path): \(String(cString: strerror(errno)))")
      }
      offset = upload.offset
      remaining = upload.byteCount
    }
    guard !transfer.multipart.isEmpty else { return }
    mime = curl_mime_init(handle)
    for field in transfer.multipart {
      let part = curl_mime_addpart(mime)
      curl_mime_name(part, field.name)
      if let fileName = field.fileName { curl_mime_filename(part, fileName) }
      _ = field.bytes.withUnsafeBytes {
        curl_mime_data(part, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
      }
    }
  }

  deinit {
    curl_mime_free(mime)
    if descriptor >= 0 { close(descriptor) }
  }

  func attach(_ handle: UnsafeMutableRawPointer) {
    if let mime {
      aker_curl_set_mime(handle, mime)
    } else if transfer.upload != nil {
      aker_curl_set_long(handle, CURLOPT_UPLOAD, 1)
      aker_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, Int(remaining))
      aker_curl_set_data_callback(handle, CURLOPT_READFUNCTION) { data, size, count, context in
        let body = Unmanaged<RequestBody>.fromOpaque(context!).takeUnretainedValue()
        return body.read(into: UnsafeMutableRawPointer(data!), size * count)
      }
      aker_curl_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque())
    } else if transfer.method == "POST" || !transfer.body.isEmpty {
      aker_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, Int(transfer.body.count))
      transfer.body.withUnsafeBytes { bytes in
        var empty: UInt8 = 0
        // Copied at once; libcurl takes a null pointer for "read it from the callback".
        withUnsafeMutablePointer(to: &empty) { empty in
          _ = aker_curl_set_pointer(
            handle, CURLOPT_COPYPOSTFIELDS,
            UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(empty)))
        }
      }
    }
    if transfer.method == "HEAD" { aker_curl_set_long(handle, CURLOPT_NOBODY, 1) }
    let usual = transfer.upload != nil ? "PUT" : (transfer.method == "POST" ? "POST" : "GET")
    if transfer.method != usual, transfer.method != "HEAD" {
      aker_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, transfer.method)
    }
  }

  private func read(into target: UnsafeMutableRawPointer, _ capacity: Int) -> Int {
    let count = pread(descriptor, target, min(capacity, Int(remaining)), Int(offset))
    guard count >= 0 else { return Int(CURL_READFUNC_ABORT) }
    offset += Int64(count)
    remaining -= Int64(count)
    return count
  }
}
