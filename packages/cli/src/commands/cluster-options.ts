import { resolve } from 'node:path'
import type { ClusterClient } from '@isthmus/kube'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'

export interface ClusterFlags {
  kubeconfig?: string
  context?: string
}

/** The two flags that say which cluster, as kubectl has them. */
export function withClusterOptions(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'kubeconfig to use (default: as kubectl: $KUBECONFIG, ~/.kube/config, in-cluster)',
    )
    .option('--context <name>', 'context in it (default: the current one)')
}

/**
 * Works on the cluster that the flags name. What it refuses is told as "Could not <doing>: …".
 * Loads what is needed for it.
 */
export async function withCluster<Result>(
  { kubeconfig, context: name }: ClusterFlags,
  { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>,
  doing: string,
  work: (client: ClusterClient) => Promise<Result>,
): Promise<Result> {
  const { connect, explainError, loadCredentials } = await import('@isthmus/kube')
  const file = kubeconfig === undefined ? undefined : resolve(cwd, kubeconfig)
  const client = connect(loadCredentials({ kubeconfig: file, context: name, environment: env }))
  try {
    return await work(client)
  } catch (error) {
    throw explainError(error, { doing, context: name })
  } finally {
    await client.close()
  }
}
