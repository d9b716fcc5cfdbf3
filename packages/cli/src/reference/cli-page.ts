/** docs/reference/cli.md, made of what the program knows of itself; a test keeps the two in step. */
import type { EventEmitter } from 'node:events'
import type { Argument, Command, Option } from 'commander'

const INTRODUCTION = `# The isthmus command

<!-- Made by \`node packages/cli/src/reference/write.ts\`; a test compares. -->

Also usable as \`kubectl isthmus\`, where \`kubectl-isthmus\` is on the path. Errors are printed to standard error;
their codes and the exit codes are in [errors](errors.md).

Any command takes \`--debug\`: errors then come with a trace. \`isthmus --version\` prints the version.

| variable | meaning |
| --- | --- |
| \`KUBECONFIG\` | kubeconfigs, as for kubectl |
| \`ISTHMUS_HOME\` | folder of the playground, instead of \`.isthmus\` |
| \`ISTHMUS_DEBUG\` | if set, errors come with a trace |
| \`NO_COLOR\` | if set, logs on a terminal have no colours |

The settings of \`isthmus agent\` have variables of their own: [configuration](configuration.md).
`

export function cliPage(program: Command): string {
  const commands = program.commands.map(command => section(command))
  return [INTRODUCTION, ...commands].join('\n')
}

function section(command: Command): string {
  const name = `isthmus ${command.name()}`
  const parts = [`## ${name}`, '', `    ${name} ${command.usage()}`, '', `${sentence(command.description())}`]
  if (command.registeredArguments.length > 0) {
    parts.push('', '| argument | |', '| --- | --- |', ...command.registeredArguments.map(argumentRow))
  }
  if (command.options.length > 0) {
    parts.push('', '| flag | | default |', '| --- | --- | --- |', ...command.options.map(optionRow))
  }
  return `${parts.join('\n')}\n${examples(command)}`
}

function argumentRow(argument: Argument): string {
  return `| \`${argument.name()}\` | ${cell(argument.description)}${choices(argument.argChoices)} |`
}

function optionRow({ flags, description, defaultValue, argChoices, mandatory, negate }: Option): string {
  const shown = defaultValue === undefined || negate ? (mandatory ? 'required' : '') : `\`${defaultValue}\``
  return `| \`${flags}\` | ${cell(description)}${choices(argChoices)} | ${shown} |`
}

function choices(names: readonly string[] | undefined): string {
  return names === undefined ? '' : `: ${names.join(', ')}`
}

/** What the command's own help says below its flags. */
function examples(command: Command): string {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  // A Command is an EventEmitter, though its types do not say so; this is how it prints its own help.
  ;(command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write })
  return text.trim() === '' ? '' : `\n\`\`\`\n${text.trim()}\n\`\`\`\n`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
