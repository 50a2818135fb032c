import Base
import ArgumentParser
import FoundationEssentials
import Lake
import Pipeline
import Quality

/// Where validations are written as files, of partitions whether they may be published or not.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Also write validation.html and validation.json there: FOLDER/DATASET/YEAR[-REGION]/.", valueName: "folder"))
  var report: String?

  /// - Returns: the page's path; nil where none was asked for.
  func write(_ validation: Validation) throws -> String? {
    guard let report else { return nil }
    let region = validation.region.isEmpty ? "" : "-\(validation.region)"
    let folder = "\(report)/\(validation.dataset)/\(validation.dataYear)\(region)"
    do {
      return try ReportFiles.write(ValidationReport(validation, validatedAt: Date()), into: folder)
    } catch let error as LakeError {
      throw Failure(.cannotWrite, error.summary, advice: "Name a folder that can be written: --report FOLDER")
    }
  }
}
