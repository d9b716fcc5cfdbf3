import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withClusterOptions } from './cluster-options.ts'
import { numberBetween } from './number.ts'
import { type BothFlags, withRegistryOptions } from './registry-options.ts'

export interface RelinkFlags extends BothFlags {
  peer?: string
  accept?: boolean
  registryServer?: string
  registryCertificateAuthority?: string
  agentNamespace?: string
  exchangeNamespace?: string
  wait: boolean
  timeout: number
}

export const relinkCommand: CommandFactory = context =>
  withRegistryOptions(
    withClusterOptions(
      new Command('relink')
        .summary('mend the links of a member')
        .description(
          'mend the links of a member: after a token was stolen, after it was away for longer than a token lives (24 hours), or after another member moved to an address that nobody could tell it',
        ),
    ),
  )
    .option('--peer <id>', 'the link with this member alone (default: with all)')
    .option('--accept', 'believe the address and authority that the peer announces now; needs --peer')
    .option(
      '--registry-server <url>',
      'where its agent reaches the registry (default: as the kubeconfig says)',
    )
    .option('--registry-certificate-authority <file>', 'PEM of the authority of that server')
    .option('--agent-namespace <name>', 'namespace of the agent (default: as the cluster notes it)')
    .option(
      '--exchange-namespace <name>',
      'namespace in which it publishes (default: as the cluster notes it)',
    )
    .option('--no-wait', 'do not wait until it is linked')
    .option('--timeout <seconds>', 'how long to wait for that', numberBetween(1, 86_400), 60)
    .addHelpText(
      'after',
      `
All credentials that it and the others have issued to each other, and its own for the registry, end: their accounts are
made anew.

What another member announces is not believed by itself when it differs from what was pinned when it joined: with
--accept you say that you have made sure of it.

Examples:
  isthmus relink --context east --registry-context hub
  isthmus relink --context east --registry-context hub --peer west --accept`,
    )
    .action(async (flags: RelinkFlags) => {
      const { runRelink } = await import('../membership/run-relink.ts')
      await runRelink(flags, context)
    })
