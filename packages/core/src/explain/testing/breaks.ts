import assert from 'node:assert/strict'
import { explain } from '../explain.ts'
import type { ClusterReading } from '../facts.ts'
import type { StepName } from '../verdict.ts'
import { healthyFacts } from './healthy-facts.ts'

export type Change = Partial<ClusterReading>

/** One thing that is broken in a healthy ClusterSet, and what has to be said of it to who calls from west. */
export interface Break {
  readonly name: string
  readonly east?: (east: ClusterReading) => Change
  readonly west?: (west: ClusterReading) => Change
  readonly step: StepName
  readonly cluster: string
  readonly says: RegExp
  readonly command: RegExp
}

export function assertFirstBroken({ east, west, step, cluster, says, command }: Break): void {
  const facts = healthyFacts((e, w) => ({ east: east?.(e) ?? {}, west: west?.(w) ?? {} }))
  const { firstBroken, works } = explain(facts, 'west')
  assert.equal(works, false)
  assert.equal(firstBroken?.state, 'broken', JSON.stringify(firstBroken))
  assert.deepEqual([firstBroken.step, firstBroken.cluster], [step, cluster], firstBroken.what)
  assert.match(firstBroken.what, says)
  assert.match(firstBroken.wayOut.command ?? '', command)
  assert.match(firstBroken.wayOut.sentence, /\.$/)
}
