/** An embedded kube-apiserver: a registry, a store, and an HTTP server before them. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Filter, type PathAnswer, requestListener, type Security } from './http/server.ts'
import type { ResourceDefinition } from './registry/definition.ts'
import { Registry } from './registry/registry.ts'
import { BUILT_IN_RESOURCES } from './resources/index.ts'
import { ADMIN, type Environment } from './rest/environment.ts'
import { LocalApi } from './rest/local-api.ts'
import { Storage } from './storage/storage.ts'

export interface ApiServerOptions {
  /** Ranges of Service IPs, the first one's family first. */
  readonly serviceCIDRs?: readonly string[]
  /** Changes of each resource that watches can go back to. */
  readonly history?: number
  /** Without it everybody is an administrator (`system:masters`). */
  readonly security?: Security
  /** Sees every request first. */
  readonly filter?: Filter
  readonly now?: () => Date
}

export interface ListenOptions {
  /** Loopback unless said. */
  readonly host?: string
  /** Any free one unless said. */
  readonly port?: number
}

const NO_SECURITY: Security = { authenticate: () => ADMIN, authorize: () => {} }
const INITIAL_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

export class ApiServer {
  readonly registry = new Registry()
  readonly storage: Storage
  /** The API without HTTP, as an administrator. */
  readonly local: LocalApi
  readonly #environment: Environment
  readonly #options: ApiServerOptions
  readonly #paths: PathAnswer[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(options: ApiServerOptions = {}) {
    this.#options = options
    this.storage = new Storage(options.history === undefined ? {} : { history: options.history })
    this.#environment = {
      storage: this.storage,
      registry: this.registry,
      now: options.now ?? (() => new Date()),
    }
    this.local = new LocalApi(this.#environment)
    for (const definition of this.#definitions()) this.registry.register(definition)
    for (const name of INITIAL_NAMESPACES)
      this.local.create({ group: '', plural: 'namespaces' }, { metadata: { name } })
    // What was there before anybody could watch is no history.
    this.storage.compact()
  }

  /** Answers where the server can be reached. */
  async listen({ host = '127.0.0.1', port = 0 }: ListenOptions = {}): Promise<{ url: string }> {
    const { security = NO_SECURITY, filter } = this.#options
    const answer = requestListener({ environment: this.#environment, security, paths: this.#paths })
    const server = createServer(
      filter ? (request, response) => filter(request, response, () => answer(request, response)) : answer,
    )
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    const { port: bound } = server.address() as AddressInfo
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` }
  }

  /** Ends all connections, watches too. */
  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #definitions(): readonly ResourceDefinition[] {
    return BUILT_IN_RESOURCES
  }
}
