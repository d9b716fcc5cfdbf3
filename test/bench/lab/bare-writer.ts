/**
 * Writes what an importer wrote in one cluster into another, without thinking: the same requests in the same
 * order, so many services at once.
 *
 *     node bare-writer.ts <file of objects> <kubeconfig> <context or ''> <concurrency>
 */
import { readFileSync } from 'node:fs'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  type KubernetesList,
  type KubernetesObject,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import { connect, loadCredentials } from '@isthmus/kube'
import { parseJson } from '../../fixtures/json.ts'
import { atOnce, IMPORTED } from './load.ts'

interface Imports {
  readonly services: KubernetesList<Service>
  readonly slices: KubernetesList<EndpointSlice>
  readonly imports: KubernetesList<ServiceImport>
}

const [file = '', kubeconfig = '', context = '', concurrency = '8'] = process.argv.slice(2)
const { services, slices, imports } = parseJson<Imports>(readFileSync(file, 'utf8'))
const serviceOf = new Map(services.items.map(item => [item.metadata.labels?.[IMPORTED] ?? '', item]))
const slicesOf = Map.groupBy(slices.items, item => item.metadata.labels?.[IMPORTED] ?? '')
const client = connect(loadCredentials({ kubeconfig, context: context === '' ? undefined : context }))

await atOnce(Number(concurrency), imports.items.length, async i => {
  const wanted = imports.items[i]
  const name = wanted?.metadata.name ?? ''
  const service = serviceOf.get(name)
  if (wanted === undefined || service === undefined) throw new Error(`import ${name} has no derived Service`)
  const made = await client.create(SERVICES, bare(SERVICES, withoutAddresses(service)))
  for (const slice of slicesOf.get(name) ?? []) {
    const ownerReferences = slice.metadata.ownerReferences?.map(owner => ({
      ...owner,
      uid: made.metadata.uid ?? '',
    }))
    await client.create(ENDPOINT_SLICES, bare(ENDPOINT_SLICES, slice, ownerReferences && { ownerReferences }))
  }
  const stored = await client.create(SERVICE_IMPORTS, bare(SERVICE_IMPORTS, wanted))
  await client.updateStatus(SERVICE_IMPORTS, { ...stored, status: wanted.status ?? {} })
})
console.log('done')
await client.close()

/** As it was when it was sent. Items of a list lack their kind. */
function bare<T extends KubernetesObject>(
  { group, version, kind }: { group: string; version: string; kind: string },
  object: T,
  more: object = {},
): T {
  const { name, namespace, labels, annotations } = object.metadata
  const metadata = { name, namespace, labels, annotations, ...more }
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata }
}

/** The server is to allocate one, as it did for the importer. */
function withoutAddresses(service: Service): Service {
  const { clusterIP: _, clusterIPs: __, ...spec } = service.spec ?? {}
  const { status: ___, ...rest } = service as Service & { status?: object }
  return { ...rest, spec }
}
