import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { numberBetween } from './number.ts'

export interface UpFlags {
  clusters: string
  demo: boolean
  demoPort: number
  demoReplicas: number
  logFile?: string
}

export const upCommand: CommandFactory = context =>
  new Command('up')
    .summary('start clusters on this machine, and a demo service in all of them')
    .description(
      'start clusters on this machine, each with API server, agent, DNS and service proxy, and a demo service',
    )
    .option('--clusters <names>', 'names of the clusters, between commas', 'east,west,north')
    .option('--no-demo', 'without the service hello in the namespace demo')
    .option('--demo-port <number>', 'port of hello', numberBetween(1, 65_535), 8080)
    .option(
      '--demo-replicas <number>',
      'pods of hello in each cluster that exports it',
      numberBetween(1, 50),
      2,
    )
    .option('--log-file <file>', "write the agents' logs there, as lines of JSON")
    .addHelpText(
      'after',
      `
On a terminal it then shows members, imports and links as they are; piped, it prints a line for each change.
Ctrl-C ends all of it. Nothing stays behind, and nothing needs root.

Examples:
  isthmus up
  isthmus up --clusters a,b --no-demo`,
    )
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('../up/run-up.ts')
      await runUp(flags, context)
    })
