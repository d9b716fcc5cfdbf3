import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { StoredObject } from '../registry/definition.ts'
import { Storage, StorageConflict } from './storage.ts'

const KEY = { group: '', plural: 'configmaps' }

const object = (name: string, value = 0): StoredObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, namespace: 'n', uid: name, resourceVersion: '', creationTimestamp: '' },
  value,
})

/** Writes the name, whatever is stored: creates, changes or deletes it. */
function write(storage: Storage, name: string, value: number): void {
  const found = storage.get(KEY, 'n', name)
  if (found === undefined) storage.create(KEY, object(name, value))
  else if (value % 3 === 0) storage.delete(KEY, 'n', name, found.metadata.resourceVersion)
  else storage.update(KEY, object(name, value), found.metadata.resourceVersion)
}

const contents = (objects: readonly StoredObject[]) =>
  objects.map(({ metadata, value }) => [metadata.name, value])

describe('storage', () => {
  test('a list of the past is what was listed then, and events lead from there to now', () => {
    const writes = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.nat(9) }))
    fc.assert(
      fc.property(writes, writes, (before, after) => {
        const storage = new Storage()
        for (const { name, value } of before) write(storage, name, value)
        const revision = storage.revision
        const then = contents(storage.list(KEY, 'n'))
        for (const { name, value } of after) write(storage, name, value)
        const collection = storage.collection(KEY)
        assert.deepEqual(contents(collection.listAt(revision, 'n')), then)
        const replayed = new Map(then.map(([name, value]) => [name, value]))
        for (const event of collection.since(revision)) {
          if (event.type === 'DELETED') replayed.delete(event.object.metadata.name)
          else replayed.set(event.object.metadata.name, event.object.value)
        }
        assert.deepEqual([...replayed].sort(), contents(storage.list(KEY, 'n')).sort())
      }),
    )
  })

  test('a write of another version than the stored one is refused', () => {
    const storage = new Storage()
    const first = storage.create(KEY, object('a'))
    storage.update(KEY, object('a', 1), first.metadata.resourceVersion)
    assert.throws(() => storage.update(KEY, object('a', 2), first.metadata.resourceVersion), StorageConflict)
    assert.throws(() => storage.delete(KEY, 'n', 'a', first.metadata.resourceVersion), StorageConflict)
    assert.throws(() => storage.create(KEY, object('a')), StorageConflict)
  })

  test('the history is bounded, and says from when on it is complete', () => {
    const storage = new Storage({ history: 10 })
    for (let i = 0; i < 100; i++) storage.create(KEY, object(`o${i}`))
    const collection = storage.collection(KEY)
    assert.ok(collection.compactedRevision >= storage.revision - 20)
    assert.equal(
      collection.since(collection.compactedRevision).length,
      storage.revision - collection.compactedRevision,
    )
  })

  test('a restore may go back in time, and nothing of the history is left', () => {
    const storage = new Storage()
    storage.create(KEY, object('a'))
    const saved = storage.contents()
    for (let i = 0; i < 5; i++) storage.create(KEY, object(`later${i}`))
    let told = 0
    storage.onRestore(() => told++)
    storage.restore(saved)
    assert.equal(told, 1)
    assert.equal(storage.revision, saved.revision)
    assert.deepEqual(contents(storage.list(KEY)), [['a', 0]])
    assert.equal(storage.collection(KEY).compactedRevision, saved.revision)
  })

  test('what is stored cannot be changed in place, and a listener cannot write', () => {
    const storage = new Storage()
    const stored = storage.create(KEY, object('a'))
    assert.throws(() => {
      stored.metadata.name = 'b'
    }, TypeError)
    storage.subscribe(KEY, () => storage.create(KEY, object('c')))
    assert.throws(() => storage.create(KEY, object('b')), /must not write/)
  })
})
