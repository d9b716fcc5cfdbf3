import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { type ClusterFlags, withClusterOptions } from './cluster-options.ts'

export interface InstallFlags extends ClusterFlags {
  agentNamespace?: string
  exchangeNamespace?: string
  coredns?: boolean
  dryRun?: boolean
  print?: boolean
}

export const installCommand: CommandFactory = context =>
  withClusterOptions(
    new Command('install')
      .summary('prepare a cluster: kinds, namespaces, permissions')
      .description(
        'prepare a cluster: kinds (CRDs), namespaces and permissions. It runs nothing there, and may be run again',
      ),
  )
    .option('--agent-namespace <name>', 'namespace of the agent (default: isthmus-system)')
    .option(
      '--exchange-namespace <name>',
      'namespace in which it publishes for its peers (default: isthmus-exchange)',
    )
    .option('--coredns', 'also let kube-system/coredns read ServiceImports')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--print', 'print the objects as YAML, for kubectl or a repository; no cluster is needed')
    .addHelpText(
      'after',
      `
Examples:
  isthmus install --kubeconfig ~/.kube/config --context a
  isthmus install --context a --dry-run
  isthmus install --print | kubectl --context a apply --server-side -f -

CRDs of the Multi-Cluster Services API that are there already are used as they are.`,
    )
    .action(async (flags: InstallFlags) => {
      const { runInstall } = await import('../install/run-install.ts')
      await runInstall(flags, context)
    })
