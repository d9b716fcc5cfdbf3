import type { Command } from 'commander'
import { numberBetween } from './number.ts'
import { repeatableOption } from './repeated-options.ts'

/** The flags of commands that look at many clusters at once. */
export function withContextsOptions(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'kubeconfig to use (default: as kubectl: $KUBECONFIG, ~/.kube/config, in-cluster)',
    )
    .addOption(
      repeatableOption<string>(
        '--context <names>',
        'contexts in it, separated by commas, or once for each (default: all)',
        (value, before) => (before === undefined ? value : `${before},${value}`),
      ),
    )
    .option('--agent-namespace <name>', 'namespace of the agents (default: as each cluster notes it)')
    .option(
      '--exchange-namespace <name>',
      'namespace in which they publish (default: as each cluster notes it)',
    )
    .option(
      '--timeout <seconds>',
      'longest time that a cluster may take',
      numberBetween(0.1, 600, { whole: false }),
      5,
    )
}
