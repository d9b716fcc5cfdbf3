import type { StoredObject } from '../registry/definition.ts'
import { type FieldError, invalid, required, tooLong } from '../registry/field-error.ts'
import { configKeyErrors } from '../registry/names.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { parseGoJson } from '../representations/go-json.ts'
import { builtIn } from './built-in.ts'
import { changeErrors } from './config-map.ts'

interface Secret extends StoredObject {
  type: string
  data?: Record<string, string>
  stringData?: Record<string, string>
}

const SIZE_LIMIT = 1024 * 1024

/** Keys that a type of Secret has to have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export const secrets = builtIn({
  group: '',
  kind: 'Secret',
  plural: 'secrets',
  selectableFields: { type: object => (object as Secret).type },
  columns: [
    NAME_COLUMN,
    column('Type', 'Used to facilitate programmatic handling of secret data.', object => object.type),
    column('Data', 'How many keys the data has.', object => Object.keys(object.data ?? {}).length),
    AGE_COLUMN,
  ],
  rules: {
    fill(object) {
      const secret = object as Secret
      secret.type ||= 'Opaque'
      for (const [key, text] of Object.entries(secret.stringData ?? {})) {
        secret.data = { ...secret.data, [key]: Buffer.from(text).toString('base64') }
      }
      delete secret.stringData
    },
    validate: (object, old) => [
      ...contentErrors(object as Secret),
      ...changeErrors(object, old),
      ...(old === undefined || old.type === object.type
        ? []
        : [invalid('type', object.type, 'field is immutable')]),
    ],
  },
})

function contentErrors({ type, data = {}, metadata }: Secret): FieldError[] {
  const errors = Object.keys(data).flatMap(key =>
    configKeyErrors(key).map(e => invalid(`data[${key}]`, key, e)),
  )
  const size = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0)
  if (size > SIZE_LIMIT) errors.push(tooLong('data', `may not be more than ${SIZE_LIMIT} bytes`))
  for (const key of REQUIRED_KEYS[type] ?? []) {
    const value = data[key]
    if (value === undefined) errors.push(required(`data[${key}]`))
    else if (key.startsWith('.docker')) {
      const { error } = parseGoJson(Buffer.from(value, 'base64').toString(), false)
      if (error) errors.push(invalid(`data[${key}]`, '<secret contents redacted>', error))
    }
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    errors.push(required('data[username]'), required('data[password]'))
  }
  const account = 'kubernetes.io/service-account.name'
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account]) {
    errors.push(required(`metadata.annotations[${account}]`))
  }
  return errors
}
