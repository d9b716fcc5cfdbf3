/** An option that is given twice: the last one would count, and nobody would be told. */
import { type Command, Option } from 'commander'

const repeatable = new WeakSet<Option>()

/** An option that may be given several times, and means all of it. */
export function repeatableOption<Value>(
  flags: string,
  description: string,
  add: (value: string, before: Value | undefined) => Value,
): Option {
  const option = new Option(flags, description).argParser<Value>((value, before) => add(value, before))
  repeatable.add(option)
  return option
}

/** All others may be given twice only where they say the same. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    if (repeatable.has(option) || option.isBoolean()) continue
    let given: string | undefined
    command.on(`option:${option.name()}`, (value: string) => {
      if (given !== undefined && given !== value)
        command.error(
          `error: option '${option.flags}' takes one value, and was given two: ${given} and ${value}`,
        )
      given = value
    })
  }
}
