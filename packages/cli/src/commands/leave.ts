import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withClusterOptions } from './cluster-options.ts'
import { numberBetween } from './number.ts'
import { type BothFlags, withRegistryOptions } from './registry-options.ts'

export interface LeaveFlags extends BothFlags {
  clusterId?: string
  force?: boolean
  timeout: number
  agentNamespace?: string
  exchangeNamespace?: string
}

export const leaveCommand: CommandFactory = context =>
  withRegistryOptions(
    withClusterOptions(
      new Command('leave')
        .summary('end the membership of a cluster')
        .description(
          'end the membership of a cluster: the others withdraw what it exports, then all that Isthmus made in it is removed, and nothing else. It may be interrupted and run again',
        ),
    ),
  )
    .option('--cluster-id <id>', 'member whose cluster is gone for good; without --context')
    .option('--force', 'go on without members that do not answer, and without the end of the agent')
    .option(
      '--timeout <seconds>',
      'how long the agent, and then the other members, may take',
      numberBetween(1, 3600),
      60,
    )
    .option('--agent-namespace <name>', 'namespace of the agent (default: as the cluster notes it)')
    .option(
      '--exchange-namespace <name>',
      'namespace in which it publishes (default: as the cluster notes it)',
    )
    .addHelpText(
      'after',
      `
ServiceExports stay, as they are yours, and so do their CRD while there are any, and CRDs that were there before.

Examples:
  isthmus leave --context east --registry-context hub
  isthmus leave --cluster-id east --registry-context hub       the cluster does not exist any more`,
    )
    .action(async (flags: LeaveFlags) => {
      const { runLeave } = await import('../membership/run-leave.ts')
      await runLeave(flags, context)
    })
