import { Command, Option } from 'commander'
import type { CommandFactory } from '../program.ts'
import { withContextsOptions } from './contexts-options.ts'
import { numberBetween } from './number.ts'
import { repeatableOption } from './repeated-options.ts'

export interface ExplainFlags {
  namespace: string
  from?: string
  dns?: string[]
  kubeconfig?: string
  context?: string
  agentNamespace?: string
  exchangeNamespace?: string
  timeout: number
  settle: number
  output: 'text' | 'json'
}

export const explainCommand: CommandFactory = (context, exit) =>
  withContextsOptions(
    new Command('explain')
      .summary('why a service can, or cannot, be called from a cluster')
      .description(
        'walk the whole way of a service, from the exporting clusters to the name in each importing one, and name the first broken step with the way out',
      )
      .argument('<service>', 'name of the Service')
      .requiredOption('-n, --namespace <name>', 'its namespace')
      .option('--from <cluster>', 'cluster that it is called from: its id, or its context (default: all)')
      .addOption(
        repeatableOption<string[]>(
          '--dns <[cluster=]host:port>',
          'DNS server of a cluster, to ask for the name; may be given several times',
          (value, before = []) => [...before, value],
        ),
      )
      .option(
        '--settle <seconds>',
        'a change may be on its way: what is broken is looked at again after this; 0: it is not',
        numberBetween(0, 600, { whole: false }),
        1.5,
      ),
  )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
It reads with your rights, changes nothing, and needs no agent to run. Which context is which member it learns from
the ClusterProperty cluster.clusterset.k8s.io. In the playground it also asks the DNS servers and connects.
The exit code is 1 when a step is broken.

Examples:
  isthmus explain hello -n demo
  isthmus explain hello -n demo --from west -o json
  isthmus explain hello -n demo --kubeconfig .isthmus/kubeconfig`,
    )
    .action(async (service: string, flags: ExplainFlags) => {
      const { runExplain } = await import('../explain/run-explain.ts')
      exit(await runExplain(service, flags, context))
    })
