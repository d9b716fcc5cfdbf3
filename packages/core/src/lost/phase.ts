import { LOST_AFTER_MS, type LostAction, type LostMemberPolicy } from './policy.ts'
import type { MemberSilence, Silence } from './silence.ts'

/** What a lost member is to one service here. */
export type MemberPhase =
  /** Nothing is amiss. */
  | 'present'
  /** Its control plane is lost, its endpoints stay as they were. */
  | 'kept'
  /** Its endpoints stay, as not ready. */
  | 'notReady'
  /** As if it did not export the service. */
  | 'removed'

interface Rule {
  readonly name: keyof LostMemberPolicy
  /** For how many milliseconds what the rule is about has lasted; 0 where it does not apply. */
  readonly lasted: (silence: MemberSilence) => number
}

const RULES: readonly Rule[] = [
  // Without a publisher nothing that changes there is learned here, whether or not its API server answers.
  { name: 'controlPlaneLost', lasted: ({ controlPlane }) => controlPlane.silentMs },
  // Only once nothing is learned: while a member publishes, it says itself which of its endpoints are ready.
  { name: 'endpointsLost', lasted: ({ endpoints }) => endpoints.silentMs },
  // An API server that can be read says what is exported: a publisher that is down withdraws nothing.
  { name: 'gone', lasted: ({ apiServer }) => (isLost(apiServer) ? apiServer.silentMs : 0) },
]

const PHASES: Readonly<Record<LostAction, MemberPhase>> = {
  keep: 'kept',
  notReady: 'notReady',
  remove: 'removed',
}
const STRENGTH: readonly MemberPhase[] = ['present', 'kept', 'notReady', 'removed']

/** What a member is to a service with this policy: the strongest of what the rules say. */
export function phaseOf(silence: MemberSilence, policy: LostMemberPolicy): MemberPhase {
  if (!isLost(silence.unheard)) return 'present'
  return RULES.reduce<MemberPhase>((phase, { name, lasted }) => {
    const { action, after } = policy[name]
    const duration = lasted(silence)
    return duration === 0 || duration < after ? phase : strongest(phase, PHASES[action])
  }, 'kept')
}

/** Whether a silence is more than a restart, or a connection that breaks. */
export function isLost({ silentMs }: Silence): boolean {
  return silentMs >= LOST_AFTER_MS
}

export function strongest(a: MemberPhase, b: MemberPhase): MemberPhase {
  return STRENGTH.indexOf(a) > STRENGTH.indexOf(b) ? a : b
}
