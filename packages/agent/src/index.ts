export { Agent } from './agent.ts'
export { ERRORS } from './errors.ts'
export { type HealthOptions, type HealthServer, serveHealth } from './http/serve-health.ts'
export * from './install/install.ts'
export type {
  AgentOptions,
  AgentStatus,
  ExportStatus,
  ImportStatus,
  LinkState,
  LinkStatus,
  PeerOptions,
} from './options.ts'
