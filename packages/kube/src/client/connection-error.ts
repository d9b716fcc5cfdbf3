/** Why there was no answer; `protocol`: what answered is no API server. */
export type ConnectionFailure =
  | 'refused'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'unreachable'
  | 'cut'
  | 'proxy'
  | 'protocol'
  | 'other'

interface Explanation {
  failure: ConnectionFailure
  /** To follow a colon. */
  words: string
}

/** The API server could not be reached, or went away in the middle of its answer, or is none. */
export class ConnectionError extends Error {
  readonly server: string
  readonly failure: ConnectionFailure
  /** The failure in words, to follow a colon. */
  readonly words: string

  /** `doing` begins the message; `why` is what was thrown, or what is known already. */
  constructor(server: string, doing: string, why: { cause: unknown } | Explanation) {
    const { failure, words } = 'cause' in why ? explainCause(why.cause) : why
    super(`${doing}: ${words}`, 'cause' in why ? { cause: why.cause } : undefined)
    this.name = 'ConnectionError'
    this.server = server
    this.failure = failure
    this.words = words
  }
}

interface ErrorLike {
  code?: unknown
  name?: unknown
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
  [/^(HPE_\w+|HTTPParserError)$/, 'protocol', 'what answers there does not speak HTTP'],
  [/^UND_ERR_PRX_TLS$/, 'proxy', 'the proxy could not be reached'],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_INFO)$/,
    'cut',
    'the connection was cut before the answer was complete',
  ],
]

/** Finds the first code that is known in an error, its causes and, for connections tried to several addresses, its parts. */
function explainCause(error: unknown): Explanation {
  for (const link of chain(error)) {
    const code = String(link.code ?? link.name ?? '')
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
