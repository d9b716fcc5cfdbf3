import {
  ALLOWED_ACTIONS,
  DEFAULT_LOST_MEMBER_POLICY,
  type LostMemberPolicy,
  type LostMemberRules,
  RULE_NAMES,
  type RuleName,
  withRules,
} from './policy.ts'

export type ParsedRules = { readonly rules: LostMemberRules } | { readonly mistake: string }
export type ParsedPolicy = { readonly policy: LostMemberPolicy } | { readonly mistake: string }

/** A policy needs a hundred; a text may come from another cluster, and comes back in messages. */
const MAX_LENGTH = 256

/** Reads `controlPlaneLost=keep,endpointsLost=notReady:1m,gone=remove:24h`: any of the three. */
export function parseLostMemberRules(text: string): ParsedRules {
  if (text.length > MAX_LENGTH) return { mistake: `it is longer than ${MAX_LENGTH} characters` }
  const rules: { -readonly [Name in RuleName]?: LostMemberRules[Name] } = {}
  for (const part of text.split(',').map(part => part.trim())) {
    if (part === '') continue
    const [name = '', value = '', ...more] = part.split('=').map(word => word.trim())
    const rule = RULE_NAMES.find(known => known === name)
    if (rule === undefined || more.length > 0)
      return { mistake: `"${part}" is no rule: give ${RULE_NAMES.join(', ')}, as in gone=remove:24h` }
    const { action: given, duration } = splitAtColon(value)
    const action = ALLOWED_ACTIONS[rule].find(known => known === given)
    if (action === undefined)
      return { mistake: `${rule} is one of ${ALLOWED_ACTIONS[rule].join(', ')}, not "${given}"` }
    if (duration === undefined) {
      rules[rule] = { action }
      continue
    }
    const after = parseDuration(duration)
    if (after === undefined)
      return { mistake: `"${duration}" is no duration of at most ${MAX_DAYS} days, such as 30s, 5m or 24h` }
    rules[rule] = { action, after }
  }
  return { rules }
}

/** As {@link parseLostMemberRules}, over a policy that holds for what is not said. */
export function parseLostMemberPolicy(
  text: string,
  base: LostMemberPolicy = DEFAULT_LOST_MEMBER_POLICY,
): ParsedPolicy {
  const parsed = parseLostMemberRules(text)
  return 'mistake' in parsed ? parsed : { policy: withRules(base, parsed.rules) }
}

/** As {@link parseLostMemberPolicy} reads it. */
export function formatLostMemberPolicy(policy: LostMemberPolicy): string {
  return RULE_NAMES.map(name => {
    const { action, after } = policy[name]
    return after === 0 || action === 'keep' ? `${name}=${action}` : `${name}=${action}:${duration(after)}`
  }).join(',')
}

function splitAtColon(value: string): { action: string; duration: string | undefined } {
  const colon = value.indexOf(':')
  if (colon === -1) return { action: value, duration: undefined }
  return { action: value.slice(0, colon), duration: value.slice(colon + 1) }
}

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
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
