import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withConditions } from '../conditions/conditions.ts'
import { service, serviceExport, slice } from '../testing/objects.ts'
import { type Explanation, explain } from './explain.ts'
import type { ClusterReading } from './facts.ts'
import { healthyFacts, indexOf } from './testing/healthy-facts.ts'

/** `cluster step: state`, of what is not ok. */
function notOk({ sections }: Explanation): string[] {
  return sections
    .flatMap(({ findings }) => findings)
    .filter(({ state }) => state !== 'ok')
    .map(({ cluster = '-', step, state }) => `${cluster} ${step}: ${state}`)
}

describe('an explanation', () => {
  it('finds nothing where nothing is broken, and walks every step', () => {
    const explanation = explain(healthyFacts())
    assert.deepEqual(notOk(explanation), [])
    assert.equal(explanation.works, true)
    const west = explanation.sections.find(({ role, cluster }) => role === 'import' && cluster === 'west')
    assert.deepEqual(
      west?.findings.map(({ step }) => step),
      [
        'agent',
        'link',
        'refusals',
        'namespace',
        'names',
        'derived-service',
        'slices',
        'service-import',
        'dns',
        'connect',
      ],
    )
  })

  it('looks at the way to one cluster alone where it is told which', () => {
    const { sections } = explain(healthyFacts(), 'east')
    assert.deepEqual(
      sections.map(({ role, cluster }) => `${role} ${cluster}`),
      ['export east', 'import east'],
    )
  })

  it('says unknown of what may not be read, and is not misled by it', () => {
    const why = { unread: 'you may not list exportindexes there (403)' }
    const explanation = explain(
      healthyFacts(() => ({ east: { index: why, record: why, chunks: why, heartbeat: why } })),
      'west',
    )
    assert.equal(explanation.works, true, JSON.stringify(explanation.firstBroken))
    assert.ok(notOk(explanation).every(line => line.endsWith('unknown')))
  })

  it('names a member that no context leads to, and what cannot be reached', () => {
    const facts = healthyFacts()
    const alone = {
      ...facts,
      clusters: facts.clusters.filter(({ clusterId }) => clusterId === 'west'),
      unreachable: [
        {
          context: 'east',
          kubectl: 'kubectl --context east',
          server: 'https://east',
          why: 'the connection was refused',
        },
      ],
    }
    const { firstBroken } = explain(alone, 'west')
    assert.equal(firstBroken?.step, 'context')
    assert.match(firstBroken?.state === 'broken' ? firstBroken.what : '', /of the members, east was not seen/)
    const unrelated = { ...facts, unreachable: alone.unreachable }
    assert.equal(explain(unrelated).works, true, 'all members are seen: it is none of them')
    assert.deepEqual(notOk(explain(unrelated)), ['- context: unknown'])
  })

  it('says of whom a context is taken to be, where that may not be read', () => {
    const explanation = explain(healthyFacts(() => ({ west: { isAssumed: true } })))
    assert.equal(explanation.works, true)
    assert.deepEqual(notOk(explanation), ['west member: unknown'])
  })

  it('names two clusters with one id', () => {
    const facts = healthyFacts(() => ({ west: { clusterId: 'east' } }))
    const { firstBroken } = explain(facts)
    assert.equal(firstBroken?.step, 'member')
  })

  it('names a cluster that is prepared and has not joined', () => {
    const outsider = {
      context: 'new',
      kubectl: 'kubectl --context new',
      server: 'https://new',
      prepared: true,
    }
    const facts = healthyFacts(() => ({ east: { registryContext: 'hub' } }))
    const { firstBroken } = explain({ ...facts, outsiders: [outsider] })
    assert.match(
      firstBroken?.state === 'broken' ? (firstBroken.wayOut.command ?? '') : '',
      /^isthmus join --context new --registry-context hub --cluster-id new$/,
    )
    assert.equal(explain({ ...healthyFacts(), outsiders: [{ ...outsider, prepared: false }] }).works, true)
  })

  it('warns of a conflict, which breaks nothing', () => {
    const exported = serviceExport()
    const wanted = {
      type: 'Conflict',
      status: 'True' as const,
      reason: 'PortConflict',
      message: 'ports differ',
    }
    const conditions = [...withConditions([], [wanted], '2026-11-22T12:00:00Z')]
    const explanation = explain(
      healthyFacts(() => ({ east: { serviceExport: { value: { ...exported, status: { conditions } } } } })),
    )
    assert.deepEqual(notOk(explanation), ['east conflicts: warning'])
    assert.equal(explanation.works, true)
  })

  it('says so where nobody has the Service', () => {
    const facts = healthyFacts(() => ({
      east: {
        service: { value: undefined },
        serviceExport: { value: undefined },
        index: { value: indexOf('east', []) },
        derivedService: { value: undefined },
        importedSlices: { value: [] },
        serviceImport: { value: undefined },
      },
      west: {
        derivedService: { value: undefined },
        importedSlices: { value: [] },
        serviceImport: { value: undefined },
      },
    }))
    const { firstBroken } = explain(facts)
    assert.match(firstBroken?.state === 'broken' ? firstBroken.what : '', /in east, nor in any other member/)
  })

  describe('with a context of the importer alone', () => {
    const exporterUnasked = (change: Partial<ClusterReading> = {}) => {
      const links = { value: [{ clusterId: 'east', highestSequence: 1, state: 'connected' }] }
      const facts = healthyFacts(() => ({ west: { links, ...change } }))
      return explain({ ...facts, clusters: facts.clusters.filter(({ clusterId }) => clusterId === 'west') })
    }
    const of = (explanation: Explanation, step: string) =>
      explanation.sections.flatMap(({ findings }) => findings).find(finding => finding.step === step)

    it('does not say that nobody has the Service', () => {
      const explanation = exporterUnasked()
      assert.equal(explanation.firstBroken, null)
      const found = of(explanation, 'service')
      assert.match(
        found?.state === 'unknown' ? found.why : '',
        /no Service demo\/hello in west; east could not be asked/,
      )
    })

    it('does not call a Service broken that may be exported elsewhere', () => {
      const explanation = exporterUnasked({
        service: { value: service() },
        sourceSlices: { value: [slice('hello-1')] },
      })
      assert.equal(explanation.firstBroken, null)
      assert.equal(of(explanation, 'service-export')?.state, 'warning')
    })
  })

  it('does not say that nobody has the Service where another member could not be read', () => {
    const facts = healthyFacts(() => ({
      east: {
        service: { unread: 'timed out' },
        serviceExport: { unread: 'timed out' },
        index: { unread: 'timed out' },
      },
    }))
    const { firstBroken } = explain(facts)
    assert.doesNotMatch(JSON.stringify(firstBroken), /no Service/)
  })
})
