import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { type ClusterFlags, withClusterOptions } from './cluster-options.ts'

export interface InitFlags extends ClusterFlags {
  clusterset: string
  namespace?: string
  lostMemberPolicy?: string
}

export const initCommand: CommandFactory = context =>
  withClusterOptions(
    new Command('init')
      .summary('make the registry of a ClusterSet')
      .description(
        'make the registry of a ClusterSet, in any API server: that of a member, or another. It may be run again',
      ),
  )
    .requiredOption('--clusterset <name>', 'name of the ClusterSet')
    .option('--namespace <name>', 'namespace of the registry (default: clusterset-<name>)')
    .option(
      '--lost-member-policy <rules>',
      'what becomes of members that are lost, in all clusters of the set; "" for the default (default: as it is)',
    )
    .addHelpText(
      'after',
      `
The registry says who is a member, and is needed only to join and to leave: links, restarts and imports go on
without it.

Examples:
  isthmus init --context hub --clusterset prod
  isthmus init --context hub --clusterset prod --lost-member-policy gone=remove:12h
  isthmus join --context east --registry-context hub --cluster-id east`,
    )
    .action(async (flags: InitFlags) => {
      const { runInit } = await import('../membership/run-init.ts')
      await runInit(flags, context)
    })
