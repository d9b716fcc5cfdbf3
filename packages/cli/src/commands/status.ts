import { Command, Option } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withContextsOptions } from './contexts-options.ts'
import { numberBetween } from './number.ts'

export interface StatusFlags {
  kubeconfig?: string
  context?: string
  agentNamespace?: string
  exchangeNamespace?: string
  timeout: number
  watch?: boolean
  interval: number
  output: 'text' | 'json'
}

export const statusCommand: CommandFactory = (context, exit) =>
  withContextsOptions(
    new Command('status')
      .summary('members, links, exports, imports and conflicts at a glance')
      .description(
        'show members, links and their lag, exports, imports and conflicts at a glance, and what is wrong',
      ),
  )
    .option('-w, --watch', 'keep it up to date, until Ctrl-C')
    .option(
      '--interval <seconds>',
      'with --watch: how often to look',
      numberBetween(0.1, 3600, { whole: false }),
      2,
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
It reads what agents keep in their clusters, with your rights, and asks no agent: it works when one is down, and says
so. Members that no context leads to are shown as the others know them. The exit code is 1 when something is wrong.

Examples:
  isthmus status
  isthmus status --watch --context east,west
  isthmus status -o json | jq '.problems'`,
    )
    .action(async (flags: StatusFlags) => {
      const { runStatus } = await import('../status/run-status.ts')
      exit(await runStatus(flags, context))
    })
