/** Completion scripts, made of what the program knows of itself: its commands, their flags and choices. */
import type { Command, Option } from 'commander'

interface Words {
  readonly name: string
  readonly description: string
  readonly flags: readonly {
    readonly long: string
    readonly description: string
    readonly values: readonly string[]
  }[]
}

export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const commands = program.commands.map(wordsOf)
  if (shell === 'fish') return fish(commands)
  // zsh runs bash's completions.
  const prelude = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''
  return prelude + bash(commands)
}

function wordsOf(command: Command): Words {
  const flags = command.options.flatMap(({ long, description, argChoices }: Option) =>
    long ? [{ long, description, values: argChoices ?? [] }] : [],
  )
  return { name: command.name(), description: command.description(), flags }
}

function bash(commands: readonly Words[]): string {
  const values = commands.flatMap(({ name, flags }) =>
    flags
      .filter(flag => flag.values.length > 0)
      .map(flag => `    '${name} ${flag.long}') words='${flag.values.join(' ')}' ;;`),
  )
  const flags = commands.map(command => {
    const words = [...command.flags.map(({ long }) => long), '--help'].join(' ')
    return `    '${command.name} '*) words='${words}' ;;`
  })
  return `_isthmus() {
  local words='' current="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${[...values, ...flags].join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _isthmus isthmus
`
}

function fish(commands: readonly Words[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  return `${commands
    .flatMap(({ name, description, flags }) => [
      `complete -c isthmus -n __fish_use_subcommand -f -a ${name} -d ${quote(description)}`,
      ...flags.map(flag => {
        const choices = flag.values.length > 0 ? ` -x -a ${quote(flag.values.join(' '))}` : ''
        const long = flag.long.replace(/^--/, '')
        return `complete -c isthmus -n '__fish_seen_subcommand_from ${name}' -l ${long}${choices} -d ${quote(flag.description)}`
      }),
    ])
    .join('\n')}\n`
}
