import type { Command } from 'commander'
import type { ClusterFlags } from './cluster-options.ts'

export interface RegistryFlags {
  registryContext?: string
  registryKubeconfig?: string
  clusterset?: string
}

/** Cluster and registry: two contexts, of one kubeconfig unless said. */
export type BothFlags = ClusterFlags & RegistryFlags

/** The flags that say where the registry is, and which ClusterSet of it is meant. */
export function withRegistryOptions(command: Command): Command {
  return command
    .option('--registry-context <name>', 'context of the API server that keeps the registry')
    .option('--registry-kubeconfig <file>', 'kubeconfig that it is in (default: that of --kubeconfig)')
    .option('--clusterset <name>', 'the ClusterSet, if the registry keeps several')
}
