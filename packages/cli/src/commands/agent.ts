import { Command, Option } from 'commander'
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../agent/settings.ts'
import { keepYoungGenerationSmall } from '../agent/young-generation.ts'
import type { CommandFactory } from '../program.ts'
import { repeatableOption } from './repeated-options.ts'

export interface AgentFlags extends Partial<Record<SettingKey, unknown>> {
  config?: string
}

export const agentCommand: CommandFactory = context => {
  const command = new Command('agent')
    .summary('run the controllers of one cluster')
    .description('run the controllers of one cluster: export its services, import those of its peers')
    .option('--config <file>', 'YAML file with settings (or ISTHMUS_CONFIG)')
  for (const key of SETTING_KEYS) {
    const { flags, description, variable, fallback } = SETTINGS[key]
    // Defaults are shown, not set: a flag that is not given must not win over a variable or the file.
    const shown = fallback === undefined || Array.isArray(fallback) ? '' : ` (default: ${fallback})`
    const words = `${description}${shown} [${variable}]`
    command.addOption(
      key === 'peers'
        ? repeatableOption<string[]>(flags, words, (value, before = []) => [...before, value])
        : new Option(flags, words),
    )
  }
  return command
    .addHelpText(
      'after',
      `
Every setting is a flag, an environment variable (in brackets) or a key of the --config file; a flag wins over
a variable, a variable over the file. A cluster that has joined a ClusterSet needs none of them; for peers that
are given by hand, run \`isthmus install\` on the cluster first.

Examples:
  isthmus agent --context east
  isthmus agent --kubeconfig K --context a --cluster-id a --clusterset lab --peer b=K#b --peer c=K#c
  isthmus agent --config agent.yaml --log-format json

SIGTERM or Ctrl-C ends it once running writes are done; all objects stay, and traffic goes on. A second one ends
it at once.`,
    )
    .action(async ({ peer, ...flags }: AgentFlags & { peer?: string[] }) => {
      keepYoungGenerationSmall()
      const { runAgent } = await import('../agent/run-agent.ts')
      await runAgent({ ...flags, ...(peer === undefined ? {} : { peers: peer }) }, context)
    })
}
