import type { OutputStream } from '../context.ts'

const CODES = { bold: 1, red: 31, green: 32, yellow: 33 } as const

export type Paint = (style: keyof typeof CODES, text: string) => string

/** Text in colour, or as it is. */
export function paint(colours: boolean): Paint {
  return (style, text) => (colours ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text)
}

/** Colours are for a terminal, and for those who want them (https://no-color.org). */
export function wantsColours(
  stream: Pick<OutputStream, 'isTTY'>,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR
}
