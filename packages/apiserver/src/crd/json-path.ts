/**
 * The JSONPath of kubectl and printer columns, as far as definitions use it: `.a.b`, `['a.b']`, `[0]`, `[-1]`, `[*]`,
 * slices, `..name`, and filters that compare one field with a constant.
 */
import { isPlainObject } from '../schema/plain-object.ts'

type Step = (value: unknown) => unknown[]

export type JsonPath = (value: unknown) => unknown[]

/** Throws an Error that says where a path is wrong. A path may stand in braces. */
export function parseJsonPath(text: string): JsonPath {
  const path = text.replace(/^\{(.*)\}$/s, '$1')
  const steps: Step[] = []
  let at = path.startsWith('$') || path.startsWith('@') ? 1 : 0
  while (at < path.length) {
    const token = tokens.find(({ pattern }) => {
      pattern.lastIndex = at
      return pattern.test(path)
    })
    if (!token)
      throw new Error(`${JSON.stringify(text)} is no JSONPath: unexpected ${JSON.stringify(path.slice(at))}`)
    const end = token.pattern.lastIndex
    token.pattern.lastIndex = at
    steps.push(token.step(token.pattern.exec(path) as RegExpExecArray))
    at = end
  }
  return value => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])
}

const field =
  (name: string): Step =>
  value => {
    if (name === '*') return children(value)
    return isPlainObject(value) && Object.hasOwn(value, name) ? [value[name]] : []
  }

const children = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : isPlainObject(value) ? Object.values(value) : []

const descendants = (value: unknown): unknown[] => [value, ...children(value).flatMap(descendants)]

const item =
  (index: number): Step =>
  value => {
    const found = Array.isArray(value) ? value.at(index) : undefined
    return found === undefined ? [] : [found]
  }

const slice =
  (from: string | undefined, to: string | undefined, step: string | undefined): Step =>
  value => {
    if (!Array.isArray(value)) return []
    const cut = value.slice(from ? Number(from) : 0, to ? Number(to) : undefined)
    return cut.filter((_, index) => index % Math.max(1, Number(step ?? 1)) === 0)
  }

const constant = (text: string): unknown => {
  const quoted = text.match(/^'(.*)'$|^"(.*)"$/s)
  if (quoted) return quoted[1] ?? quoted[2]
  if (text === 'true' || text === 'false') return text === 'true'
  return Number(text)
}

type Comparison = (a: string | number, b: string | number) => boolean

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

function filter(path: string, operator: string | undefined, text: string | undefined): Step {
  const left = parseJsonPath(path)
  const compare = operator === undefined ? undefined : comparisons[operator]
  const right = text === undefined ? undefined : constant(text)
  const keeps = (value: unknown) => {
    const found = left(value)
    return compare ? found.length > 0 && compare(found[0] as never, right as never) : found.length > 0
  }
  return value => children(value).filter(keeps)
}

const unescaped = (name: string): string => name.replace(/\\(.)/g, '$1')

const tokens: readonly { readonly pattern: RegExp; readonly step: (match: RegExpExecArray) => Step }[] = [
  {
    pattern: /\.\.((?:\\.|[^.[\]\\])+)/y,
    step:
      ([, name = '']) =>
      value =>
        descendants(value).flatMap(field(unescaped(name))),
  },
  { pattern: /\.?((?:\\.|[^.[\]\\{}$@?()'" ])+)/y, step: ([, name = '']) => field(unescaped(name)) },
  { pattern: /\.?\[\*\]/y, step: () => children },
  { pattern: /\.?\[(-?\d+)\]/y, step: ([, index = '0']) => item(Number(index)) },
  { pattern: /\.?\[(-?\d*):(-?\d*)(?::(\d+))?\]/y, step: ([, from, to, step]) => slice(from, to, step) },
  {
    pattern: /\.?\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\]/y,
    step: ([, one, two]) => field(unescaped(one ?? two ?? '')),
  },
  {
    pattern:
      /\.?\[\?\(\s*(@[^=!<>)]*?)\s*(?:(==|!=|<=|>=|<|>)\s*('[^']*'|"[^"]*"|true|false|-?[\d.]+)\s*)?\)\]/y,
    step: ([, path = '@', operator, value]) => filter(path, operator, value),
  },
]
