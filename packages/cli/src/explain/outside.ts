/** What is asked of others than API servers: DNS servers, and the service itself. Only where it can be reached. */
import { Resolver } from 'node:dns/promises'
import { connect as connectSocket } from 'node:net'
import type { EndpointSlice, ServiceImport } from '@isthmus/api'
import { type ConnectReading, type DnsReading, domainName, type Reading } from '@isthmus/core'
import { loopbackOf, type PlaygroundState } from '@isthmus/playground'
import type { MemberContext } from '../contexts/contexts.ts'

type Where = Pick<MemberContext, 'clusterId' | 'context' | 'kubectl' | 'server'>

/** A DNS server to ask, `host:port`, for one cluster or for all. */
export interface DnsServerFlag {
  readonly cluster?: string
  readonly server: string
}

const ANSWER_MS = 2_000
/** A proxy that finds no endpoint accepts, and closes at once. */
const CLOSED_AT_ONCE_MS = 100

export class Outside {
  readonly #dns: readonly DnsServerFlag[]
  readonly #playground: PlaygroundState | undefined

  constructor(dns: readonly DnsServerFlag[], playground: PlaygroundState | undefined) {
    this.#dns = dns
    this.#playground = playground
  }

  async askDns(where: Where, namespace: string, name: string): Promise<Reading<DnsReading>> {
    const server = this.#dnsServer(where)
    if (server === undefined) {
      return { unread: 'not asked: give a DNS server of that cluster with --dns, or ask from a pod' }
    }
    return { value: { server, answer: await ask(server, domainName(namespace, name)) } }
  }

  async connect(
    where: Where,
    serviceImport: ServiceImport,
    slices: readonly EndpointSlice[],
  ): Promise<Reading<ConnectReading>> {
    const isHere = this.#cluster(where) !== undefined
    if (!isHere) return { unread: 'not tried: a ClusterSetIP is there for pods and nodes of its cluster' }
    const target = targetOf(serviceImport, slices)
    if (target === undefined) return { unread: 'there is nothing to connect to: no address, or no TCP port' }
    const result = await tryConnect(loopbackOf(target.address), target.port)
    return { value: { ...target, result } }
  }

  #dnsServer(where: Where): string | undefined {
    const flag = this.#dns.find(({ cluster }) => cluster === undefined || cluster === where.clusterId)
    if (flag !== undefined) return flag.server
    const dns = this.#cluster(where)?.dns
    return dns === undefined ? undefined : `${dns.address}:${dns.port}`
  }

  /** The cluster of the playground with that API server. */
  #cluster({ server }: Where) {
    return this.#playground?.clusters.find(cluster => cluster.server === server)
  }
}

function targetOf(
  { spec }: ServiceImport,
  slices: readonly EndpointSlice[],
): { address: string; port: number } | undefined {
  const isTcp = ({ protocol = 'TCP' }: { protocol?: string }) => protocol === 'TCP'
  if (spec.type !== 'Headless') {
    const address = spec.ips?.[0]
    const port = spec.ports.find(isTcp)?.port
    return address === undefined || port === undefined ? undefined : { address, port }
  }
  for (const slice of slices) {
    const port = slice.ports?.find(isTcp)?.port
    const endpoint = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false)
    const address = endpoint?.addresses[0]
    if (address !== undefined && port !== undefined) return { address, port }
  }
  return undefined
}

/** Of both families; a name with one of them alone is right. */
async function ask(server: string, name: string): Promise<DnsReading['answer']> {
  const resolver = new Resolver({ timeout: ANSWER_MS, tries: 1 })
  resolver.setServers([server])
  const results = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const addresses = results.flatMap(result => (result.status === 'fulfilled' ? result.value : [])).sort()
  if (addresses.length > 0) return { addresses }
  const codes = results.map(result =>
    result.status === 'rejected' ? String((result.reason as NodeJS.ErrnoException).code) : '',
  )
  return { failure: FAILURES[codes[0] ?? ''] ?? `${codes[0]}` }
}

/** c-ares's codes. */
const FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name (NXDOMAIN)',
  ENODATA: 'the name has no address',
  ESERVFAIL: 'it failed (SERVFAIL)',
  EREFUSED: 'it does not serve that zone (REFUSED)',
  ETIMEOUT: `no answer within ${ANSWER_MS / 1000} s`,
  ECONNREFUSED: 'nothing listens there',
}

function tryConnect(host: string, port: number): Promise<ConnectReading['result']> {
  return new Promise(resolve => {
    const started = performance.now()
    const socket = connectSocket({ host, port })
    const end = (result: ConnectReading['result']) => {
      clearTimeout(late)
      socket.destroy()
      resolve(result)
    }
    const late = setTimeout(() => end({ failure: `no answer within ${ANSWER_MS / 1000} s` }), ANSWER_MS)
    socket.once('error', (error: NodeJS.ErrnoException) => end({ failure: wordsOf(error) }))
    socket.once('connect', () => {
      const milliseconds = Math.round((performance.now() - started) * 10) / 10
      socket.once('end', () => end({ failure: 'it accepts and closes at once: no endpoint answers' }))
      socket.resume()
      setTimeout(() => end({ milliseconds }), CLOSED_AT_ONCE_MS)
    })
  })
}

function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'the connection was refused'
  if (code === 'ECONNRESET') return 'it accepts and closes at once: no endpoint answers'
  return message
}
