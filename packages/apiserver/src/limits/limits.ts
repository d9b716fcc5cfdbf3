/** How much of a server clients can take up. */
export interface Limits {
  /** Open connections; further ones are closed at once. */
  readonly connections: number
  /** Open watches; further ones are answered 429. */
  readonly watches: number
  /** Bytes of a request's header. */
  readonly headerBytes: number
  /** Until a TLS handshake or a request's header is complete. */
  readonly headerSeconds: number
  /** Until a request's body is complete. */
  readonly requestSeconds: number
  /** A connection without a request stays open this long, as kube-apiserver has it. */
  readonly idleSeconds: number
  /** Requests at a time on one HTTP/2 connection. */
  readonly streams: number
}

export const DEFAULT_LIMITS: Limits = {
  connections: 4096,
  watches: 10_000,
  headerBytes: 64 * 1024,
  headerSeconds: 30,
  requestSeconds: 60,
  idleSeconds: 90,
  streams: 250,
}
