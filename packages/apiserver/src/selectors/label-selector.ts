/** Label selectors as clients write them: `a=b,c in (d,e),!f`. Grammar and texts are those of apimachinery's labels package. */

import { labelKeyErrors, labelValueErrors } from '../registry/names.ts'
import { badRequest } from '../status/failures.ts'

export type Labels = Readonly<Record<string, string>> | undefined
export type LabelPredicate = (labels: Labels) => boolean

type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

/** undefined selects everything. Throws a 400 StatusError. */
export function parseLabelSelector(text: string | undefined): LabelPredicate | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const requirements = new Parser(text).requirements()
  return labels => requirements.every(requirement => matches(requirement, labels))
}

/** `metav1.LabelSelector`, as in `spec.selector` of workloads. An empty one selects everything, undefined nothing. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labels?.[key] !== value) return false
  }
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) =>
    matches({ key, operator: EXPRESSIONS.get(operator) ?? 'in', values }, labels),
  )
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

const EXPRESSIONS: ReadonlyMap<string, Operator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

function matches({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case '>':
      return value !== undefined && Number(value) > Number(values[0])
    case '<':
      return value !== undefined && Number(value) < Number(values[0])
  }
}

/** Symbols stand for themselves; anything else up to white space or a symbol is an identifier. */
const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y
const SYMBOL = /^(==|!=|[=!(),<>])$/
const END = 'end of string'

class Parser {
  readonly #tokens: string[] = []
  #position = 0

  constructor(text: string) {
    TOKEN.lastIndex = 0
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) this.#tokens.push(match[1] as string)
  }

  requirements(): Requirement[] {
    const found: Requirement[] = []
    for (;;) {
      found.push(this.#requirement())
      const token = this.#next()
      if (token === undefined) return found
      if (token !== ',') throw badRequest(`found '${token}', expected: ',' or '${END}'`)
      const following = this.#peek()
      if (following === undefined || (SYMBOL.test(following) && following !== '!')) {
        throw badRequest(`found '${following ?? ''}', expected: identifier after ','`)
      }
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek() === '!'
    if (negated) this.#next()
    const key = this.#next()
    if (key === undefined || SYMBOL.test(key)) {
      throw unparsable(`found '${key ?? ''}', expected: identifier`)
    }
    refuse(labelKeyErrors(key), key, 'key')
    if (negated) return { key, operator: '!', values: [] }
    const following = this.#peek()
    if (following === undefined || following === ',') return { key, operator: 'exists', values: [] }
    const operator = OPERATORS.get(this.#next() as string)
    if (operator === undefined) {
      throw unparsable(`found '${following}', expected: in, notin, =, ==, !=, gt, lt`)
    }
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()]
    for (const value of values) refuse(labelValueErrors(value), value, 'value')
    if ((operator === '>' || operator === '<') && !/^-?\d+$/.test(values[0] as string)) {
      throw unparsable('for Gt, Lt operators, the value must be an integer')
    }
    return { key, operator, values }
  }

  /** After `=` there may be nothing: the empty value. */
  #value(): string {
    const token = this.#peek()
    if (token === undefined || token === ',') return ''
    this.#next()
    if (SYMBOL.test(token)) throw unparsable(`found '${token}', expected: identifier`)
    return token
  }

  #values(): string[] {
    const open = this.#next()
    if (open !== '(') throw unparsable(`found '${open ?? ''}' expected: '('`)
    const values: string[] = []
    for (;;) {
      const token = this.#next()
      if (token === ')') return values.length === 0 ? [''] : values
      if (token === ',') {
        if (values.length === 0 || this.#peek() === ')') values.push('')
      } else if (token === undefined || SYMBOL.test(token)) {
        throw unparsable(`found '${token ?? ''}', expected: ',', or identifier`)
      } else {
        values.push(token)
        const separator = this.#peek()
        if (separator !== ',' && separator !== ')') {
          throw unparsable(`found '${separator ?? ''}', expected: ',' or ')'`)
        }
      }
    }
  }

  #peek(): string | undefined {
    return this.#tokens[this.#position]
  }

  #next(): string | undefined {
    return this.#tokens[this.#position++]
  }
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['in', 'in'],
  ['notin', 'notin'],
  ['>', '>'],
  ['gt', '>'],
  ['<', '<'],
  ['lt', '<'],
])

const unparsable = (message: string) => badRequest(`unable to parse requirement: ${message}`)

function refuse(errors: readonly string[], value: string, what: 'key' | 'value'): void {
  if (errors.length === 0) return
  const field = what === 'key' ? 'key' : 'values[0][0]'
  throw unparsable(`${field}: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`)
}
