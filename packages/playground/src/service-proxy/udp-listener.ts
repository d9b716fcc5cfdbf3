/**
 * Listens on a Service's UDP port. Datagrams of one client (address and port) go to one endpoint, over a
 * socket of its own, so that answers find back: a flow, as the kernel's connection tracking keeps it.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { loopbackOf } from '../addresses/loopback.ts'
import type { PortListener } from './port-listener.ts'
import type { Spreader } from './spreader.ts'

/** A flow ends when nothing was sent either way for this long: nf_conntrack_udp_timeout. */
const IDLE_MS = 30_000
/** Each flow holds a socket: beyond this many the one that was idle longest ends. */
const MAX_FLOWS = 1024
const MAX_WAITING = 64

interface Flow {
  readonly endpoint: string
  readonly upstream: Socket
  /** What came before the upstream socket was connected; undefined from then on. */
  waiting: Buffer[] | undefined
  usedAt: number
}

export class UdpListener implements PortListener {
  readonly #address: string
  readonly #port: number
  readonly #spreader: Spreader
  readonly #clock: () => number
  /** By client, the one idle longest first. */
  readonly #flows = new Map<string, Flow>()
  #socket: Socket | undefined
  #sweep: NodeJS.Timeout | undefined

  constructor(address: string, port: number, spreader: Spreader, clock: () => number) {
    this.#address = address
    this.#port = port
    this.#spreader = spreader
    this.#clock = clock
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4')
      socket.once('error', reject)
      socket.bind({ address: this.#address, port: this.#port }, () => {
        socket.off('error', reject)
        // A client that is gone answers with ICMP: there is nobody to tell.
        socket.on('error', () => {})
        socket.on('message', (data, client) => this.#forward(data, client))
        this.#socket = socket
        this.#sweep = setInterval(() => this.#endIdle(), IDLE_MS).unref()
        resolve()
      })
    })
  }

  /** Flows to an endpoint that is no longer used would go nowhere for as long as the client talks: they end. */
  endpointsChanged(): void {
    for (const [client, flow] of this.#flows) if (!this.#spreader.has(flow.endpoint)) this.#end(client, flow)
  }

  stopListening(): void {
    clearInterval(this.#sweep)
    for (const [client, flow] of this.#flows) this.#end(client, flow)
    this.#socket?.close()
    this.#socket = undefined
  }

  close(): void {
    this.stopListening()
  }

  #forward(data: Buffer, { address, port }: RemoteInfo): void {
    const client = `${address}:${port}`
    const flow = this.#flows.get(client) ?? this.#open(client, address, port)
    if (flow === undefined) return
    this.#used(client, flow)
    if (flow.waiting === undefined) flow.upstream.send(data)
    else if (flow.waiting.length < MAX_WAITING) flow.waiting.push(data)
  }

  #open(client: string, address: string, port: number): Flow | undefined {
    const endpoint = this.#spreader.next(address)
    if (endpoint === undefined) return undefined
    const upstream = createSocket('udp4')
    const flow: Flow = { endpoint: endpoint.key, upstream, waiting: [], usedAt: 0 }
    upstream.on('error', () => this.#end(client, flow))
    upstream.on('message', answer => {
      this.#used(client, flow)
      this.#socket?.send(answer, port, address)
    })
    // Connected: the kernel drops datagrams from anyone but the endpoint.
    upstream.connect(endpoint.port, loopbackOf(endpoint.address), () => {
      for (const data of flow.waiting ?? []) upstream.send(data)
      flow.waiting = undefined
    })
    if (this.#flows.size >= MAX_FLOWS) this.#endOldest()
    return flow
  }

  #used(client: string, flow: Flow): void {
    flow.usedAt = this.#clock()
    this.#flows.delete(client)
    this.#flows.set(client, flow)
  }

  #endIdle(): void {
    const until = this.#clock() - IDLE_MS
    for (const [client, flow] of this.#flows) {
      if (flow.usedAt > until) return
      this.#end(client, flow)
    }
  }

  #endOldest(): void {
    const [oldest] = this.#flows
    if (oldest !== undefined) this.#end(...oldest)
  }

  #end(client: string, flow: Flow): void {
    if (this.#flows.get(client) !== flow) return
    this.#flows.delete(client)
    flow.upstream.close()
  }
}
