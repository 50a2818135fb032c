/// Sent down a channel before it is reset: no layer may say goodbye.
struct AbruptEnd: Sendable {}
