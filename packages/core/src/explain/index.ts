/** Why a service can, or cannot, be called: facts, steps and what they come to. */
export { type AgentHealth, agentHealth } from './agent-health.ts'
export { type Explanation, explain, type Finding, keyOf, type Section } from './explain.ts'
export * from './facts.ts'
export { duration, isRenewed } from './heartbeat.ts'
export { isRevoked, lagOf, linkVerdict } from './link-steps.ts'
export { domainName } from './name-steps.ts'
export type { StepName, Verdict, WayOut } from './verdict.ts'
