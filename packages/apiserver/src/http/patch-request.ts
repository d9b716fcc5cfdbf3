/** The body of a PATCH, by its content type. */
import type { ResourceDefinition, Subresource } from '../registry/definition.ts'
import { parseGoJson } from '../representations/go-json.ts'
import type { Address, Environment } from '../rest/environment.ts'
import { type Patch, patchObject } from '../rest/patch.ts'
import type { Updated } from '../rest/update.ts'
import { badRequest } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import { type Exchange, userAgentName } from './exchange.ts'
import { mediaTypeOf, parseYaml } from './read-object.ts'
import type { ResourceRequest } from './resource-request.ts'
import { parseWriteOptions } from './write-options.ts'

const TYPES: ReadonlyMap<string, Patch['type']> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
])

const CUSTOM_TYPES = [...TYPES.keys()].filter(type => TYPES.get(type) !== 'strategic')

/** Throws a StatusError: 415 for a type that there is no patch for. */
export async function patchRequest(
  environment: Environment,
  definition: ResourceDefinition,
  address: Address,
  subresource: Subresource,
  exchange: Exchange,
  { user, authorizeCreation }: Pick<ResourceRequest, 'user' | 'authorizeCreation'>,
): Promise<Updated> {
  const contentType = mediaTypeOf(exchange.header('content-type'))
  const type = TYPES.get(contentType)
  if (type === undefined || (definition.custom && type === 'strategic')) throw unsupported(definition)
  const {
    dryRun,
    fieldManager = userAgentName(exchange),
    fieldValidation,
    force,
  } = parseWriteOptions('PatchOptions', exchange.query, type === 'apply')
  const text = (await exchange.body()).toString()
  const patch = { type, document: type === 'apply' ? applied(text) : parsed(text) }
  const options = {
    user,
    dryRun,
    fieldManager,
    fieldValidation,
    force: force ?? false,
    warn: exchange.warn,
    authorizeCreation,
  }
  return patchObject(environment, definition, address, subresource, patch, options)
}

function parsed(text: string): unknown {
  const { value, error } = parseGoJson(text)
  if (error !== undefined) throw badRequest(`error decoding patch: ${error}`)
  return value
}

function applied(text: string): unknown {
  const { value, error } = parseYaml(text)
  if (error !== undefined) throw badRequest(`error decoding YAML: ${error}`)
  return value
}

const unsupported = (definition: ResourceDefinition) =>
  definition.custom
    ? failure(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: ${CUSTOM_TYPES.join(', ')}`,
      )
    : failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
