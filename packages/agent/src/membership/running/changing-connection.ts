import type { ApiAccess } from '@isthmus/api'
import { isSameAccess } from '@isthmus/core'
import { type Access, type ClusterClient, type Credentials, connect } from '@isthmus/kube'

/** A request waits so long for a credential that may come at any moment; then it is told that there is none. */
const WAIT_MS = 3_000

/** Makes a client of what the credentials are for. */
export type Connect = (credentials: Credentials) => ClusterClient

/** There is nothing yet to show to the server. */
export class NoCredentialError extends Error {
  constructor(description: string) {
    super(`waiting for the first credential for ${description}`)
    this.name = 'NoCredentialError'
  }
}

/**
 * A client whose token, authority and address change while it is used: who uses it need not know. A new token
 * or authority is taken up with the next request, and ends nothing that is under way; a new address ends watches,
 * which are then taken up there.
 */
export class ChangingConnection {
  readonly client: ClusterClient
  readonly #description: string
  readonly #connect: Connect
  #access: ApiAccess
  #current: { credentials: TokenCredentials; client: ClusterClient }
  #closing: Promise<unknown> = Promise.resolve()

  /** @param description of what is connected to, for messages: `cluster west` */
  constructor(description: string, access: ApiAccess, token: string | undefined, open: Connect = connect) {
    this.#description = description
    this.#connect = open
    this.#access = access
    this.#current = this.#open(access, token)
    this.client = delegating(() => this.#current.client)
  }

  set(access: ApiAccess, token: string | undefined): void {
    const { server } = this.#access
    this.#current.credentials.set(access, token)
    if (isSameAccess(access, this.#access)) return
    this.#access = access
    if (access.server === server) return
    const { client } = this.#current
    this.#current = this.#open(access, token)
    this.#closing = Promise.all([this.#closing, client.close()])
  }

  /** The server did not accept the token there is. */
  get isRefused(): boolean {
    return this.#current.credentials.isRefused
  }

  /** Whoever waits for a credential is told that there is none. */
  release(): void {
    this.#current.credentials.release()
  }

  async close(): Promise<void> {
    this.release()
    await Promise.all([this.#closing, this.#current.client.close()])
  }

  #open(access: ApiAccess, token: string | undefined) {
    const credentials = new TokenCredentials(this.#description, access, token)
    return { credentials, client: this.#connect(credentials) }
  }
}

class TokenCredentials implements Credentials {
  readonly server: string
  readonly description: string
  isRefused = false
  #arrival = Promise.withResolvers<void>()
  #isReleased = false
  #token: string | undefined
  #access: Access

  constructor(description: string, access: ApiAccess, token: string | undefined) {
    this.server = access.server.replace(/\/+$/, '')
    this.description = description
    this.#token = token
    this.#access = accessWith(access, token)
  }

  set(access: ApiAccess, token: string | undefined): void {
    if (token === undefined && this.#token !== undefined) this.#arrival = Promise.withResolvers()
    if (token !== this.#token) this.isRefused = false
    if (token !== undefined) this.#arrival.resolve()
    this.#token = token
    this.#access = accessWith(access, token)
  }

  /** A refresh is asked for after a 401: all that there is to do is to know it. */
  async access({ refresh = false } = {}): Promise<Access> {
    if (this.#token === undefined) await this.#wait()
    if (this.#token === undefined) throw new NoCredentialError(this.description)
    if (refresh) this.isRefused = true
    return this.#access
  }

  release(): void {
    this.#isReleased = true
    this.#arrival.resolve()
  }

  async #wait(): Promise<void> {
    if (this.#isReleased) return
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, WAIT_MS)
    await Promise.race([this.#arrival.promise, late])
    clearTimeout(timer)
  }
}

function accessWith({ certificateAuthority, tlsServerName }: ApiAccess, token: string | undefined): Access {
  return {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    tls: { ca: certificateAuthority, serverName: tlsServerName },
  }
}

function delegating(current: () => ClusterClient): ClusterClient {
  return {
    get server() {
      return current().server
    },
    get: (type, name, namespace, options) => current().get(type, name, namespace, options),
    list: (type, options) => current().list(type, options),
    create: (type, object, options) => current().create(type, object, options),
    update: (type, object, options) => current().update(type, object, options),
    updateStatus: (type, object, options) => current().updateStatus(type, object, options),
    patch: (type, name, namespace, patch, options) => current().patch(type, name, namespace, patch, options),
    delete: (type, name, namespace, options) => current().delete(type, name, namespace, options),
    watch: (type, options) => current().watch(type, options),
    raw: (path, init) => current().raw(path, init),
    close: () => current().close(),
  }
}
