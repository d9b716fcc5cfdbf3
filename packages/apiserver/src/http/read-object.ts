/** The object in the body of a create or a replace. */
import { parseDocument } from 'yaml'
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import { parseGoJson } from '../representations/go-json.ts'
import { ProtobufError } from '../representations/protobuf/decode.ts'
import { decodeObject as decodeProtobufObject, PROTOBUF } from '../representations/protobuf/envelope.ts'
import { decodeObject, type FieldValidation, refuseDocument } from '../rest/decode.ts'
import { isObject } from '../rest/decode-built-in.ts'
import { checkKind } from '../rest/kind.ts'
import { badRequest } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import type { Exchange } from './exchange.ts'

export interface Document {
  readonly value: Record<string, unknown>
  readonly duplicates: readonly string[]
}

const ACCEPTED = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

/** Type without parameters; JSON if there is none. */
export const mediaTypeOf = (header: string | undefined): string =>
  (header ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase() || 'application/json'

/** The body as it came. `kind` names what is expected in errors. Throws a 400, 413 or 415 StatusError. */
export async function readDocument(exchange: Exchange, kind: string): Promise<Document> {
  const type = mediaTypeOf(exchange.header('content-type'))
  if (type === PROTOBUF) return { value: decodeProtobuf(await exchange.body(), kind), duplicates: [] }
  if (type !== 'application/json' && type !== 'application/yaml') {
    throw failure(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`,
    )
  }
  const body = await exchange.body()
  const refuse = (why: string) =>
    badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${summary(body)})`,
    )
  const text = body.toString()
  const { value, error, duplicates } = type === 'application/yaml' ? parseYaml(text) : parseGoJson(text, true)
  if (error !== undefined) throw refuse(error)
  if (!isObject(value))
    throw refuse(`json: cannot unmarshal ${goName(value)} into Go value of type ${TYPE_META}`)
  return { value, duplicates }
}

function decodeProtobuf(body: Buffer, kind: string): Record<string, unknown> {
  try {
    return decodeProtobufObject(body)
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): ${error.message} (${summary(body)})`,
    )
  }
}

/** Checks that the document is of the resource's kind and makes an object of it. Throws a StatusError. */
export function toObject(
  registry: Registry,
  definition: ResourceDefinition,
  { value, duplicates }: Document,
  fieldValidation: FieldValidation,
  warn: (text: string) => void,
): StoredObject {
  try {
    checkKind(registry, definition, value)
    return decodeObject(definition, value, { fieldValidation, warn, duplicates })
  } catch (error) {
    throw refuseDocument(definition, value, error)
  }
}

/** Throws nothing: the error is in the answer. Aliases are bounded, so that a small text cannot grow without end. */
export function parseYaml(text: string): { value?: unknown; error?: string; duplicates: readonly string[] } {
  const document = parseDocument(text, { uniqueKeys: false, version: '1.1', merge: true })
  const [problem] = document.errors
  if (problem) {
    const line = problem.linePos?.[0].line ?? 1
    return {
      error: `error converting YAML to JSON: yaml: line ${line}: ${goYamlProblem(problem.message)}`,
      duplicates: [],
    }
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), duplicates: [] }
  } catch (error) {
    return { error: `error converting YAML to JSON: yaml: ${(error as Error).message}`, duplicates: [] }
  }
}

/** What go-yaml says where the library says this; its own words for what is rare. */
const GO_YAML: readonly (readonly [RegExp, string])[] = [
  [/^Flow sequence .* end with a \]|flow collection .*\]/i, "did not find expected ',' or ']'"],
  [/^Flow map .* end with a \}|flow collection .*\}/i, "did not find expected ',' or '}'"],
  [
    /Nested mappings are not allowed|Implicit keys? need|compact mappings/i,
    'mapping values are not allowed in this context',
  ],
  [/Tabs are not allowed|tab/i, 'found character that cannot start any token'],
  [/Missing closing .*quote/i, 'found unexpected end of stream'],
  [/Unresolved alias/i, 'unknown anchor referenced'],
  [/indentation|must start at the same column/i, 'did not find expected key'],
]

function goYamlProblem(message: string): string {
  const [line = ''] = message.split('\n', 1)
  return GO_YAML.find(([pattern]) => pattern.test(line))?.[1] ?? line.replace(/ at line \d.*$/, '')
}

const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
const SUMMARY_BYTES = 30

/** The body's beginning for an error: as text if it looks like an object, else in hex. */
function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>'
  const start = body.subarray(0, SUMMARY_BYTES).toString(body[0] === 0x7b ? 'utf8' : 'hex')
  return body.length > SUMMARY_BYTES ? `${start} ...` : start
}

function goName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
