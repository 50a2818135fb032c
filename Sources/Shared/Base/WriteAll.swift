internal import Glibc

/// Writes all of `bytes`, in as many calls as it takes; waits where the other end is slow.
///
/// - Returns: 0, or the `errno` of the call that failed.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
  var remaining = bytes[...]
  while !remaining.isEmpty {
    let count = write(descriptor, UnsafeRawBufferPointer(rebasing: remaining).baseAddress, remaining.count)
    if count >= 0 {
      remaining = remaining.dropFirst(count)
    } else if errno == EAGAIN {
      // A terminal or a pipe that somebody made non-blocking.
      var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&wanted, 1, -1)
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}
