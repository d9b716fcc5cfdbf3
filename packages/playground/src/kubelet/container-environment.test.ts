import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expand } from './container-environment.ts'

test('references to variables are filled in, unknown and escaped ones stay', () => {
  const environment = { HOST: '127.64.0.2', PORT: '8080' }
  assert.equal(expand('http://$(HOST):$(PORT)/', environment), 'http://127.64.0.2:8080/')
  assert.equal(expand('$(MISSING) $HOST $', environment), '$(MISSING) $HOST $')
  assert.equal(expand('$$(HOST)', environment), '$(HOST)')
})
