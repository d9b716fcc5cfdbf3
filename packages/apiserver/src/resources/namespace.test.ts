import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ApiServer } from '../index.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }

it('the namespaces that a cluster cannot be without may not be deleted', () => {
  const { local } = new ApiServer()
  for (const name of ['default', 'kube-public', 'kube-system']) {
    assert.throws(() => local.delete(NAMESPACES, undefined, name), {
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    })
  }
  assert.equal(local.delete(NAMESPACES, undefined, 'kube-node-lease').object.metadata.name, 'kube-node-lease')
})
