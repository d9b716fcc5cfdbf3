/** Silence is never a deletion: what happens to an exporter's exchange takes nothing from its importers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type KubernetesObject,
  LEASES,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { type ApiServer, effects } from '@isthmus/apiserver'
import { isNotFound } from '@isthmus/kube'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const EXCHANGE_KINDS = [EXPORT_INDEXES, EXPORTED_SERVICES, EXPORTED_ENDPOINTS] as const
/** Several, so that an index that named some of them only would withdraw the others. */
const NAMES = ['a', 'b', 'c', 'd', 'e']

describe('an exporter whose exchange', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
    await set.namespace('demo', 'east', 'west')
    for (const name of NAMES) await set.export('east', 'demo', name, ['10.1.0.1'])
    await settled()
  })
  after(() => set.stop())

  const east = () => set.member('east').client
  const link = () => set.member('west').agent?.status().links[0]
  const connected = () =>
    until('west follows east', () => link()?.state === 'connected' && link()?.services === NAMES.length)
  /** All is published, imported, and nothing is left to do. */
  const settled = async () => {
    await connected()
    for (const name of NAMES) {
      await until(`${name} is Ready in west`, async () => {
        const serviceImport = await set.serviceImport('west', 'demo', name)
        assert.deepEqual(await set.reached('west', 'demo', name), ['east: 10.1.0.1'])
        return serviceImport?.status?.conditions?.[0]?.status === 'True'
      })
      await until(`${name} is Exported in east`, async () => {
        const { status } = await east().get(SERVICE_EXPORTS, name, 'demo')
        return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      })
    }
    for (const id of ['east', 'west']) await set.member(id).agent?.idle()
  }
  /** Whatever west has of the service, and its history: an object that is deleted and made again has another uid. */
  const imported = async () => {
    const { client } = set.member('west')
    const lists = await Promise.all(
      ([SERVICES, ENDPOINT_SLICES, SERVICE_IMPORTS] as ResourceType[]).map(type =>
        client.list(type, { namespace: 'demo' }),
      ),
    )
    return lists
      .flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`))
      .sort()
  }
  /** What is done to the exporter changes nothing at the importer, and all is well afterwards. */
  const changesNothing = async (disturb: () => Promise<void>) => {
    const before = await imported()
    const sequence = link()?.sequence ?? 0
    await disturb()
    await until('the index is above all that was seen', async () => {
      const index = await east().get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
      return index.spec.sequence >= sequence && index.spec.services.length === NAMES.length
    })
    await settled()
    assert.deepEqual(await imported(), before)
    const { client } = set.member('east')
    const slice = await client.get(ENDPOINT_SLICES, 'a-1', 'demo')
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints: [{ addresses: ['10.1.0.99'] }] })
    await until(
      'it is followed again',
      async () => (await set.reached('west', 'demo', 'a'))[0] === 'east: 10.1.0.99',
    )
    const again = await client.get(ENDPOINT_SLICES, 'a-1', 'demo')
    await client.update(ENDPOINT_SLICES, { ...again, endpoints: slice.endpoints })
    await settled()
  }
  const wipe = async () => {
    for (const type of EXCHANGE_KINDS as readonly ResourceType[]) {
      const { items } = await east().list(type, { namespace: EXCHANGE_NAMESPACE })
      for (const { metadata } of items) {
        await east()
          .delete(type, metadata.name ?? '', EXCHANGE_NAMESPACE)
          .catch(ignoreNotFound)
      }
    }
  }
  const deleteNamespace = async () => {
    await east().delete(NAMESPACES, EXCHANGE_NAMESPACE)
    await until('it is gone', () => isGone(east().get(NAMESPACES, EXCHANGE_NAMESPACE)))
    await set.namespace(EXCHANGE_NAMESPACE, 'east')
  }
  const recreateDefinitions = async () => {
    const definitions: CustomResourceDefinition[] = []
    for (const { plural, group } of EXCHANGE_KINDS) {
      const name = `${plural}.${group}`
      definitions.push(await east().get(CUSTOM_RESOURCE_DEFINITIONS, name))
      await east().delete(CUSTOM_RESOURCE_DEFINITIONS, name)
      await until(`${name} is gone`, () => isGone(east().get(CUSTOM_RESOURCE_DEFINITIONS, name)))
    }
    for (const { apiVersion, kind, metadata, spec } of definitions) {
      const { name = '', labels = {} } = metadata
      await east().create(CUSTOM_RESOURCE_DEFINITIONS, { apiVersion, kind, metadata: { name, labels }, spec })
    }
  }
  /** Nobody restores an API server that runs: connections break, and are refused for a while. */
  const restore = async (backup: ReturnType<ApiServer['faults']['snapshot']>, watches: number) => {
    const { faults } = set.member('east').server
    const down = faults.add({ effect: effects.disconnect() })
    faults.restore(backup)
    await until('who watched has noticed', () => down.count > 2 * watches)
    down.remove()
  }
  const whileDown = (disturb: () => Promise<void>) => async () => {
    await set.stopAgent('east')
    await disturb()
    await set.startAgent('east')
  }

  it('is emptied while it runs', () => changesNothing(wipe))
  it('is emptied while it is down', () => changesNothing(whileDown(wipe)))
  it('loses its namespace while it runs', () => changesNothing(deleteNamespace))
  it('loses its namespace while it is down', () => changesNothing(whileDown(deleteNamespace)))
  it('loses its definitions while it runs', () => changesNothing(recreateDefinitions))
  it('loses its definitions while it is down', () => changesNothing(whileDown(recreateDefinitions)))

  it('goes back to an older state, as its whole API server does, while it runs', async () => {
    const { server } = set.member('east')
    const older = server.faults.snapshot()
    // The index is written higher meanwhile, with the same services.
    await set.export('east', 'demo', 'passing', ['10.1.0.1'])
    await until(
      'passing is imported',
      async () => (await set.reached('west', 'demo', 'passing')).length === 1,
    )
    await set.unexport('east', 'demo', 'passing')
    await until(
      'and withdrawn',
      async () => (await set.serviceImport('west', 'demo', 'passing')) === undefined,
    )
    await settled()
    await changesNothing(() => restore(older, 12))
  })

  it('goes back to an older state while it is down, as it does when a cluster is restored from a backup', async () => {
    const { server } = set.member('east')
    // Of long ago, as the publisher's Lease in it says.
    const backup = server.faults.snapshot()
    await set.export('east', 'demo', 'passing', ['10.1.0.1'])
    await until(
      'passing is imported',
      async () => (await set.reached('west', 'demo', 'passing')).length === 1,
    )
    await set.unexport('east', 'demo', 'passing')
    await until(
      'and withdrawn',
      async () => (await set.serviceImport('west', 'demo', 'passing')) === undefined,
    )
    await settled()
    await changesNothing(
      whileDown(async () => {
        await restore(backup, 4)
        const renewTime = new Date(Date.now() - 3_600_000).toISOString().replace('Z', '000Z')
        await east().patch(LEASES, 'publisher', EXCHANGE_NAMESPACE, { spec: { renewTime } })
      }),
    )
  })

  it('goes back while the importer is away: held, as the importer remembers', async () => {
    const before = await imported()
    const sequence = link()?.sequence ?? 0
    await set.stopAgent('west')
    const memory = await set.member('west').client.get(CONFIG_MAPS, 'link-east', 'isthmus-system')
    assert.equal(memory.data?.highestSequence, String(sequence))
    await set.stopAgent('east')
    const index = await east().get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
    const spec = { ...index.spec, sequence: sequence - 1, services: ['demo/a'] }
    await east().update(EXPORT_INDEXES, { ...index, spec })
    await set.startAgent('west')
    await until('it is refused', () => link()?.state === 'refused')
    await set.member('west').agent?.idle()
    assert.deepEqual(await imported(), before)
    await changesNothing(async () => {
      await set.startAgent('east')
    })
  })

  it('is as it was, but whose ServiceExport CRD is deleted: that is a withdrawal', async () => {
    const name = `${SERVICE_EXPORTS.plural}.${SERVICE_EXPORTS.group}`
    const { apiVersion, kind, metadata, spec } = await east().get(CUSTOM_RESOURCE_DEFINITIONS, name)
    await east().delete(CUSTOM_RESOURCE_DEFINITIONS, name)
    await until('all is withdrawn', async () => {
      for (const service of NAMES) assert.equal(await set.serviceImport('west', 'demo', service), undefined)
      return true
    })
    await east().create(CUSTOM_RESOURCE_DEFINITIONS, {
      apiVersion,
      kind,
      metadata: { name, labels: metadata.labels ?? {} },
      spec,
    })
    await until('it is served again', () =>
      east()
        .create(SERVICE_EXPORTS, {
          apiVersion: 'multicluster.x-k8s.io/v1beta1',
          kind: 'ServiceExport',
          metadata: { namespace: 'demo', name: 'a' },
        })
        .catch(ignoreNotFound),
    )
    await until('it is imported again', async () => (await set.reached('west', 'demo', 'a')).length === 1)
  })

  it('is there before its definitions: an agent says what is missing and does not start', async () => {
    await set.stopAgent('east')
    const name = `${EXPORT_INDEXES.plural}.${EXPORT_INDEXES.group}`
    await east().delete(CUSTOM_RESOURCE_DEFINITIONS, name)
    await until('the definition is gone', () => isGone(east().get(CUSTOM_RESOURCE_DEFINITIONS, name)))
    await assert.rejects(set.startAgent('east'), { code: 'ISTHMUS_KIND_MISSING' })
  })
})

async function isGone(object: Promise<KubernetesObject>): Promise<boolean> {
  return object.then(
    () => false,
    error => isNotFound(error),
  )
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
