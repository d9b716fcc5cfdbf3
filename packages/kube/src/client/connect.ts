import { MANAGER } from '@isthmus/api'
import type { Credentials } from '../credentials/credentials.ts'
import type { ClusterClient } from './cluster-client.ts'
import { HttpClient } from './http-client.ts'
import { Requester } from './requester.ts'
import { Transport } from './transport.ts'

export interface ConnectOptions {
  /** Default: `isthmus`. */
  userAgent?: string | undefined
  /** How long a request other than a watch may take. Default: 30 s. */
  requestTimeoutMs?: number | undefined
  /** Who our writes are by, in managedFields. Default: {@link MANAGER}. */
  fieldManager?: string | undefined
}

const MAX_CONNECT_MS = 10_000

/** Opens nothing yet: connections are made when they are needed. */
export function connect(credentials: Credentials, options: ConnectOptions = {}): ClusterClient {
  const { userAgent = 'isthmus', requestTimeoutMs = 30_000, fieldManager = MANAGER } = options
  const transport = new Transport(credentials, Math.min(requestTimeoutMs, MAX_CONNECT_MS))
  const requester = new Requester(transport, userAgent, requestTimeoutMs)
  return new HttpClient({
    server: credentials.server,
    requester,
    fieldManager,
    close: () => transport.close(),
  })
}
