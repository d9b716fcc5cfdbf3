/** The authoritative DNS server of clusterset.local. */

export { type AnswerCount, Counters, type Transport } from './counters.ts'
export { ERRORS } from './errors.ts'
export { dnsMetrics } from './metrics.ts'
export {
  DnsServer,
  type DnsServerOptions,
  type DnsServerSettings,
  type ListenAddress,
  type ListenOptions,
} from './server.ts'
export { ClusterSource } from './source/cluster-source.ts'
export { ObjectSource, type ZoneObject } from './source/object-source.ts'
export type { ImportedService, ZoneSource, ZoneSourceListener } from './source/source.ts'
