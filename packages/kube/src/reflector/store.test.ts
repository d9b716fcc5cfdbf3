import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '@isthmus/api'
import fc from 'fast-check'
import { objectKey } from '../client/resource-path.ts'
import { Store } from './store.ts'

interface Thing extends KubernetesObject {
  colours: string[]
}

const thing = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    namespace: fc.constantFrom('one', 'two', undefined),
    colours: fc.subarray(['red', 'green', 'blue']),
  })
  .map(({ name, namespace, colours }): Thing => {
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
    return { apiVersion: 'v1', kind: 'Thing', metadata, colours }
  })

const step = fc.oneof(
  thing.map(object => ({ do: 'set', object }) as const),
  thing.map(object => ({ do: 'delete', object }) as const),
  fc.array(thing, { maxLength: 5 }).map(objects => ({ do: 'replace', objects }) as const),
)

const byKey = (objects: Iterable<Thing>) => new Map([...objects].map(object => [objectKey(object), object]))

test('store, list, indexes and what listeners are told agree with a plain map', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const store = new Store<Thing>({ colour: object => object.colours })
      const told = new Map<string, Thing>()
      store.subscribe((key, next, previous) => {
        assert.deepEqual(told.get(key), previous)
        assert.notDeepEqual(next, previous)
        if (next === undefined) told.delete(key)
        else told.set(key, next)
      })
      let model = new Map<string, Thing>()
      for (const step of steps) {
        if (step.do === 'set') store.set(step.object)
        else if (step.do === 'delete') store.delete(objectKey(step.object))
        else store.replace(step.objects)

        if (step.do === 'set') model.set(objectKey(step.object), step.object)
        else if (step.do === 'delete') model.delete(objectKey(step.object))
        else model = byKey(step.objects)

        assert.deepEqual(byKey(store.list()), model)
        assert.deepEqual(told, model)
        assert.equal(store.size, model.size)
        for (const colour of ['red', 'green', 'blue']) {
          const expected = [...model.values()].filter(object => object.colours.includes(colour))
          assert.deepEqual(byKey(store.byIndex('colour', colour)), byKey(expected))
        }
      }
    }),
  )
})

test('a list that was read stays as it was', () => {
  const store = new Store<KubernetesObject>()
  store.set({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } })
  const before = store.list()
  store.delete('a')
  assert.equal(before.length, 1)
  assert.equal(store.list().length, 0)
  assert.equal(store.list(), store.list())
})

test('versions are believed only when they may be', () => {
  const thing = (colours: string[]): Thing => {
    const metadata = { name: 'a', uid: 'u', resourceVersion: '1' }
    return { apiVersion: 'v1', kind: 'Thing', metadata, colours }
  }
  const store = new Store<Thing>()
  store.set(thing(['red']))
  store.replace([thing(['green'])], { trustVersions: true })
  assert.deepEqual(store.get('a')?.colours, ['red'])
  store.replace([thing(['green'])])
  assert.deepEqual(store.get('a')?.colours, ['green'])
  const recreated = thing(['blue'])
  recreated.metadata.uid = 'another'
  store.replace([recreated], { trustVersions: true })
  assert.deepEqual(store.get('a')?.colours, ['blue'])
})

test('an index that does not exist is a mistake, not an empty answer', () => {
  assert.throws(() => new Store().byIndex('colour', 'red'), TypeError)
})

test('a subscription ends, and one function can have several', () => {
  const store = new Store<KubernetesObject>()
  const told: string[] = []
  const listener = (key: string) => void told.push(key)
  const end = store.subscribe(listener)
  store.subscribe(listener)
  store.set({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', namespace: 'n' } })
  end()
  store.delete('n/a')
  assert.deepEqual(told, ['n/a', 'n/a', 'n/a'])
})
