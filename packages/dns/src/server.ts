import { isIP } from 'node:net'
import { errorOf, type IsthmusError } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { Counters, type Transport } from './counters.ts'
import { BY_SYSTEM_CODE, ERRORS } from './errors.ts'
import { Responder } from './responder.ts'
import { ClusterSource } from './source/cluster-source.ts'
import type { ZoneSource } from './source/source.ts'
import { TcpTransport } from './transport/tcp-transport.ts'
import { UdpTransport } from './transport/udp-transport.ts'
import { inSlices } from './turns.ts'
import { Zone } from './zone/zone.ts'
import { ZoneFeed } from './zone/zone-feed.ts'

export interface DnsServerSettings {
  /** Seconds that clients may keep an answer, also a negative one. Default: 5, as CoreDNS. */
  ttl?: number
  /** Where clients reach this server: A and AAAA of `ns.dns.clusterset.local`. Default: none are given. */
  nameServerAddresses?: readonly string[]
  /**
   * Bytes. Default: as many as the client takes, as CoreDNS. 1232 passes every network in one piece, and
   * makes forged questions with long answers pointless.
   */
  maxUdpSize?: number
  /** Default: 10 s. */
  tcpIdleTimeoutMs?: number
  /** Default: 1000. */
  maxTcpConnections?: number
  /** Milliseconds, for the serial of the zone. */
  now?: () => number
}

/** Where names come from: a cluster, whose objects are then watched, or any other source. */
export type DnsServerOptions = DnsServerSettings & ({ client: ClusterClient } | { source: ZoneSource })

export interface ListenOptions {
  /** An IP address. Default: 127.0.0.1. */
  host?: string
  /** The same for UDP and TCP; 0: any that is free for both. Default: 53. */
  port?: number
}

export interface ListenAddress {
  readonly address: string
  readonly port: number
}

/** A port that is free for TCP may be taken for UDP: so many are tried when any will do. */
const FREE_PORT_ATTEMPTS = 20

/**
 * The authoritative DNS server of clusterset.local, over UDP and TCP. Until it has read all objects once it
 * answers SERVFAIL; when the API server is away later, what was known last.
 *
 *     const server = new DnsServer({ client: connect(loadCredentials({})) })
 *     const { address, port } = await server.listen({ port: 0 })
 */
export class DnsServer {
  readonly counters = new Counters()
  readonly #zone: Zone
  readonly #feed: ZoneFeed
  readonly #responder: Responder
  readonly #udp: UdpTransport
  readonly #tcp: TcpTransport
  readonly #synced = Promise.withResolvers<void>()

  constructor(options: DnsServerOptions) {
    const { ttl = 5, nameServerAddresses = [], tcpIdleTimeoutMs = 10_000, maxTcpConnections = 1000 } = options
    const source = 'client' in options ? new ClusterSource(options.client) : options.source
    this.#zone = new Zone({ ttl, nameServerAddresses })
    this.#responder = new Responder(this.#zone, this.counters, options.maxUdpSize)
    this.#feed = new ZoneFeed(source, this.#zone, options.now ?? Date.now)
    this.#udp = new UdpTransport(this.#responder)
    this.#tcp = new TcpTransport(this.#responder, this.counters, {
      idleTimeoutMs: tcpIdleTimeoutMs,
      maxConnections: maxTcpConnections,
    })
  }

  /** All objects were read once: what does not exist is NXDOMAIN now, no longer SERVFAIL. */
  get synced(): boolean {
    return this.#responder.isReady
  }

  /** Resolves some time after it has begun to listen. */
  whenSynced(): Promise<void> {
    return this.#synced.promise
  }

  /** How many names there are. Those of services that changed are counted for it, with answers between. */
  async countNames(): Promise<number> {
    await inSlices(() => this.#zone.countNext())
    return this.#zone.size
  }

  /** The serial of the zone's SOA: it grows with every change. */
  get serial(): number {
    return this.#zone.startOfAuthority.serial
  }

  /** Begins to answer and to read objects. Rejects with an {@link IsthmusError} if it cannot listen there. */
  async listen({ host = '127.0.0.1', port = 53 }: ListenOptions = {}): Promise<ListenAddress> {
    const listening = await this.#bind(host, port)
    this.#feed.start()
    void this.#feed.whenSynced().then(() => {
      this.#responder.isReady = true
      this.#synced.resolve()
    })
    return listening
  }

  /** Stops to listen and to watch. */
  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close(), this.#feed.stop()])
  }

  async #bind(host: string, port: number): Promise<ListenAddress> {
    if (isIP(host) === 0) {
      throw errorOf(ERRORS.addressUnusable, { address: host, port, reason: 'it is no IP address' })
    }
    for (let attempt = 1; ; attempt++) {
      const tcpPort = await this.#tcp.listen(host, port).catch(cause => {
        throw listenError(host, port, 'tcp', cause)
      })
      try {
        await this.#udp.listen(host, tcpPort)
        return { address: host, port: tcpPort }
      } catch (cause) {
        await this.#tcp.close()
        const mayRetry = port === 0 && (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
        if (!mayRetry || attempt === FREE_PORT_ATTEMPTS) throw listenError(host, tcpPort, 'udp', cause)
      }
    }
  }
}

function listenError(address: string, port: number, transport: Transport, cause: unknown): IsthmusError {
  const { code = '', message } = cause as NodeJS.ErrnoException
  const template = BY_SYSTEM_CODE[code] ?? ERRORS.addressUnusable
  return errorOf(template, { address, port, transport: transport.toUpperCase(), reason: message }, cause)
}
