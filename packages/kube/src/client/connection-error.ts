/** Why there was no answer. */
export type ConnectionFailure =
  | 'refused'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'unreachable'
  | 'cut'
  | 'proxy'
  | 'other'

/** The API server could not be reached, or went away in the middle of its answer. */
export class ConnectionError extends Error {
  readonly failure: ConnectionFailure
  readonly server: string
  /** The failure in words, to follow a colon. */
  readonly words: string

  constructor(server: string, doing: string, cause: unknown) {
    const { failure, words } = explainCause(cause)
    super(`${doing}: ${words}`, { cause })
    this.name = 'ConnectionError'
    this.failure = failure
    this.words = words
    this.server = server
  }
}

interface ErrorLike {
  code?: unknown
  message?: unknown
  cause?: unknown
  errors?: unknown
}

/** By error code: Node's (libuv, c-ares, OpenSSL's) and undici's. */
const FAILURES: readonly (readonly [code: RegExp, failure: ConnectionFailure, words: string])[] = [
  [/^ECONNREFUSED$/, 'refused', 'the connection was refused: nothing listens there'],
  [/^(ENOTFOUND|EAI_\w+)$/, 'dns', 'the name of the server cannot be resolved'],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'timeout', 'the server did not answer in time'],
  [
    /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/,
    'timeout',
    'the server accepted the connection but did not answer in time',
  ],
  [
    /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/,
    'unreachable',
    'there is no route to the server',
  ],
  [/^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/, 'tls', "the server's certificate is not valid at this time"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'tls', "the server's certificate is for another name"],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/,
    'tls',
    "the server's certificate is not signed by an authority that is trusted",
  ],
  [/^(ERR_SSL_|ERR_TLS_|EPROTO$|ERR_OSSL_)/, 'tls', 'the TLS handshake failed'],
  [/^UND_ERR_PRX_TLS$/, 'proxy', 'the proxy could not be reached'],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_INFO|ERR_HTTP2_\w+|HPE_\w+)$/,
    'cut',
    'the connection was cut before the answer was complete',
  ],
]

/** Finds the first code that is known in an error, its causes and, for connections tried to several addresses, its parts. */
function explainCause(error: unknown): { failure: ConnectionFailure; words: string } {
  for (const link of chain(error)) {
    const code = String(link.code ?? '')
    const known = FAILURES.find(([pattern]) => pattern.test(code))
    if (known) return { failure: known[1], words: `${known[2]} (${code})` }
  }
  return { failure: 'other', words: error instanceof Error ? error.message : String(error) }
}

function* chain(error: unknown, depth = 0): Generator<ErrorLike> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  const link = error as ErrorLike
  yield link
  if (Array.isArray(link.errors)) for (const part of link.errors) yield* chain(part, depth + 1)
  yield* chain(link.cause, depth + 1)
}
