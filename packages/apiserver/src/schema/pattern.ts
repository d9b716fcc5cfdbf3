import { RE2JS } from '@bufbuild/re2'

const compiled = new Map<string, RE2JS>()
const MOST_COMPILED = 1000

/**
 * Whether a text has a match for a pattern in Go's syntax (RE2): patterns come from whoever may write
 * CustomResourceDefinitions, so they run on an engine whose time is linear. Throws if it is no pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern)
  if (expression === undefined) {
    expression = compile(pattern)
    // Every object is matched again and again; to compile takes longer than to match.
    if (compiled.size >= MOST_COMPILED) compiled.clear()
    compiled.set(pattern, expression)
  }
  return expression.test(text)
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    throw new Error(`the pattern ${JSON.stringify(pattern)} cannot be compiled: write it in RE2 syntax`, {
      cause,
    })
  }
}
