import {
  CONFIG_MAPS,
  type ConfigMap,
  LABEL_MANAGED_BY,
  LOST_MEMBER_POLICY_KEY,
  LOST_MEMBER_POLICY_NAME,
  MANAGER,
  NAMESPACES,
} from '@isthmus/api'
import { isStated, policyToStore } from '@isthmus/core'
import { isAlreadyExists } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { Recorder } from '../../events/event-recorder.ts'
import { StandingNotes } from '../../events/standing-notes.ts'
import type { GatedClient } from '../../leadership/write-gate.ts'
import type { OwnCluster } from '../../own/own-cluster.ts'
import type { OwnRecords } from './own-records.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface PolicyCopyOptions {
  readonly gated: Pick<GatedClient, 'create' | 'patch'>
  readonly agentNamespace: string
  readonly own: Pick<OwnCluster, 'namespaces'>
  readonly records: Pick<OwnRecords, 'policyHeld' | 'policyCopy' | 'policyStored'>
  readonly recorder: Recorder
  readonly log: Logger
}

const WHAT = "the ClusterSet's policy for lost members"

/** Keeps the ClusterSet's policy for lost members in the own cluster, so that the registry may be gone. */
export class PolicyCopy {
  readonly #options: PolicyCopyOptions
  readonly #mistakes: StandingNotes
  #notice: string | undefined

  constructor(options: PolicyCopyOptions) {
    this.#options = options
    this.#mistakes = new StandingNotes(options.recorder)
  }

  /** Why what the registry says is not used, for a status line. */
  get notice(): string | undefined {
    return this.#notice
  }

  async keep(
    registry: Pick<RegistryFollower, 'lostMemberPolicy' | 'policyFailure'> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { gated, agentNamespace: namespace, records } = this.#options
    const said = registry?.lostMemberPolicy
    const mistake = said === undefined || isStated(said) ? undefined : said.mistake
    this.#tell(mistake, registry?.policyFailure)
    const stored = records.policyCopy
    const wanted = policyToStore({ registry: said, held: records.policyHeld, stored: records.policyStored })
    if (wanted === undefined) return
    const name = LOST_MEMBER_POLICY_NAME
    const data = { [LOST_MEMBER_POLICY_KEY]: wanted }
    if (stored !== undefined) {
      const { resourceVersion } = stored.metadata
      const patch = { metadata: { resourceVersion }, data }
      await gated.patch<ConfigMap>(CONFIG_MAPS, name, namespace, patch, { signal })
      return
    }
    const labels = { [LABEL_MANAGED_BY]: MANAGER, 'app.kubernetes.io/part-of': 'isthmus' }
    const copy: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, labels },
      data,
    }
    await gated.create(CONFIG_MAPS, copy, { signal }).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
  }

  #tell(mistake: string | undefined, failure: string | undefined): void {
    const { own, agentNamespace: namespace, log } = this.#options
    const before = this.#notice
    this.#notice = noticeOf(mistake, failure)
    if (this.#notice !== before && this.#notice !== undefined) log.warn(this.#notice)
    const object = own.namespaces.get(namespace)
    if (object === undefined) return
    const content = {
      type: 'Warning',
      reason: 'LostMemberPolicyInvalid',
      action: 'Import',
      note: `${WHAT} is not used: ${mistake}`,
    } as const
    const regarding = { type: NAMESPACES, object, namespace }
    this.#mistakes.look(WHAT, '', regarding, mistake === undefined ? undefined : content)
  }
}

function noticeOf(mistake: string | undefined, failure: string | undefined): string | undefined {
  if (mistake !== undefined)
    return `${WHAT} is not used, and what it was before counts: ${mistake}; \`isthmus init --lost-member-policy\` sets it`
  return failure === undefined ? undefined : `${WHAT} cannot be read: ${failure}`
}
