import FoundationEssentials
import TestSupport

/// Recordings as the same sources might send them another day: columns in another order and one more of them, CRLF, a byte
/// order mark, compressed where they were not. No figure changes.
enum OtherClothes {
  /// The simulator answers for these itself, out of its recordings: their columns come as they are asked for.
  private static let simulated = ["census_acs5", "bls_timeseries", "bls_state_unemployment"]

  /// Writes a copy of one source's recordings.
  static func write(source: String, from recordings: String, to folder: String) async throws {
    if simulated.contains(source) {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      return try FileManager.default.copyItem(atPath: "\(recordings)/\(source)", toPath: "\(folder)/\(source)")
    }
    let result = try await Program.run("python3", ["-c", script, "\(recordings)/\(source)", "\(folder)/\(source)"])
    if result.exitCode != 0 { throw TestFailure(result.description) }
  }

  private static let script = #"""
    import csv, gzip, io, json, os, shutil, sys, zipfile

    def table(text, delimiter):
        rows = list(csv.reader(io.StringIO(text.lstrip('\ufeff'), newline=''), delimiter=delimiter))
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator='\r\n')
        for index, row in enumerate(rows):
            if row: writer.writerow(row[::-1] + ['a_new_column' if index == 0 else 'new'])
        return '\ufeff' + out.getvalue()

    def turned(value):
        if isinstance(value, dict):
            return {'a_new_field': None, **{key: turned(value[key]) for key in reversed(value)}}
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

    def clothed(name, data):
        # Decompressed on its way, or compressed in two members.
        if name.endswith('.csv.gz'): return clothed(name[:-3], gzip.decompress(data))
        if name.endswith('.gz'): return compressed(clothed(name[:-3], gzip.decompress(data)))
        if name.endswith('.zip'):
            out = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as new:
                for member in old.namelist(): new.writestr(member, clothed(member, old.read(member)))
            return out.getvalue()
        if name.endswith('.json'):
            try: return json.dumps(document(json.loads(data)), indent=1).replace('\n', '\r\n').encode()
            # An object a line.
            except ValueError: return '\r\n'.join(json.dumps(turned(json.loads(line))) for line in data.splitlines()).encode()
        # Latin-1 with notes at the end: no table of one width.
        if name.startswith('CAINC1'): return data.replace(b'\n', b'\r\n')
        if name.endswith(('.csv', '.tsv', '.tsv000')):
            return table(data.decode(), '\t' if '.tsv' in name else ',').encode()
        if name.endswith('.txt'): return b'\xef\xbb\xbf' + data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
        return data

    old, new = sys.argv[1:]
    for folder, _, names in os.walk(old):
        target = new + folder[len(old):]
        os.makedirs(target, exist_ok=True)
        for name in names:
            with open(f'{folder}/{name}', 'rb') as file: data = file.read()
            data = clothed(name, data)
            if name.endswith('.csv'): data = compressed(data)
            with open(f'{target}/{name}', 'wb') as file: file.write(data)
    """#
}
