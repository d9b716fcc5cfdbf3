/**
 * Properties of a ClusterSet under any sequence of changes, restarts and relists (docs/adr/0013): the objects at
 * the end are those of a fresh start from the final state, where each derived Service was made with the same first
 * family; and which families are imported depends on the final state alone.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type IPFamily,
  type KubernetesObject,
  MANAGER,
  type ResourceType,
  SERVICE_EXPORTS,
} from '@isthmus/api'
import { derivedServiceName } from '@isthmus/core'
import fc from 'fast-check'
import { until } from '../fixtures/until.ts'
import {
  applyChange,
  CHANGES,
  type Change,
  type ChangeName,
  makeNamespaces,
  NAMESPACE,
} from './runner/changes.ts'
import type { Clusters } from './runner/clusters.ts'
import {
  contents,
  copyUsersObjects,
  derivedServices,
  firstFamilies,
  importedFamilySets,
  isOurs,
  makeDerivedService,
  OWN_KINDS,
} from './runner/contents.ts'
import { EmbeddedClusters } from './runner/embedded.ts'
import { ModelClusters } from './runner/model.ts'
import type { MemberSpec } from './runner/scenario.ts'

const IDS = ['east', 'west', 'north'] as const
/** On a machine that does much else as well. */
const CONVERGE_MS = 30_000
const DERIVED = derivedServiceName(NAMESPACE, 'hello')

type Members = Readonly<Record<(typeof IDS)[number], MemberSpec>>

function member(...families: IPFamily[]): MemberSpec {
  return { families, withoutFields: [] }
}

const ONE_FAMILY: Members = { east: member('IPv4'), west: member('IPv4'), north: member('IPv4') }
const SEVERAL_FAMILIES: Members = {
  east: member('IPv4', 'IPv6'),
  west: member('IPv6', 'IPv4'),
  north: member('IPv6', 'IPv4'),
}

const anyMember = fc.constantFrom(
  member('IPv4'),
  member('IPv6'),
  member('IPv4', 'IPv6'),
  member('IPv6', 'IPv4'),
)
const anyMembers: fc.Arbitrary<Members> = fc.oneof(
  fc.constantFrom(ONE_FAMILY, SEVERAL_FAMILIES),
  fc.record({ east: anyMember, west: anyMember, north: anyMember }),
)

const anyChange: fc.Arbitrary<Change> = fc.record({
  in: fc.constantFrom(...IDS),
  what: fc.constantFrom(...(Object.keys(CHANGES) as ChangeName[])),
})

type Firsts = Readonly<Record<string, IPFamily | undefined>>

/** The users' objects of these clusters in others that never saw anything else. */
async function freshStart(members: Members, from: Clusters, firsts: Firsts): Promise<ModelClusters> {
  const fresh = await ModelClusters.start(members)
  await makeNamespaces(fresh, IDS)
  for (const id of IDS) {
    const first = firsts[id]
    if (first !== undefined) await makeDerivedService(fresh, id, DERIVED, first)
  }
  await copyUsersObjects(from, fresh, IDS)
  return fresh
}

describe('whatever happens', () => {
  it('core ends where a fresh start from the final state would', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyMembers,
        fc.array(anyChange, { minLength: 3, maxLength: 14 }),
        async (members, changes) => {
          const clusters = await ModelClusters.start(members)
          await makeNamespaces(clusters, IDS)
          for (const change of changes) {
            await applyChange(clusters, change)
            // Sometimes much happens before anybody looks.
            if (change.in === 'east') clusters.settle()
          }
          const firsts = await firstFamilies(clusters, IDS)
          const fresh = await freshStart(members, clusters, {})
          assert.deepEqual(await importedFamilySets(clusters, IDS), await importedFamilySets(fresh, IDS))
          const hasDerived = IDS.some(id => firsts[id] !== undefined)
          const alike = hasDerived ? await freshStart(members, clusters, firsts) : fresh
          for (const id of IDS) assert.deepEqual(await contents(clusters, id), await contents(alike, id), id)
        },
      ),
      { numRuns: 60, interruptAfterTimeLimit: 14_000 },
    )
  })

  it('a derived Service keeps its first family and address for its life', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 4, maxLength: 14 }), async changes => {
        const clusters = await ModelClusters.start(SEVERAL_FAMILIES)
        await makeNamespaces(clusters, IDS)
        const kept = new Map<string, string>()
        for (const change of changes) {
          await applyChange(clusters, change)
          for (const [id, { metadata, spec }] of await derivedServices(clusters, IDS)) {
            const promised = `${spec?.ipFamilies?.[0]} ${spec?.clusterIPs?.[0]}`
            const key = `${id} ${metadata.uid}`
            assert.equal(promised, kept.get(key) ?? promised, `${id} after: ${change.what}`)
            kept.set(key, promised)
          }
        }
      }),
      { numRuns: 20, interruptAfterTimeLimit: 6_000 },
    )
  })

  it('agents end where core alone does, write nothing more, and nothing that is not theirs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(ONE_FAMILY, SEVERAL_FAMILIES),
        fc.array(anyChange, { minLength: 6, maxLength: 14 }),
        async (members, changes) => {
          const clusters = await EmbeddedClusters.start(members)
          try {
            await makeNamespaces(clusters, IDS)
            for (const change of changes) await applyChange(clusters, change)
            // What the Services were made with depends on when each agent looked.
            const wanted = new Map<string, Promise<Record<string, unknown>[]>>()
            await until(
              'agents have come to the same',
              async () => {
                const firsts = await firstFamilies(clusters, IDS)
                const key = JSON.stringify(firsts)
                const alike = wanted.get(key) ?? freshContents(members, clusters, firsts)
                wanted.set(key, alike)
                for (const [i, id] of IDS.entries())
                  assert.deepEqual(await contents(clusters, id), (await alike)[i], id)
                return true
              },
              CONVERGE_MS,
            )
            const fresh = await freshStart(members, clusters, {})
            assert.deepEqual(await importedFamilySets(clusters, IDS), await importedFamilySets(fresh, IDS))
            const revisions = () => IDS.map(id => clusters.apiServer(id).storage.revision)
            let before = revisions()
            await until('nothing more is written', async () => {
              const last = before
              await new Promise(resolve => setTimeout(resolve, 40))
              before = revisions()
              return last.join() === before.join()
            })
            for (const id of IDS) {
              for (const type of OWN_KINDS) {
                for (const object of await clusters.list(id, type, NAMESPACE)) assertWriter(type, object)
              }
            }
          } finally {
            await clusters.close()
          }
        },
      ),
      { numRuns: 5, interruptAfterTimeLimit: 40_000 },
    )
  })
})

async function freshContents(
  members: Members,
  from: Clusters,
  firsts: Firsts,
): Promise<Record<string, unknown>[]> {
  const fresh = await freshStart(members, from, firsts)
  return Promise.all(IDS.map(id => contents(fresh, id)))
}

/** By managedFields: of what it did not make an agent has written the status of ServiceExports, and nothing else. */
function assertWriter(type: ResourceType, object: KubernetesObject): void {
  const written = (object.metadata.managedFields ?? []) as { manager: string; subresource?: string }[]
  const agents = written.filter(({ manager }) => manager === MANAGER)
  const what = `${type.kind} ${object.metadata.name}`
  if (isOurs(object)) assert.ok(agents.length > 0, `${what} is not from an agent`)
  else if (type.kind === SERVICE_EXPORTS.kind)
    assert.ok(
      agents.every(({ subresource }) => subresource === 'status'),
      what,
    )
  else assert.deepEqual(agents, [], `${what} is a user's`)
}
