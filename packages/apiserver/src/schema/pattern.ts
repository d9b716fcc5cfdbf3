import { celEnv, parse, plan } from '@bufbuild/cel'

const compiled = new Map<string, (text: string) => boolean>()
const MOST_COMPILED = 1000

/**
 * Whether a text has a match for a pattern in Go's syntax (RE2): patterns come from whoever may write
 * CustomResourceDefinitions, so they run on an engine whose time is linear. Throws if it is no pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let test = compiled.get(pattern)
  if (!test) {
    test = compile(pattern)
    if (compiled.size >= MOST_COMPILED) compiled.clear()
    compiled.set(pattern, test)
  }
  return test(text)
}

/** CEL's `matches` is that engine. */
function compile(pattern: string): (text: string) => boolean {
  const evaluate = plan(celEnv(), parse(`text.matches(${JSON.stringify(pattern)})`))
  return text => {
    const result = evaluate({ text })
    if (typeof result !== 'boolean')
      throw new Error(`the pattern ${JSON.stringify(pattern)} cannot be compiled: write it in RE2 syntax`)
    return result
  }
}
