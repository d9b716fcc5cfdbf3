/** Options of a write: `CreateOptions`, `UpdateOptions`, `PatchOptions`, `DeleteOptions` of meta/v1. */
import {
  type FieldError,
  forbidden as forbiddenField,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../registry/field-error.ts'
import type { FieldValidation } from '../rest/decode.ts'
import { DecodeError, decodeBuiltIn } from '../rest/decode-built-in.ts'
import type { DeleteOptions } from '../rest/delete.ts'
import type { Schema } from '../schema/schema.ts'
import { badRequest, invalidOptions } from '../status/failures.ts'
import { booleanParameter, integerParameter } from './query.ts'

export interface RequestWriteOptions {
  readonly dryRun: boolean
  readonly fieldManager?: string
  readonly fieldValidation: FieldValidation
  readonly force: boolean | undefined
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn']
const MANAGER_LIMIT = 128

/** `kind` is the options' kind; `isApply` is for patches. Throws a 422 StatusError. */
export function parseWriteOptions(
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  query: URLSearchParams,
  isApply = false,
): RequestWriteOptions {
  const dryRun = query.getAll('dryRun').filter(value => value !== '')
  const fieldManager = query.get('fieldManager') ?? ''
  const fieldValidation = query.get('fieldValidation') ?? ''
  const force = booleanParameter(query, 'force')
  const errors: FieldError[] = []
  if (isApply && fieldManager === '') errors.push(required('fieldManager', 'is required for apply patch'))
  if (kind === 'PatchOptions' && !isApply && force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'))
  }
  errors.push(...managerErrors(fieldManager), ...dryRunErrors(dryRun))
  if (!VALIDATIONS.includes(fieldValidation)) {
    errors.push(notSupported('fieldValidation', fieldValidation, VALIDATIONS))
  }
  if (errors.length > 0) throw invalidOptions(kind, errors)
  return {
    dryRun: dryRun.length > 0,
    ...(fieldManager === '' ? {} : { fieldManager }),
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    force,
  }
}

function managerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = []
  if (Buffer.byteLength(manager) > MANAGER_LIMIT) {
    errors.push(tooLong('fieldManager', `may not be more than ${MANAGER_LIMIT} bytes`))
  }
  const strange = [...manager].findIndex(c => /[\p{C}\p{Zl}\p{Zp}]/u.test(c))
  if (strange !== -1) {
    errors.push(invalid('fieldManager', manager, `${JSON.stringify(manager[strange])} is not printable`))
  }
  return errors
}

const dryRunErrors = (values: readonly string[]): FieldError[] =>
  values.every(value => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])]

const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil']

const DELETE_OPTIONS: Schema = {
  type: 'object',
  properties: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    dryRun: { type: 'array', items: { type: 'string' } },
    gracePeriodSeconds: { type: 'integer', format: 'int64' },
    orphanDependents: { type: 'boolean' },
    propagationPolicy: { type: 'string' },
    ignoreStoreReadErrorWithClusterBreakingPotential: { type: 'boolean' },
    preconditions: {
      type: 'object',
      properties: { uid: { type: 'string' }, resourceVersion: { type: 'string' } },
    },
  },
}

/** From the body, or the query if there is none. Throws a 400 or 422 StatusError. */
export function parseDeleteOptions(
  query: URLSearchParams,
  body: Record<string, unknown> | undefined,
): { readonly options: DeleteOptions; readonly dryRun: boolean } {
  const given = body === undefined ? fromQuery(query) : fromBody(body)
  const { propagationPolicy, orphanDependents, dryRun = [] } = given
  const errors = dryRunErrors(dryRun)
  if (propagationPolicy !== undefined) {
    if (!POLICIES.slice(0, 3).includes(propagationPolicy)) {
      errors.push(notSupported('propagationPolicy', propagationPolicy, POLICIES))
    }
    if (orphanDependents !== undefined) {
      const both = 'orphanDependents and deletionPropagation cannot be both set'
      errors.unshift(invalid('propagationPolicy', propagationPolicy, both))
    }
  }
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors)
  return { options: given as DeleteOptions, dryRun: dryRun.length > 0 }
}

type GivenDeleteOptions = Omit<DeleteOptions, 'propagationPolicy'> & {
  readonly propagationPolicy?: string
  readonly dryRun?: readonly string[]
}

function fromQuery(query: URLSearchParams): GivenDeleteOptions {
  const gracePeriodSeconds = integerParameter(query, 'gracePeriodSeconds')
  const orphanDependents = booleanParameter(query, 'orphanDependents')
  const propagationPolicy = query.get('propagationPolicy')
  return {
    dryRun: query.getAll('dryRun').filter(value => value !== ''),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy ? { propagationPolicy } : {}),
  }
}

function fromBody(body: Record<string, unknown>): GivenDeleteOptions {
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = body
  if (kind !== 'DeleteOptions') {
    throw badRequest(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    )
  }
  try {
    return decodeBuiltIn(DELETE_OPTIONS, body, 'DeleteOptions').object as unknown as GivenDeleteOptions
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(error.message) : error
  }
}
