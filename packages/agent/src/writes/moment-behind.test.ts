import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '@isthmus/kube'
import { isMomentBehind } from './moment-behind.ts'

const refused = (code: number, reason: string, name?: string) =>
  new ApiError(code, reason, {
    status: {
      apiVersion: 'v1',
      kind: 'Status',
      code,
      reason,
      ...(name === undefined ? {} : { details: { name } }),
    },
  })

test('what changed, came or went since the cache heard of it is a matter of a moment', () => {
  for (const error of [
    refused(409, 'Conflict', 'a'),
    refused(409, 'AlreadyExists', 'a'),
    refused(404, 'NotFound', 'a'),
  ]) {
    assert.equal(isMomentBehind(error, 20), true, error.message)
    assert.equal(isMomentBehind(error, 30_000), false, `${error.message} for long`)
  }
})

test('a kind that is not served, a refusal and a failure are not', () => {
  for (const error of [
    refused(404, 'NotFound'),
    refused(403, 'Forbidden', 'a'),
    refused(500, ''),
    new Error('no'),
  ])
    assert.equal(isMomentBehind(error, 20), false, error.message)
})
