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

export type RuleName = keyof LostMemberPolicy
export const RULE_NAMES = Object.keys(DEFAULT_LOST_MEMBER_POLICY) as RuleName[]

/** For each rule, what it may do. */
export const ALLOWED_ACTIONS: Readonly<Record<RuleName, readonly LostAction[]>> = {
  controlPlaneLost: LOST_ACTIONS,
  endpointsLost: ['keep', 'notReady'],
  gone: LOST_ACTIONS,
}

/** What one source says: of some rules, or of none; an action without a duration leaves the duration as it is. */
export type LostMemberRules = {
  readonly [Name in RuleName]?: { readonly action: LostAction; readonly after?: number }
}

/** The policy with what a stronger source says laid over it, rule by rule. */
export function withRules(policy: LostMemberPolicy, rules: LostMemberRules): LostMemberPolicy {
  return {
    controlPlaneLost: { ...policy.controlPlaneLost, ...rules.controlPlaneLost },
    endpointsLost: { ...policy.endpointsLost, ...rules.endpointsLost },
    gone: { ...policy.gone, ...rules.gone },
  }
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
