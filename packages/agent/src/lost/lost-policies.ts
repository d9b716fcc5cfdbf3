import { isDeepStrictEqual } from 'node:util'
import { NAMESPACES, type Namespace } from '@isthmus/api'
import {
  ANNOTATION_LOST_MEMBER_POLICY,
  annotationForService,
  DEFAULT_LOST_MEMBER_POLICY,
  type LostMemberPolicy,
  type LostMemberRules,
  parseLostMemberPolicy,
  withRules,
} from '@isthmus/core'
import { parseKey, type Store } from '@isthmus/kube'
import type { Recorder } from '../events/event-recorder.ts'
import { StandingNotes } from '../events/standing-notes.ts'

/** Different texts that are remembered: there are a few, unless somebody plays with them. */
const MAX_TEXTS = 1000

/**
 * The policy for lost members, by service: that of the ClusterSet, over it what this agent was given, and over both
 * what annotations of the service's namespace in this cluster say. The one place that knows where policies come from.
 */
export class LostPolicies {
  readonly #own: LostMemberRules
  #base: LostMemberPolicy
  readonly #namespaces: Store<Namespace>
  readonly #mistakes: StandingNotes
  readonly #parsed = new Map<string, LostMemberPolicy>()

  constructor(own: LostMemberRules, namespaces: Store<Namespace>, recorder: Recorder) {
    this.#own = own
    this.#base = withRules(DEFAULT_LOST_MEMBER_POLICY, own)
    this.#namespaces = namespaces
    this.#mistakes = new StandingNotes(recorder)
  }

  /** Of services without a policy of their own. */
  get base(): LostMemberPolicy {
    return this.#base
  }

  /** Takes up what the ClusterSet says. Whether that changes anything here. */
  useClusterSet(rules: LostMemberRules): boolean {
    const base = withRules(withRules(DEFAULT_LOST_MEMBER_POLICY, rules), this.#own)
    if (isDeepStrictEqual(base, this.#base)) return false
    this.#base = base
    this.#parsed.clear()
    return true
  }

  /** The policy for a service: `namespace/name`. */
  of(key: string): LostMemberPolicy {
    const { namespace = '', name } = parseKey(key)
    const object = this.#namespaces.get(namespace)
    const annotations = object?.metadata.annotations
    if (object === undefined || annotations === undefined) return this.#base
    const all = this.#over(this.#base, object, ANNOTATION_LOST_MEMBER_POLICY)
    return this.#over(all, object, annotationForService(name))
  }

  /** Every policy that any service has, and perhaps some that none has any more. */
  all(): readonly LostMemberPolicy[] {
    return [this.#base, ...this.#parsed.values()]
  }

  #over(base: LostMemberPolicy, object: Namespace, annotation: string): LostMemberPolicy {
    const text = object.metadata.annotations?.[annotation]
    if (text === undefined) return base
    const known = `${JSON.stringify(base)} ${text}`
    const before = this.#parsed.get(known)
    const parsed = before === undefined ? parseLostMemberPolicy(text, base) : { policy: before }
    this.#tell(object, annotation, 'mistake' in parsed ? parsed.mistake : undefined)
    // One that cannot be read changes nothing.
    if ('mistake' in parsed) return base
    if (this.#parsed.size >= MAX_TEXTS) this.#parsed.clear()
    this.#parsed.set(known, parsed.policy)
    return parsed.policy
  }

  #tell(object: Namespace, annotation: string, mistake: string | undefined): void {
    const { name = '' } = object.metadata
    const content = {
      type: 'Warning',
      reason: 'LostMemberPolicyInvalid',
      action: 'Import',
      note: `annotation ${annotation} is not used: ${mistake}`,
    } as const
    const regarding = { type: NAMESPACES, object, namespace: name }
    this.#mistakes.look(name, annotation, regarding, mistake === undefined ? undefined : content)
  }
}
