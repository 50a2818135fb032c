import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A server before the simulator, which sends its answers as the same sources might another day: columns, properties and
/// elements of the header in another order and one more of them, CRLF, a byte order mark, compressed where they were not. No
/// figure changes.
///
/// What a source is asked for stays as it is, so that the simulator's own APIs (pages of layers, series, variables) are
/// dressed like files.
enum OtherClothes {
  /// - Parameter body: gets the address that stands for the simulator's.
  static func over(_ simulator: Simulator, _ body: (String) async throws -> Void) async throws {
    let portFile = "/tmp/aker-clothes-\(UUID().uuidString).port"
    defer { try? FileManager.default.removeItem(atPath: portFile) }
    let server = try await Program.start("python3", ["-c", script, simulator.endpoint, portFile])
    do {
      var port: Int?
      try await eventually("the dressing server listens") {
        let text = FileManager.default.contents(atPath: portFile).map { String(decoding: $0, as: UTF8.self) }
        port = text.flatMap { Int($0) }
        return port != nil
      }
      guard let port else { throw TestFailure("the dressing server did not start") }
      try await body("http://127.0.0.1:\(port)")
    } catch {
      server.send(SIGKILL)
      _ = try await server.wait()
      throw error
    }
    server.send(SIGKILL)
    _ = try await server.wait()
  }

  private static let script = #"""
    import csv, gzip, http.server, io, json, os, sys, urllib.error, urllib.parse, urllib.request, zipfile

    BOM = b'\xef\xbb\xbf'

    def table(text, delimiter):
        rows = list(csv.reader(io.StringIO(text.lstrip('\ufeff'), newline=''), delimiter=delimiter))
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator='\r\n')
        for index, row in enumerate(rows):
            # Commas at a line's end are no columns.
            row = row[:len(rows[0])]
            if row: writer.writerow(row[::-1] + ['a_new_column' if index == 0 else 'new'])
        return out.getvalue()

    def turned(value):
        if isinstance(value, dict):
            members = {key: turned(value[key]) for key in reversed(value)}
            # A member more would be another shape.
            return members if 'coordinates' in value else {'a_new_field': None, **members}
        if isinstance(value, list): return [turned(element) for element in value]
        return value

    def document(value):
        # The Census API's array of arrays, whose first is the header.
        if isinstance(value, list) and value and isinstance(value[0], list):
            return [row[::-1] + ['a_new_column' if index == 0 else None] for index, row in enumerate(value)]
        return turned(value)

    def compressed(plain):
        half = len(plain) // 2
        return gzip.compress(plain[:half]) + gzip.compress(plain[half:])

    def unzipped(name, data):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as new:
            for member in old.namelist(): new.writestr(member, plain(member, old.read(member)))
        return out.getvalue()

    def plain(name, data):
        """Dressed, but for its compression."""
        text = data.lstrip()
        # Latin-1 with notes at the end: a table after all, whose every line has a column more and none is shorter for it.
        if name.startswith('CAINC1'): return latin(data)
        if text[:1] in (b'[', b'{'):
            try: return BOM + json.dumps(document(json.loads(data)), indent=1).replace('\n', '\r\n').encode()
            except ValueError: pass
            # An object a line, some of which may be none.
            return BOM + b'\r\n'.join(line_of(line) for line in data.splitlines())
        if name.endswith(('.csv', '.tsv', '.tsv000')):
            delimiter = '\t' if '.tsv' in name else ','
            try: return BOM + table(data.decode(), delimiter).encode()
            # Latin-1 has no such mark.
            except UnicodeDecodeError: return table(data.decode('latin-1'), delimiter).encode('latin-1')
        if name.endswith('.txt'): return BOM + data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
        return data

    def latin(data):
        rows, notes = [], []
        for row in csv.reader(io.StringIO(data.decode('latin-1'), newline=''), skipinitialspace=True):
            (rows if len(row) > 5 and not notes else notes).append(row)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator='\r\n', quoting=csv.QUOTE_ALL)
        for index, row in enumerate(rows): writer.writerow(row[::-1] + ['a_new_column' if index == 0 else 'new'])
        for row in notes: writer.writerow(row)
        return out.getvalue().encode('latin-1')

    def line_of(line):
        try: return json.dumps(turned(json.loads(line))).encode()
        except ValueError: return line

    def clothed(name, data):
        if data[:4] == b'PK\x03\x04': return unzipped(name, data)
        # Decompressed on its way, where the name says that it is compressed; compressed in two members, where it does not.
        if data[:2] == b'\x1f\x8b': return plain(name.removesuffix('.gz'), gzip.decompress(data))
        return compressed(plain(name, data)) if data else data

    class Dresser(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *arguments): pass
        def answer(self):
            length = int(self.headers.get('Content-Length') or 0)
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in ('host', 'accept-encoding', 'content-length', 'range', 'if-range', 'connection')}
            request = urllib.request.Request(sys.argv[1] + self.path, method=self.command, headers=headers,
                                             data=self.rfile.read(length) if length else None)
            try: found = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error: found = error
            data = found.read()
            name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path.rsplit('/', 1)[-1])
            if found.status == 200: data = clothed(name, data)
            self.send_response(found.status)
            for kept in ('Content-Type', 'X-Simulator-Synthetic'):
                if found.headers[kept]: self.send_header(kept, found.headers[kept])
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            if self.command != 'HEAD': self.wfile.write(data)
        do_GET = do_POST = do_HEAD = answer

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Dresser)
    with open(sys.argv[2] + '.part', 'w') as file: file.write(str(server.server_port))
    os.rename(sys.argv[2] + '.part', sys.argv[2])
    server.serve_forever()
    """#
}
