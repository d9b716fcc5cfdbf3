export { Agent } from './agent.ts'
export { ERRORS } from './errors.ts'
export { type HealthOptions, type HealthServer, serveHealth } from './http/serve-health.ts'
export * from './install/install.ts'
export type { LeadershipOptions } from './leadership/leadership.ts'
export { LEADER_LEASE_NAME } from './leadership/leadership.ts'
export type { LostMemberOptions } from './lost/lost-members.ts'
export { type Probe, tcpProbe } from './lost/tcp-probe.ts'
export * from './membership/commands/index.ts'
export {
  type DeliverOptions,
  deliverCredential,
  type IssueOptions,
  type IssuingClient,
  issueCredential,
} from './membership/issue-credential.ts'
export { removeReader } from './membership/remove-reader.ts'
export { type IssuedToken, requestToken } from './membership/request-token.ts'
export type {
  AgentOptions,
  AgentStatus,
  ExportStatus,
  ImportStatus,
  LinkState,
  LinkStatus,
  MembershipStatus,
  PeerOptions,
} from './options.ts'
export { explainOwn } from './own/own-client.ts'
