/** Several clusters with agents, DNS, pods and a service proxy in one process. */

export { loopbackOf } from './addresses/loopback.ts'
export type { Cluster, ClusterState } from './cluster/cluster.ts'
export { DEMO_NAMESPACE, DEMO_SERVICE, type DemoOptions } from './cluster/demo-objects.ts'
export { askPlayground } from './control/control-client.ts'
export type { ControlRequest } from './control/control-protocol.ts'
export { ERRORS } from './errors.ts'
export {
  type ClusterAddress,
  homeFolder,
  type PlaygroundState,
  readState,
} from './home/playground-state.ts'
export type { EchoAnswer } from './kubelet/echo-answer.ts'
export { Playground, type PlaygroundOptions, type PlaygroundStep } from './playground.ts'
export type {
  ClusterSnapshot,
  ImportSnapshot,
  PlaygroundSnapshot,
  ReadyCount,
} from './snapshot/snapshot.ts'
