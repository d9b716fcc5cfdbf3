import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { OwnerReference, StoredObject } from '../../registry/definition.ts'
import { PODS } from '../pod.ts'
import { TestCluster } from '../test-cluster.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' }

let cluster: TestCluster

beforeEach(() => {
  cluster = new TestCluster()
})
afterEach(() => cluster.stop())

const reference = ({ kind, metadata }: StoredObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind,
  name: metadata.name,
  uid: metadata.uid,
  ...more,
})

const make = (name: string, owners: OwnerReference[] = [], finalizers: string[] = []) =>
  cluster.create(CONFIG_MAPS, name, {}, { ownerReferences: owners, finalizers })

const remove = (name: string, propagationPolicy?: 'Background' | 'Foreground' | 'Orphan') =>
  cluster.api.delete(CONFIG_MAPS, cluster.namespace, name, propagationPolicy ? { propagationPolicy } : {})

const release = (name: string) =>
  cluster.api.patch(CONFIG_MAPS, cluster.namespace, name, { metadata: { finalizers: null } })

const names = () => cluster.list(CONFIG_MAPS).map(({ metadata }) => metadata.name)
const left = (...expected: string[]) =>
  cluster.until(`left: ${expected}`, () => names().join() === expected.join(), names)
const ownersOf = (name: string) =>
  cluster.get(CONFIG_MAPS, name).metadata.ownerReferences?.map(owner => owner.name)

describe('the garbage collector', () => {
  test('removes dependents of dependents of what is gone', async () => {
    const a = make('a')
    const b = make('b', [reference(a)])
    make('c', [reference(b)])
    make('other')
    remove('a')
    await left('other')
  })

  test('keeps what has another owner, without the one that is gone', async () => {
    const [a, b] = [make('a'), make('b')]
    make('c', [reference(a), reference(b)])
    remove('a')
    await cluster.until(
      'a is forgotten',
      () => ownersOf('c')?.join() === 'b',
      () => ownersOf('c'),
    )
    remove('b')
    await left()
  })

  test('removes what names an owner that never was, or another one of its name', async () => {
    const a = make('a')
    make('b', [reference(a, { uid: 'never' })])
    make('c', [reference(a, { name: 'never' })])
    await left('a')
  })

  test('leaves alone what names an owner of a kind that it does not know', async () => {
    const a = make('a')
    make('b', [reference(a, { apiVersion: 'example.test/v1', kind: 'Widget' })])
    await cluster.rest()
    assert.deepEqual(names(), ['a', 'b'])
  })

  test('holds an owner in the foreground until dependents that block are gone', async () => {
    const a = make('a')
    make('blocks', [reference(a, { blockOwnerDeletion: true })], ['example.test/held'])
    make('blocks-not', [reference(a)], ['example.test/held'])
    remove('a', 'Foreground')
    const isLeaving = () => cluster.get(CONFIG_MAPS, 'blocks').metadata.deletionTimestamp !== undefined
    await cluster.until('the dependent is told', isLeaving)
    await cluster.rest()
    assert.deepEqual(names(), ['a', 'blocks', 'blocks-not'])
    release('blocks')
    await left('blocks-not')
    release('blocks-not')
    await left()
  })

  test('frees dependents of what is deleted as an orphan', async () => {
    const a = make('a')
    make('b', [reference(a)])
    remove('a', 'Orphan')
    await left('b')
    assert.equal(ownersOf('b'), undefined)
  })

  test('two that own each other go in the foreground all the same', async () => {
    const a = make('a')
    const b = make('b', [reference(a, { blockOwnerDeletion: true })])
    cluster.api.patch(CONFIG_MAPS, cluster.namespace, 'a', {
      metadata: { ownerReferences: [reference(b, { blockOwnerDeletion: true })] },
    })
    remove('a', 'Foreground')
    await left()
  })

  test('follows resources that are registered later', async () => {
    const definition = cluster.registry.lookup('', 'v1', 'configmaps')
    assert.ok(definition)
    cluster.registry.register({ ...definition, group: 'example.test', kind: 'Widget', plural: 'widgets' })
    const widgets = { group: 'example.test', plural: 'widgets' }
    const owner = cluster.create(widgets, 'w', {})
    make('a', [{ ...reference(owner), apiVersion: 'example.test/v1' }])
    await cluster.rest()
    assert.deepEqual(names(), ['a'])
    cluster.api.delete(widgets, cluster.namespace, 'w')
    await left()
  })
})

describe('a namespace that is deleted', () => {
  const NAMESPACES = { group: '', plural: 'namespaces' }
  const namespace = () => cluster.api.get(NAMESPACES, undefined, cluster.namespace)
  const messages = () => {
    const { conditions = [] } = (namespace()?.status ?? {}) as {
      conditions?: { status: string; message: string }[]
    }
    return conditions.filter(({ status }) => status === 'True').map(({ message }) => message)
  }

  test('takes everything with it', async () => {
    make('a')
    cluster.create(PODS, 'p', { spec: { containers: [{ name: 'c', image: 'i' }] } })
    await cluster.until(
      'the ServiceAccount',
      () => cluster.list({ group: '', plural: 'serviceaccounts' }).length === 1,
    )
    cluster.api.delete(NAMESPACES, undefined, cluster.namespace)
    await cluster.until('it is gone', () => namespace() === undefined, messages)
    assert.deepEqual([names(), cluster.list(PODS)], [[], []])
  })

  test('says what is left, and by whom it is held', async () => {
    make('a', [], ['example.test/x'])
    make('b', [], ['example.test/x', 'example.test/y'])
    cluster.api.delete(NAMESPACES, undefined, cluster.namespace)
    await cluster.until('it says so', () => messages().length > 0)
    assert.deepEqual(messages(), [
      'Some resources are remaining: configmaps. has 2 resource instances',
      'Some content in the namespace has finalizers remaining: example.test/x in 2 resource instances, example.test/y in 1 resource instances',
    ])
    release('a')
    await cluster.until('one less', () => messages()[0]?.includes('has 1') === true, messages)
    release('b')
    await cluster.until('it is gone', () => namespace() === undefined)
  })
})
