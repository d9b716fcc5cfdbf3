/** Zones, objects and questions for the tests of this package. */
import type { Endpoint, EndpointSlice, Namespace, ServiceImport } from '@isthmus/api'
import { type DecodedPacket, decode, encode } from 'dns-packet'
import { Counters, type Transport } from '../counters.ts'
import { RCODE } from '../message/protocol.ts'
import { Responder } from '../responder.ts'
import { ObjectSource, type ZoneObject } from '../source/object-source.ts'
import { Zone } from '../zone/zone.ts'
import { ZoneFeed } from '../zone/zone-feed.ts'

export const NAMESPACE: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }

export function clusterSetIP(name: string, ...ips: string[]): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: { namespace: 'demo', name },
    spec: { type: 'ClusterSetIP', ports: [{ name: 'http', port: 80 }], ips },
  }
}

export function headless(name: string): ServiceImport {
  return { ...clusterSetIP(name), spec: { type: 'Headless', ports: [{ name: 'http', port: 80 }] } }
}

/** Endpoints `pod-0`, `pod-1`… of cluster east. */
export function slice(service: string, count: number): EndpointSlice {
  const endpoints: Endpoint[] = Array.from({ length: count }, (_, index) => ({
    addresses: [`10.1.${index >> 8}.${index & 255}`],
    hostname: `pod-${index}`,
  }))
  const labels = {
    'multicluster.kubernetes.io/service-name': service,
    'multicluster.kubernetes.io/source-cluster': 'east',
  }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'demo', name: `${service}-east`, labels },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80 }],
    endpoints,
  }
}

export interface Fixture {
  readonly source: ObjectSource
  readonly zone: Zone
  readonly counters: Counters
  readonly responder: Responder
  /** Lets the zone take up what changed in the source. */
  settle(): Promise<void>
}

/** A responder over the objects, ready. */
export async function fixture(...objects: ZoneObject[]): Promise<Fixture> {
  const source = new ObjectSource(objects)
  const zone = new Zone({ ttl: 5, nameServerAddresses: [] })
  const counters = new Counters()
  const responder = new Responder(zone, counters)
  const feed = new ZoneFeed(source, zone, () => 1_000_000)
  feed.start()
  await feed.whenSynced()
  responder.isReady = true
  return { source, zone, counters, responder, settle: () => feed.whenSynced() }
}

export interface Question {
  readonly name: string
  readonly type: string
  /** EDNS with this size; unset: without EDNS. */
  readonly udpSize?: number
  readonly transport?: Transport
}

export interface Answer extends DecodedPacket {
  readonly rcode: string
  readonly size: number
}

export function encodeQuestion({ name, type, udpSize }: Question): Buffer {
  // Names of records that dns-packet knows, and numbers for others.
  const question = { name, type: type as 'A', class: 'IN' as const }
  const opt = { type: 'OPT' as const, name: '.', udpPayloadSize: udpSize ?? 0, flags: 0, options: [] }
  // Its types ask for fields of OPT that it works out itself.
  const additionals = udpSize === undefined ? [] : ([opt] as never[])
  return encode({ type: 'query', id: 7, questions: [question], additionals })
}

/** Asks, and reads the answer with dns-packet. */
export function ask(responder: Responder, question: Question): Answer {
  const size = responder.respond(encodeQuestion(question), question.transport ?? 'udp')
  return decodeAnswer(responder.response.subarray(0, size))
}

export function decodeAnswer(bytes: Buffer): Answer {
  const decoded = decode(bytes)
  const rcode = Object.entries(RCODE).find(([, number]) => number === ((decoded.flags ?? 0) & 0xf))
  return { ...decoded, rcode: rcode?.[0] ?? '', size: bytes.length }
}

/** `name TYPE data` of each record. */
export function recordLines(records: DecodedPacket['answers']): string[] {
  return (records ?? []).map(record => {
    const { name, type, data } = record as { name: string; type: string; data: unknown }
    if (type === 'SRV') {
      const { priority, weight, port, target } = data as Record<string, unknown>
      return `${name} SRV ${priority} ${weight} ${port} ${target}`
    }
    return `${name} ${type} ${type === 'TXT' ? String((data as Buffer[])[0]) : typeof data === 'string' ? data : ''}`.trim()
  })
}
