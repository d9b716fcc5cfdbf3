/** A member that was taken over: whoever has it writes what he likes into its own exchange, and nowhere else. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ResourceType,
} from '@isthmus/api'
import type { ApiServer, LocalObject } from '@isthmus/apiserver'
import { chunkName, recordName } from '@isthmus/core'

const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export interface Forged {
  readonly namespace?: string
  readonly name?: string
  /** Of the ExportedService, over what is right. */
  readonly spec?: Record<string, unknown>
  /** Of each ExportedEndpoints, over what is right; one without is all right. */
  readonly chunks?: readonly Record<string, unknown>[]
  /** Of the stored objects, over what is right. */
  readonly metadata?: Record<string, unknown>
}

export class Attacker {
  readonly #server: ApiServer
  #sequence = 2_000_000_000_000
  #named: unknown[] = []

  /** His API server checks nothing any more. */
  constructor(server: ApiServer) {
    this.#server = server
    for (const type of [EXPORT_INDEXES, EXPORTED_SERVICES, EXPORTED_ENDPOINTS]) {
      const name = `${type.plural}.${type.group}`
      const definition = structuredClone(
        server.local.get(CUSTOM_RESOURCE_DEFINITIONS, undefined, name),
      ) as unknown as {
        spec: { versions: { schema: object }[] }
      }
      for (const version of definition.spec.versions) version.schema = { openAPIV3Schema: ANYTHING }
      server.local.update(CUSTOM_RESOURCE_DEFINITIONS, definition as unknown as LocalObject)
    }
  }

  /** An export, right but for what is said. Endpoints have addresses of 10.66.0.0/16 unless said. */
  forge({ namespace = 'demo', name = 'loot', spec = {}, chunks = [{}], metadata = {} }: Forged): void {
    const names = chunks.map((_, i) => chunkName(namespace, name, String(i)))
    const service = { namespace, name }
    for (const [i, chunk] of chunks.entries())
      this.#put(EXPORTED_ENDPOINTS, names[i] as string, metadata, {
        service,
        addressType: 'IPv4',
        ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
        endpoints: [{ addresses: [`10.66.0.${i + 1}`], ready: true, serving: true, terminating: false }],
        ...chunk,
      })
    this.#put(EXPORTED_SERVICES, recordName(namespace, name), metadata, {
      service,
      exportedAt: '2026-01-01T00:00:00Z',
      type: 'ClusterSetIP',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      ipFamilies: ['IPv4'],
      sessionAffinity: 'None',
      chunks: names,
      ...spec,
    })
    this.index({ services: [...this.#named, `${namespace}/${name}`] })
  }

  /** The index, right but for what is said. */
  index(spec: { services?: readonly unknown[] } & Record<string, unknown>): void {
    this.#named = [...new Set(spec.services ?? this.#named)]
    this.#put(
      EXPORT_INDEXES,
      'index',
      {},
      {
        sequence: ++this.#sequence,
        clusterId: 'east',
        ...spec,
        services: this.#named,
      },
    )
  }

  #put(type: ResourceType, name: string, metadata: object, spec: object): void {
    const { local } = this.#server
    const place = { namespace: EXCHANGE_NAMESPACE, name }
    const existing = local.get(type, EXCHANGE_NAMESPACE, name)
    const resourceVersion = existing?.metadata.resourceVersion
    const object = {
      metadata: { ...metadata, ...place, ...(resourceVersion && { resourceVersion }) },
      spec,
    } as LocalObject
    if (existing === undefined) local.create(type, object)
    else local.update(type, object)
  }
}
