import { isLost, type MemberSilence, STEADY_MS } from '@isthmus/core'
import type { LinkStatus } from '../options.ts'

type State = Pick<LinkStatus, 'state' | 'reason'>

const COMING_BACK = `it answers again, and counts as back once it has done so for ${STEADY_MS / 1000} s`
const CUT_OFF =
  'so do all other peers: this cluster may be the one that is cut off, and until one is heard no time counts for the policy'

export interface LinkSituation {
  /** What the link itself says of now. */
  readonly now: LinkStatus
  readonly silence: MemberSilence
  readonly isRead: boolean
  readonly isCutOff: boolean
}

interface Rule {
  readonly applies: (situation: LinkSituation) => boolean
  readonly state: (situation: LinkSituation) => State
}

/** The first that applies. */
const RULES: readonly Rule[] = [
  { applies: ({ silence }) => !isLost(silence.unheard), state: ({ now }) => now },
  // What it says cannot be used: worse to know than that it was away.
  { applies: ({ now, isRead }) => isRead && now.state === 'refused', state: ({ now }) => now },
  {
    applies: ({ isRead, silence }) => isRead && !isLost(silence.apiServer),
    state: situation => ({ state: 'degraded', reason: reasonOf(situation) }),
  },
  { applies: () => true, state: situation => ({ state: 'lost', reason: reasonOf(situation) }) },
]

/** The state of a link, with what has lasted taken into account. */
export function linkStateOf(situation: LinkSituation): State {
  const { state, reason } = RULES.find(({ applies }) => applies(situation))?.state(situation) ?? situation.now
  return reason === undefined ? { state } : { state, reason }
}

function reasonOf({ now, isCutOff }: LinkSituation): string {
  const reason = now.reason ?? COMING_BACK
  return isCutOff ? `${reason}; ${CUT_OFF}` : reason
}
