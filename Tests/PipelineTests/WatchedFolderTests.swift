import FoundationEssentials
import Testing
import TestSupport

@testable import Pipeline

/// A folder that vanished is known from one that was there all along.
@Suite("A watched folder")
struct WatchedFolderTests {
  @Test("workers that come first at the same time do not take it for another one")
  func first() async throws {
    let directory = "/tmp/aker-watched-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for number in 1...100 {
      let path = "\(directory)/\(number)"
      let changed = try await withThrowingTaskGroup(of: WatchedFolder.self, returning: [Bool].self) { group in
        for _ in 1...4 {
          group.addTask {
            var folder = WatchedFolder(path)
            let changed = try folder.look()
            #expect(!changed)
            return folder
          }
        }
        return try await group.reduce(into: [Bool]()) { changed, folder in
          var folder = folder
          changed.append(try folder.look())
        }
      }
      #expect(changed == [false, false, false, false])
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(names == [".aker-here"])
    }
  }

  @Test("one that was gone is made again, and told; a mark that a crash left empty is written anew")
  func gone() throws {
    let path = "/tmp/aker-watched-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var folder = WatchedFolder(path)
    var told: [Bool] = [try folder.look()]
    try FileManager.default.removeItem(atPath: path)
    for _ in 1...2 { told.append(try folder.look()) }
    try Data().write(to: URL(filePath: path + "/.aker-here"))
    for _ in 1...2 { told.append(try folder.look()) }
    #expect(told == [false, true, false, true, false])
  }
}
