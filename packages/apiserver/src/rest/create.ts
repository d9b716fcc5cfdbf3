/** POST: a new object. */
import { randomUUID } from 'node:crypto'
import type { ResourceDefinition, StoredObject, WriteContext } from '../registry/definition.ts'
import { alreadyExists, badRequest, forbidden, invalid, notFound } from '../status/failures.ts'
import {
  type Environment,
  served,
  storageKey,
  toStored,
  type WriteOptions,
  writeContext,
} from './environment.ts'
import { manageFields } from './field-managers.ts'
import { cloneJson } from './json.ts'
import { generatedName, validateMetadata } from './metadata.ts'
import { formObject } from './object-form.ts'
import { reserve } from './reservation.ts'
import { formatTime } from './scalars.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }
/** How often a generated name that is taken is replaced by another. */
const NAME_ATTEMPTS = 8

/**
 * Creates an object in a namespace (undefined: cluster scoped) and answers it as it is stored.
 * The body is not changed. Throws a StatusError.
 */
export function createObject(
  environment: Environment,
  definition: ResourceDefinition,
  namespace: string | undefined,
  body: StoredObject,
  options: WriteOptions,
): StoredObject {
  const context = writeContext(environment, definition, '', options)
  const given = body.metadata ?? {}
  const { deletionTimestamp: _, deletionGracePeriodSeconds: __, ...others } = given
  if (given.resourceVersion && given.resourceVersion !== '0') {
    throw badRequest('resourceVersion should not be set on objects to be created')
  }
  if (namespace !== undefined && given.namespace && given.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  requireNamespace(environment, definition, namespace, given.name ?? '')
  for (let attempt = 1; ; attempt++) {
    const generated = !given.name && given.generateName ? generatedName(given.generateName) : undefined
    const name = generated ?? given.name ?? ''
    const existing = environment.storage.get(storageKey(definition), namespace, name)
    if (existing && generated !== undefined && attempt < NAME_ATTEMPTS) continue
    const object = formObject(
      definition,
      {
        ...others,
        name,
        namespace: namespace ?? '',
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: formatTime(context.now),
        ...(definition.hasGeneration ? { generation: 1 } : {}),
      },
      body,
    )
    return store(environment, definition, cloneJson(object), existing, context, options)
  }
}

function store(
  { storage, admit }: Environment,
  definition: ResourceDefinition,
  object: StoredObject,
  existing: StoredObject | undefined,
  context: WriteContext,
  options: WriteOptions,
): StoredObject {
  const { rules } = definition
  const { name } = object.metadata
  rules.fill?.(object, undefined, context)
  manageFields(definition, undefined, object, context, options)
  rules.prepare?.(object, undefined, context)
  const errors = [
    ...validateMetadata(definition, object),
    ...(rules.validate?.(object, undefined, context) ?? []),
  ]
  if (errors.length > 0) throw invalid(storageKey(definition).group, definition.kind, name, errors)
  const { namespace } = object.metadata
  admit?.({ ...context, operation: 'CREATE', namespace, name, object, oldObject: undefined })
  // Before anything scarce is taken; nothing can come between this and the write.
  if (existing) throw alreadyExists(definition, name, existing.metadata.deletionTimestamp !== undefined)
  const undo = reserve(definition, object, undefined, context)
  if (context.dryRun) {
    undo()
    return withoutResourceVersion(object)
  }
  return served(definition, storage.create(storageKey(definition), toStored(definition, object)))
}

function withoutResourceVersion(object: StoredObject): StoredObject {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata: metadata as StoredObject['metadata'] }
}

/** Nothing is created in a namespace that is not there or that is on its way out. */
function requireNamespace(
  { storage }: Environment,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
): void {
  if (!definition.namespaced || namespace === undefined) return
  const found = storage.get(NAMESPACES, undefined, namespace)
  if (found === undefined) throw notFound(NAMESPACES, namespace)
  if (found.metadata.deletionTimestamp === undefined) return
  throw forbidden(
    definition,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  )
}
