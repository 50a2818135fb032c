internal import Catalog
package import Base

/// A partition that must not be published as it came.
package struct ValidationError: ClassifiedError {
  package let validation: Validation

  package init(_ validation: Validation) {
    self.validation = validation
  }

  package var errorClass: ErrorClass { .data }

  package var summary: String {
    var findings = validation.drift.filter(\.isFailure).map { "\($0.request): \($0.message)" }
    findings += validation.results.filter(\.isFailure).map { result in
      let column = result.check.column.map { " (\($0))" } ?? ""
      return "\(result.check.name.rawValue)\(column): \(result.message)"
    }
    let more = findings.count > Self.shownLimit ? "; and \(findings.count - Self.shownLimit) more" : ""
    let kind = validation.hasFailedDrift ? "schema drift" : "failed checks"
    return "\(validation.partitionName): \(kind): "
      + findings.prefix(Self.shownLimit).joined(separator: "; ") + more
  }

  package var advice: String? {
    validation.drift.first { $0.isFailure && $0.suggestion != nil }?.suggestion
      ?? "See quality.check_result for examples; correct the source, the transform or the check, then retry the task."
  }

  /// What an operator reads in one line.
  private static let shownLimit = 5
}
