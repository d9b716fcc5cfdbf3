/** Field selectors, such as `metadata.name=a,status.phase!=Running`. Which fields a resource knows is in its definition. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { badRequest } from '../status/failures.ts'

export interface FieldSelector {
  matches(object: StoredObject): boolean
  /** The one name that can match, if the selector says so: a list is then a look-up. */
  readonly name: string | undefined
}

interface Term {
  readonly field: string
  readonly value: string
  readonly equal: boolean
}

/** undefined selects everything. Throws a 400 StatusError. */
export function parseFieldSelector(
  text: string | undefined,
  definition: ResourceDefinition,
): FieldSelector | undefined {
  if (text === undefined || text === '') return undefined
  const terms = split(text).map(term => parseTerm(term, text))
  const conditions = terms.map(({ field, value, equal }) => {
    const read = readerOf(field, definition)
    if (read === undefined) throw badRequest(unknownField(field, definition))
    return (object: StoredObject) => (read(object) === value) === equal
  })
  return {
    matches: object => conditions.every(condition => condition(object)),
    name: terms.find(term => term.field === 'metadata.name' && term.equal)?.value,
  }
}

type Reader = (object: StoredObject) => string

const METADATA: ReadonlyMap<string, Reader> = new Map([
  ['metadata.name', (object: StoredObject) => object.metadata.name],
  ['metadata.namespace', (object: StoredObject) => object.metadata.namespace ?? ''],
])

const readerOf = (field: string, { selectableFields }: ResourceDefinition): Reader | undefined =>
  METADATA.get(field) ?? (Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined)

/** Kinds that know no more than the metadata say so; the others only that they do not know this one. */
const unknownField = (field: string, { selectableFields }: ResourceDefinition): string =>
  Object.keys(selectableFields).length === 0
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`

/** Splits at commas that are not escaped. */
function split(text: string): string[] {
  return text.split(/(?<!\\),/).filter(term => term !== '')
}

function parseTerm(term: string, text: string): Term {
  const match = /^((?:[^\\=!]|\\.)*?)(!=|==|=)(.*)$/.exec(term)
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  return { field, value: value.replace(/\\([\\,=])/g, '$1'), equal: operator !== '!=' }
}
