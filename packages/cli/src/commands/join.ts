import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withClusterOptions } from './cluster-options.ts'
import { numberBetween } from './number.ts'
import { type BothFlags, withRegistryOptions } from './registry-options.ts'

export interface JoinFlags extends BothFlags {
  clusterId: string
  server?: string
  certificateAuthority?: string
  tlsServerName?: string
  registryServer?: string
  registryCertificateAuthority?: string
  podCidrs?: string
  agentNamespace?: string
  exchangeNamespace?: string
  coredns?: boolean
  wait: boolean
  timeout: number
}

export const joinCommand: CommandFactory = context =>
  withRegistryOptions(
    withClusterOptions(
      new Command('join')
        .summary('make a cluster a member of a ClusterSet')
        .description(
          'make a cluster a member of a ClusterSet: check that it may, prepare it, register it, and wait until it is linked both ways with every other member. It may be interrupted and run again',
        ),
    ),
  )
    .requiredOption('--cluster-id <id>', 'id of the member: one RFC 1123 label, for as long as it is one')
    .option(
      '--server <url>',
      'where the other members reach its API server (default: as the kubeconfig says)',
    )
    .option(
      '--certificate-authority <file>',
      "PEM of the authority of that server (default: the kubeconfig's)",
    )
    .option('--tls-server-name <name>', 'name in its certificate, if it is not the host of the URL')
    .option(
      '--registry-server <url>',
      'where its agent reaches the registry (default: as the kubeconfig says)',
    )
    .option('--registry-certificate-authority <file>', 'PEM of the authority of that server')
    .option(
      '--pod-cidrs <list>',
      'address ranges of its pods, separated by commas (default: those of its nodes)',
    )
    .option('--agent-namespace <name>', 'namespace of the agent (default: isthmus-system)')
    .option(
      '--exchange-namespace <name>',
      'namespace in which it publishes for the others (default: isthmus-exchange)',
    )
    .option('--coredns', 'also let kube-system/coredns read ServiceImports')
    .option('--no-wait', 'do not wait until it is linked')
    .option('--timeout <seconds>', 'how long to wait for that', numberBetween(1, 86_400), 300)
    .addHelpText(
      'after',
      `
Whatever is in the way (an id in use, address ranges that overlap another member's, a Kubernetes that is too old, …) is
told at once, and nothing is changed. CRDs of the Multi-Cluster Services API that are there already are used as they
are. Run it again with another --server to announce a new address.

Examples:
  isthmus join --context east --registry-context hub --cluster-id east
  isthmus join --context kind-a --registry-context hub --cluster-id a --server https://10.0.0.5:6443`,
    )
    .action(async (flags: JoinFlags) => {
      const { runJoin } = await import('../membership/run-join.ts')
      await runJoin(flags, context)
    })
