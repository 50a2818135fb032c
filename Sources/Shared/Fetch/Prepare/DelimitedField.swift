/// One cell of delimited text.
struct DelimitedField {
  var bytes: [UInt8] = []
  var isQuoted = false
}
