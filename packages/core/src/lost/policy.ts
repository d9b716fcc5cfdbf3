/** What becomes of a member that is lost. `keep` < `notReady` < `remove`: the stronger of two that apply is done. */
export const LOST_ACTIONS = ['keep', 'notReady', 'remove'] as const
export type LostAction = (typeof LOST_ACTIONS)[number]

export interface LostRule {
  readonly action: LostAction
  /** Milliseconds of silence after which it is done. */
  readonly after: number
}

/** Three ways to be lost, from the mildest to the worst. Plain data, so that it may come from anywhere. */
export interface LostMemberPolicy {
  /** Nothing is heard of its publisher: what it exports may be out of date. */
  readonly controlPlaneLost: LostRule
  /** And its endpoints do not answer probes either. Never `remove`: a probe sees what one agent sees. */
  readonly endpointsLost: LostRule
  /** Its API server cannot be read, for long. */
  readonly gone: LostRule
}

const SECOND = 1000
const HOUR = 3600 * SECOND

/**
 * For how long nothing may be heard before a member counts as lost: as long as a publisher's Lease lasts. No
 * policy is faster, or the restart of an API server would be a loss.
 */
export const LOST_AFTER_MS = 40 * SECOND

export const DEFAULT_LOST_MEMBER_POLICY: LostMemberPolicy = {
  // Pods go on answering without their control plane.
  controlPlaneLost: { action: 'keep', after: 0 },
  endpointsLost: { action: 'notReady', after: 30 * SECOND },
  gone: { action: 'remove', after: 24 * HOUR },
}

type RuleName = keyof LostMemberPolicy
const RULE_NAMES = Object.keys(DEFAULT_LOST_MEMBER_POLICY) as RuleName[]

/** For each rule, what it may do. */
const ALLOWED: Readonly<Record<RuleName, readonly LostAction[]>> = {
  controlPlaneLost: LOST_ACTIONS,
  endpointsLost: ['keep', 'notReady'],
  gone: LOST_ACTIONS,
}

export type ParsedPolicy = { readonly policy: LostMemberPolicy } | { readonly mistake: string }

/**
 * Reads `controlPlaneLost=keep,endpointsLost=notReady:1m,gone=remove:24h`, over a policy that holds for what is not
 * said. An action without a duration keeps the duration that the rule has.
 */
export function parseLostMemberPolicy(
  text: string,
  base: LostMemberPolicy = DEFAULT_LOST_MEMBER_POLICY,
): ParsedPolicy {
  const policy = { ...base }
  for (const part of text.split(',').map(part => part.trim())) {
    if (part === '') continue
    const [name = '', value = '', ...more] = part.split('=').map(word => word.trim())
    const rule = RULE_NAMES.find(known => known === name)
    if (rule === undefined || more.length > 0)
      return { mistake: `"${part}" is no rule: give ${RULE_NAMES.join(', ')}, as in gone=remove:24h` }
    const [given = '', duration] = value.split(':')
    const action = ALLOWED[rule].find(known => known === given)
    if (action === undefined)
      return { mistake: `${rule} is one of ${ALLOWED[rule].join(', ')}, not "${given}"` }
    const after = duration === undefined ? base[rule].after : parseDuration(duration)
    if (after === undefined)
      return { mistake: `"${duration}" is no duration of at most ${MAX_DAYS} days, such as 30s, 5m or 24h` }
    policy[rule] = { action, after }
  }
  return { policy }
}

/** As {@link parseLostMemberPolicy} reads it. */
export function formatLostMemberPolicy(policy: LostMemberPolicy): string {
  return RULE_NAMES.map(name => {
    const { action, after } = policy[name]
    return after === 0 || action === 'keep' ? `${name}=${action}` : `${name}=${action}:${duration(after)}`
  }).join(',')
}

const UNITS = { d: 24 * HOUR, h: HOUR, m: 60 * SECOND, s: SECOND } as const
const MAX_DAYS = 366

/** `30s`, `1h30m`, as Kubernetes writes durations, and days. Milliseconds; undefined where it is none. */
function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,8}[dhms])+$/.test(text)) return undefined
  const total = [...text.matchAll(/(\d+)([dhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
    0,
  )
  return total > MAX_DAYS * UNITS.d ? undefined : total
}

function duration(milliseconds: number): string {
  let left = milliseconds
  const parts = (['h', 'm', 's'] as const).flatMap(unit => {
    const count = Math.floor(left / UNITS[unit])
    left -= count * UNITS[unit]
    return count === 0 ? [] : [`${count}${unit}`]
  })
  return parts.join('') || '0s'
}

/** Annotation of a namespace in the importing cluster: the policy of all services in it. */
export const ANNOTATION_LOST_MEMBER_POLICY = 'isthmus.dev/lost-member-policy'

const SERVICE_ANNOTATION_PREFIX = 'lost-member-policy.isthmus.dev/'

/** Annotation of a namespace in the importing cluster: the policy of one service in it. */
export function annotationForService(service: string): string {
  return `${SERVICE_ANNOTATION_PREFIX}${service}`
}

/** Whether an annotation says something of a policy for lost members. */
export function isLostMemberPolicyAnnotation(key: string): boolean {
  return key === ANNOTATION_LOST_MEMBER_POLICY || key.startsWith(SERVICE_ANNOTATION_PREFIX)
}
