import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'

/** `isthmus stop` and `isthmus start`: one cluster of the running playground. */
const controlCommand =
  (verb: 'stop' | 'start', description: string, help: string): CommandFactory =>
  context =>
    new Command(verb)
      .summary(`${verb} one of these clusters`)
      .description(description)
      .argument('<cluster>', 'name of the cluster')
      .addHelpText('after', help)
      .action(async (cluster: string) => {
        const { runControl } = await import('../playground/run-control.ts')
        await runControl(verb, cluster, context)
      })

export const stopCommand = controlCommand(
  'stop',
  'stop one cluster of the running playground: its API server, agent, DNS and pods',
  `
The others go on with what they know of it. Its objects are kept for \`isthmus start\`.

Example:
  isthmus stop west`,
)

export const startCommand = controlCommand(
  'start',
  'start a cluster of the running playground again; or, in one that left the ClusterSet and joined again, its agent and DNS server',
  `
Example:
  isthmus start west`,
)
