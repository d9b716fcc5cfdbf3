import { setTimeout as delay } from 'node:timers/promises'
import { errorOf, LEASES } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { LEADER_LEASE_NAME } from '../../leadership/leadership.ts'
import { ERRORS } from './errors.ts'

export interface AgentStoppedOptions {
  readonly client: ClusterClient
  readonly agentNamespace: string
  readonly clusterId: string
  readonly timeoutMs: number
  /** The first time that it is seen to run. */
  readonly onWait?: ((holder: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

const POLL_MS = 250

/**
 * Resolves when no agent leads: its Lease was given back, or has not been renewed for as long as it lasts, by
 * the clock of this machine.
 *
 * @throws IsthmusError ISTHMUS_AGENT_STILL_RUNS, or the client's errors
 */
export async function agentStopped(options: AgentStoppedOptions): Promise<void> {
  const { client, agentNamespace, clusterId, timeoutMs, onWait, signal } = options
  const begun = performance.now()
  let renewed = { at: begun, time: '' }
  let isTold = false
  for (;;) {
    const lease = await client
      .get(LEASES, LEADER_LEASE_NAME, agentNamespace, { signal })
      .catch(absentIfNotFound)
    const { holderIdentity: holder = '', leaseDurationSeconds = 0, renewTime = '' } = lease?.spec ?? {}
    if (holder === '') return
    const now = performance.now()
    if (renewTime !== renewed.time) renewed = { at: now, time: renewTime }
    else if (now - renewed.at > leaseDurationSeconds * 1000) return
    if (!isTold) onWait?.(holder)
    isTold = true
    if (now - begun > timeoutMs)
      throw errorOf(ERRORS.agentRuns, { clusterId, holder, seconds: Math.round(timeoutMs / 1000) })
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}
