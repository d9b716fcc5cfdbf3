import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NameTable } from './name-table.ts'

const name = fc.constantFrom('', 'a', 'b', 'ab', '0', '{', '[')
const operation = fc.record({ kind: fc.constantFrom('set', 'delete'), name })

test('a table is a map of names, whatever their case', () => {
  fc.assert(
    fc.property(fc.array(operation), operations => {
      const table = new NameTable<number>()
      const model = new Map<string, number>()
      for (const [index, { kind, name }] of operations.entries()) {
        if (kind === 'set') {
          table.set(Buffer.from(name), index)
          model.set(name, index)
        } else {
          table.delete(Buffer.from(name))
          model.delete(name)
        }
        assert.equal(table.size, model.size)
        for (const known of ['', 'a', 'b', 'ab', '0', '{', '[']) {
          const message = Buffer.from(`__${known.toUpperCase()}__`)
          assert.equal(table.get(message, 2, 2 + known.length), model.get(known), known)
        }
      }
    }),
  )
})

test('names whose hashes collide are told apart', () => {
  const table = new NameTable<string>(() => 0)
  for (const name of ['a', 'b', 'c']) table.set(Buffer.from(name), name)
  table.delete(Buffer.from('b'))
  assert.deepEqual(
    ['a', 'b', 'c'].map(name => table.get(Buffer.from(name), 0, 1)),
    ['a', undefined, 'c'],
  )
  table.delete(Buffer.from('c'))
  table.delete(Buffer.from('a'))
  assert.equal(table.size, 0)
})
