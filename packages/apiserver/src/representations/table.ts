/** `Table` of meta.k8s.io: rows and columns, which `kubectl get` prints as they come. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { badRequest } from '../status/failures.ts'
import { encoded } from './encode.ts'
import { encodedPartial } from './partial.ts'

/** What each row carries beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** The query parameter `includeObject`. Throws a 400 StatusError. */
export function parseIncludeObject(text: string | null): IncludeObject {
  if (text === null || text === '') return 'Metadata'
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

export function columnDefinitions({ columns }: ResourceDefinition): unknown[] {
  return columns.map(({ name, type, format = '', description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }))
}

/** What comes before the rows; `metadata` is that of the list. */
export function tableHead(metadata: object, columns: unknown, version = 'v1'): string {
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${JSON.stringify(columns)},"rows":[`
}

export const TABLE_TAIL = ']}'

export function encodedRow(
  { columns }: ResourceDefinition,
  object: StoredObject,
  include: IncludeObject,
  now: Date,
  version = 'v1',
): string {
  const cells = columns.map(column => column.cell(object, now) ?? null)
  const shown =
    include === 'None' ? 'null' : include === 'Object' ? encoded(object) : encodedPartial(object, version)
  return `{"cells":${JSON.stringify(cells)},"object":${shown}}`
}
