/// A part of another body.
struct SliceBody: Body {
  let whole: any Body
  let range: Range<Int>

  var byteCount: Int { range.count }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    try whole.read(self.range.lowerBound + range.lowerBound..<self.range.lowerBound + range.upperBound)
  }
}
