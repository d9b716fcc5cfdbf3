import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseGoJson } from './go-json.ts'
import { JsonScanner } from './json-scanner.ts'

/** Errors of Go's encoding/json. */
const ERRORS: readonly (readonly [text: string, error: string])[] = [
  ['', 'unexpected end of JSON input'],
  ['{"not json', 'unexpected end of JSON input'],
  ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
  ['{a}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 2}', "invalid character '2' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['"\\q"', "invalid character 'q' in string escape code"],
  ['"\n"', "invalid character '\\n' in string literal"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['\u009e', "invalid character '\\u009e' looking for beginning of value"],
]

for (const [text, error] of ERRORS) {
  test(`${JSON.stringify(text)}: ${error}`, () => assert.equal(parseGoJson(text).error, error))
}

test('finds an error where JSON.parse does, and only there', () => {
  const mutated = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '\\', 'e', '0', '-', ' '))
    .map(
      ([json, at, piece]) =>
        json.slice(0, at % (json.length + 1)) + piece + json.slice((at % (json.length + 1)) + 1),
    )
  fc.assert(
    fc.property(fc.oneof(fc.json(), mutated), text => {
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      assert.equal(new JsonScanner(text).run() === undefined, isJson)
    }),
  )
})

test('fields given twice are named by their path', () => {
  const text = '{"data":{"a":"1","a":"2"},"list":[{"x":1},{"x":1,"\\u0078":2}]}'
  assert.deepEqual(parseGoJson(text, true).duplicates, ['data.a', 'list[1].x'])
})
