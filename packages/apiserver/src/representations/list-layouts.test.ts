import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { StoredObject } from '../registry/definition.ts'
import { compact, type Layout, pretty, yaml } from './list-layouts.ts'

const text = {
  head: '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[',
  item: (object: StoredObject) => JSON.stringify(object),
  tail: ']}',
}
const object = (name: string) =>
  ({
    metadata: { name },
    data: { text: 'two\nlines\n', odd: '"items": []', empty: '' },
    list: [[1], []],
  }) as unknown as StoredObject

const layouts: Record<string, { layout: Layout; read: (text: string) => unknown }> = {
  compact: { layout: compact, read: JSON.parse },
  pretty: { layout: pretty, read: JSON.parse },
  yaml: { layout: yaml, read: written => parse(written) },
}

for (const [name, { layout, read }] of Object.entries(layouts)) {
  for (const items of [[], [object('a')], [object('a'), object('b'), object('c')]]) {
    test(`${name}: ${items.length} items are read back as they were`, () => {
      const written = [...layout(text, items)].join('')
      const list = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items }
      assert.deepEqual(read(written), list)
      if (name === 'pretty') assert.equal(written, JSON.stringify(list, null, 2))
    })
  }
}
