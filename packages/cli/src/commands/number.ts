import { InvalidArgumentError } from 'commander'

/** Reads the number of an option; commander prints what is wrong with it. */
export function numberBetween(least: number, most: number, { whole = true } = {}) {
  return (text: string): number => {
    const number = Number(text)
    const good =
      text.trim() !== '' && number >= least && number <= most && (!whole || Number.isInteger(number))
    if (!good)
      throw new InvalidArgumentError(`Give a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`)
    return number
  }
}
