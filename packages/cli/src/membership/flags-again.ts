/** A command line that can be pasted: with the flags that this one was given. */
import type { ClusterFlags } from '../commands/cluster-options.ts'
import type { BothFlags } from '../commands/registry-options.ts'

export function clusterFlags({ kubeconfig, context }: ClusterFlags): string {
  return flag('kubeconfig', kubeconfig) + flag('context', context)
}

export function registryFlags({ registryContext, registryKubeconfig }: BothFlags): string {
  return flag('registry-kubeconfig', registryKubeconfig) + flag('registry-context', registryContext)
}

export function flag(name: string, value: string | undefined): string {
  if (value === undefined) return ''
  return ` --${name} ${/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`
}
