/** Lists as text in pieces, item by item, so that none of them holds up the event loop however long it is. */
import { stringify } from 'yaml'
import type { StoredObject } from '../registry/definition.ts'
import type { ListText } from './representation.ts'

export type Layout = (text: ListText, items: readonly StoredObject[]) => Generator<string>

/** Without a space that is not needed. */
export function* compact(text: ListText, items: readonly StoredObject[]): Generator<string> {
  yield text.head
  for (const [i, object] of items.entries()) {
    const item = text.item(object)
    yield i === 0 ? item : `,${item}`
  }
  yield text.tail
}

/** A line for each field, two spaces deeper for each level. */
export function* pretty(text: ListText, items: readonly StoredObject[]): Generator<string> {
  const whole = JSON.stringify(JSON.parse(text.head + text.tail), null, 2)
  const { name } = envelope(text)
  const [head = '', tail = ''] = whole.split(`"${name}": []`)
  if (items.length === 0) {
    yield whole
    return
  }
  yield `${head}"${name}": [\n    `
  for (const [i, object] of items.entries()) {
    const item = JSON.stringify(JSON.parse(text.item(object)), null, 2).replaceAll('\n', '\n    ')
    yield i === 0 ? item : `,\n    ${item}`
  }
  yield `\n  ]${tail}`
}

export function* yaml(text: ListText, items: readonly StoredObject[]): Generator<string> {
  const { name, rest } = envelope(text)
  yield stringify(rest)
  yield items.length === 0 ? `${name}: []\n` : `${name}:\n`
  for (const object of items) yield stringify([JSON.parse(text.item(object))])
}

/** What is around the items, and under which name they are: `items`, or `rows` of a Table. */
function envelope({ head, tail }: ListText): { name: string; rest: object } {
  const [, name = ''] = /"(\w+)":\[$/.exec(head) ?? []
  const { [name]: _, ...rest } = JSON.parse(head + tail)
  return { name, rest }
}
