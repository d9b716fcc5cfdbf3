import { Command, Option } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withClusterOptions } from './cluster-options.ts'
import { type BothFlags, withRegistryOptions } from './registry-options.ts'

export interface MembersFlags extends BothFlags {
  agentNamespace?: string
  output: 'text' | 'json'
}

export const membersCommand: CommandFactory = context =>
  withRegistryOptions(
    withClusterOptions(
      new Command('members')
        .summary('show the members of a ClusterSet')
        .description(
          'show the members of a ClusterSet and their links: from the registry, or, with --context alone, as that member knows them',
        ),
    ),
  )
    .option('--agent-namespace <name>', 'namespace of the agent (default: as the cluster notes it)')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  isthmus members --registry-context hub
  isthmus members --context east
  isthmus members --registry-context hub -o json`,
    )
    .action(async (flags: MembersFlags) => {
      const { runMembers } = await import('../membership/run-members.ts')
      await runMembers(flags, context)
    })
