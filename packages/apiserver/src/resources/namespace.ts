import type { StoredObject } from '../registry/definition.ts'
import { type FieldError, invalid } from '../registry/field-error.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { ALL_VERBS, builtIn } from './built-in.ts'

interface Namespace extends StoredObject {
  spec?: { finalizers?: string[] }
  status?: { phase?: string; conditions?: unknown[] }
}

/** What the NamespaceLifecycle admission plugin calls immortal. */
const IMMORTAL = ['default', 'kube-public', 'kube-system']
const NAME_LABEL = 'kubernetes.io/metadata.name'

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

function finalizerErrors(finalizer: string): FieldError[] {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return []
  const detail = 'name is neither a standard finalizer name nor is it fully qualified'
  return [invalid('spec.finalizers', finalizer, detail)]
}

export const namespaces = builtIn({
  group: '',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  // As kube-apiserver: all namespaces at once are never deleted.
  verbs: ALL_VERBS.filter(verb => verb !== 'deletecollection'),
  nameFormat: 'label',
  status: true,
  views: [{ name: 'finalize', verbs: ['update'] }],
  selectableFields: {
    'status.phase': object => (object as Namespace).status?.phase ?? '',
    name: object => object.metadata.name,
  },
  columns: [
    NAME_COLUMN,
    column('Status', 'The status of the namespace', object => (object as Namespace).status?.phase),
    AGE_COLUMN,
  ],
  emptyObject: { spec: {}, status: {} },
  rules: {
    fill(object) {
      object.metadata.labels = { ...object.metadata.labels, [NAME_LABEL]: object.metadata.name }
    },
    prepare(object: Namespace, old: Namespace | undefined, { subresource }) {
      if (old === undefined) {
        const finalizers = object.spec?.finalizers ?? []
        object.spec = {
          finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
        }
        object.status = { phase: 'Active' }
      } else if (subresource !== 'finalize') object.spec = old.spec ?? {}
      else if (object.spec?.finalizers?.length === 0 || object.spec === undefined) object.spec = {}
    },
    validate: (object: Namespace) =>
      (object.spec?.finalizers ?? []).flatMap(finalizer => finalizerErrors(finalizer)),
    objectionToDeletion: ({ metadata }) =>
      IMMORTAL.includes(metadata.name) ? 'this namespace may not be deleted' : undefined,
    markDeleted(object: Namespace) {
      delete object.metadata.deletionGracePeriodSeconds
      object.status = { ...object.status, phase: 'Terminating' }
    },
    holdsDeletion: (object: Namespace) => (object.spec?.finalizers ?? []).length > 0,
  },
})
