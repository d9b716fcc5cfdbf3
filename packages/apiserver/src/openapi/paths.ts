/** What can be asked of a resource, as OpenAPI v3 paths: kubectl reads kinds, patch types and query parameters here. */
import type { ResourceDefinition, Verb } from '../registry/definition.ts'
import { type Components, componentName, type Document } from './components.ts'

const text = (name: string, description: string): Document => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', uniqueItems: true },
})

const WRITE_PARAMETERS = [
  text('dryRun', 'All: everything is done but the write.'),
  text('fieldManager', 'Who writes, for managedFields.'),
  text('fieldValidation', 'Ignore, Warn or Strict: what becomes of unknown and duplicate fields.'),
]
const FORCE = {
  ...text('force', 'Apply takes fields over from other managers.'),
  schema: { type: 'boolean', uniqueItems: true },
}
const LIST_PARAMETERS = [
  text('labelSelector', 'Only objects with such labels.'),
  text('fieldSelector', 'Only objects with such fields.'),
  text('limit', 'At most so many objects.'),
  text('continue', 'Goes on where a limited list ended.'),
  text('resourceVersion', 'Not older than this.'),
  text('resourceVersionMatch', 'How the version is meant.'),
  text('watch', 'Changes instead of a list.'),
  text('allowWatchBookmarks', 'Events that tell how far a watch has come.'),
  text('timeoutSeconds', 'How long a watch lasts.'),
  text('sendInitialEvents', 'A watch that starts with what is there.'),
]
const pathParameter = (name: string): Document => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
})

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
]
const STRATEGIC = 'application/strategic-merge-patch+json'

interface Operation {
  readonly method: string
  readonly verb: Verb
  readonly action: string
  readonly parameters: readonly Document[]
  readonly hasBody: boolean
  readonly onList: boolean
}

const OPERATIONS: readonly Operation[] = [
  { method: 'get', verb: 'list', action: 'list', parameters: LIST_PARAMETERS, hasBody: false, onList: true },
  {
    method: 'post',
    verb: 'create',
    action: 'post',
    parameters: WRITE_PARAMETERS,
    hasBody: true,
    onList: true,
  },
  {
    method: 'delete',
    verb: 'deletecollection',
    action: 'deletecollection',
    parameters: LIST_PARAMETERS,
    hasBody: false,
    onList: true,
  },
  { method: 'get', verb: 'get', action: 'get', parameters: [], hasBody: false, onList: false },
  {
    method: 'put',
    verb: 'update',
    action: 'put',
    parameters: WRITE_PARAMETERS,
    hasBody: true,
    onList: false,
  },
  {
    method: 'patch',
    verb: 'patch',
    action: 'patch',
    parameters: [...WRITE_PARAMETERS, FORCE],
    hasBody: true,
    onList: false,
  },
  {
    method: 'delete',
    verb: 'delete',
    action: 'delete',
    parameters: [text('propagationPolicy', 'What becomes of dependents.')],
    hasBody: false,
    onList: false,
  },
]

/** The paths of a resource: its collection, its objects, and their status. */
export function pathsOf(definition: ResourceDefinition, components: Components): Record<string, Document> {
  const { group, version, plural, namespaced, status, verbs } = definition
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`
  const inNamespace = namespaced ? [pathParameter('namespace')] : []
  const served = OPERATIONS.filter(({ verb }) => verbs.includes(verb))
  const paths: Record<string, Document> = {}
  const put = (path: string, operations: readonly Operation[], parameters: readonly Document[]) => {
    if (operations.length === 0) return
    const described = operations.map(operation => [operation.method, describe(operation)] as const)
    paths[path] = { ...(parameters.length > 0 ? { parameters } : {}), ...Object.fromEntries(described) }
  }
  const describe = (operation: Operation) => operationDocument(operation, definition, components)
  const onObjects = served.filter(({ onList }) => !onList)
  put(
    collection,
    served.filter(({ onList }) => onList),
    inNamespace,
  )
  if (namespaced)
    put(
      `${root}/${plural}`,
      served.filter(({ verb }) => verb === 'list'),
      [],
    )
  put(`${collection}/{name}`, onObjects, [pathParameter('name'), ...inNamespace])
  if (status)
    put(
      `${collection}/{name}/status`,
      onObjects.filter(({ verb }) => verb !== 'delete'),
      [pathParameter('name'), ...inNamespace],
    )
  return paths
}

function operationDocument(
  { method, action, verb, parameters, hasBody }: Operation,
  definition: ResourceDefinition,
  components: Components,
): Document {
  const { group, version, kind } = definition
  const name = componentName(definition)
  const schema = components.ref(verb === 'list' ? `${name}List` : name)
  const bodyTypes =
    verb === 'patch' ? [...PATCH_TYPES, ...(definition.custom ? [] : [STRATEGIC])] : ['application/json']
  const bodySchema = verb === 'patch' ? { type: 'object' } : schema
  return {
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody
      ? {
          requestBody: {
            content: Object.fromEntries(bodyTypes.map(type => [type, { schema: bodySchema }])),
            required: true,
          },
        }
      : {}),
    responses: {
      [method === 'post' ? '201' : '200']: {
        description: 'Done',
        content: { 'application/json': { schema } },
      },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  }
}
