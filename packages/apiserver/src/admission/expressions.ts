/** Expressions of policies: CEL over objects without a schema. */
import { type CelInput, type CelResult, isCelError } from '@bufbuild/cel'
import { compileExpression } from '../schema/validation-rules.ts'
import type { AdmissionAttributes } from './attributes.ts'

export type Variables = Readonly<Record<string, CelInput>>

/** What an expression comes to, or why it comes to nothing. */
export type Evaluated = { readonly value: CelResult } | { readonly error: string }

const programs = new Map<string, ReturnType<typeof compileExpression>>()
/** Policies come and go; expressions that nobody uses any more are not kept for ever. */
const MAX_PROGRAMS = 1000

/** The parser's complaint, where there is one. */
export function objectionToExpression(expression: string): string | undefined {
  try {
    compileExpression(expression)
    return undefined
  } catch (error) {
    return `compilation failed: ${(error as Error).message}`
  }
}

export function evaluate(expression: string, variables: Variables): Evaluated {
  let program = programs.get(expression)
  if (program === undefined) {
    program = compileExpression(expression)
    if (programs.size >= MAX_PROGRAMS) programs.clear()
    programs.set(expression, program)
  }
  const value = program(variables)
  return isCelError(value)
    ? { error: value.message.replace(/^field not found: /, 'no such key: ') }
    : { value }
}

/** A JSON value: whole numbers are int, keys of objects stay what they are. */
export function untyped(value: unknown): CelInput {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(untyped)
  if (typeof value !== 'object' || value === null) return (value ?? null) as CelInput
  const map = new Map<string, CelInput>()
  for (const [key, field] of Object.entries(value)) if (field !== undefined) map.set(key, untyped(field))
  return map
}

/** `request`: the AdmissionRequest, without the fields that are empty, as Go leaves them out. */
export function requestValue({
  definition,
  operation,
  subresource,
  namespace,
  name,
  user,
  dryRun,
}: AdmissionAttributes): CelInput {
  const { group, version, kind, plural } = definition
  const resource = { group, version, resource: plural }
  const { username, uid, groups, extra } = user
  return untyped({
    kind: { group, version, kind },
    resource,
    requestKind: { group, version, kind },
    requestResource: resource,
    ...filled({ subResource: subresource, requestSubResource: subresource, name, namespace }),
    operation,
    userInfo: { username, groups, ...filled({ uid }), ...(extra === undefined ? {} : { extra }) },
    dryRun,
  })
}

function filled(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => !!entry[1]))
}
