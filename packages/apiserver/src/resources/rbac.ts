/** Roles and bindings: their data. What they allow is decided in src/auth. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { type FieldError, invalid, notSupported, required } from '../registry/field-error.ts'
import { subdomainErrors } from '../registry/names.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { equalJson } from '../rest/json.ts'
import { type BuiltIn, builtIn } from './built-in.ts'

const GROUP = 'rbac.authorization.k8s.io'

interface Rule {
  verbs?: string[]
  apiGroups?: string[]
  resources?: string[]
  nonResourceURLs?: string[]
}

interface Subject {
  kind: string
  apiGroup?: string
  name: string
  namespace?: string
}

interface Binding extends StoredObject {
  roleRef: { apiGroup?: string; kind: string; name: string }
  subjects?: Subject[]
}

const CREATED_AT = column('Created At', 'When it was made.', object => object.metadata.creationTimestamp)

const role = (kind: 'Role' | 'ClusterRole', plural: string): ResourceDefinition =>
  builtIn({
    ...rbac(kind, plural),
    emptyObject: { rules: null },
    columns: [NAME_COLUMN, CREATED_AT],
    rules: {
      fill(object) {
        object.rules ??= null
      },
      validate: object => [
        ...((object.rules ?? []) as Rule[]).flatMap((rule, i) => ruleErrors(rule, i, kind)),
        ...aggregationErrors(object.aggregationRule as AggregationRule | undefined),
      ],
    },
  })

interface AggregationRule {
  clusterRoleSelectors?: unknown[]
}

function aggregationErrors(rule: AggregationRule | undefined): FieldError[] {
  if (rule === undefined || rule.clusterRoleSelectors?.length) return []
  const detail = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
  return [required('aggregationRule.clusterRoleSelectors', detail)]
}

function ruleErrors(rule: Rule, index: number, kind: string): FieldError[] {
  const at = `rules[${index}]`
  const errors: FieldError[] = []
  if (!rule.verbs?.length) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'))
  if (rule.nonResourceURLs?.length) {
    if (kind === 'Role') {
      const text = 'namespaced rules cannot apply to non-resource URLs'
      errors.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, text))
    }
    if (rule.apiGroups?.length || rule.resources?.length) {
      const text = 'rules cannot apply to both regular resources and non-resource URLs'
      errors.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, text))
    }
    return errors
  }
  if (!rule.apiGroups?.length) {
    errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (!rule.resources?.length) {
    errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
  }
  return errors
}

const subjectNames = (kind: string) => (object: StoredObject) =>
  ((object as Binding).subjects ?? [])
    .filter(subject => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ')

const wide = { priority: 1 }

const binding = (kind: 'RoleBinding' | 'ClusterRoleBinding', plural: string): ResourceDefinition =>
  builtIn({
    ...rbac(kind, plural),
    emptyObject: { roleRef: { apiGroup: '', kind: '', name: '' } },
    columns: [
      NAME_COLUMN,
      column(
        'Role',
        'What is granted.',
        object => `${(object as Binding).roleRef.kind}/${(object as Binding).roleRef.name}`,
      ),
      AGE_COLUMN,
      column('Users', 'Users that it is granted to.', subjectNames('User'), wide),
      column('Groups', 'Groups that it is granted to.', subjectNames('Group'), wide),
      column(
        'ServiceAccounts',
        'ServiceAccounts that it is granted to.',
        subjectNames('ServiceAccount'),
        wide,
      ),
    ],
    rules: {
      fill(object) {
        const { roleRef, subjects = [] } = Object.assign(object, { roleRef: object.roleRef ?? {} }) as Binding
        roleRef.apiGroup ||= GROUP
        for (const subject of subjects) if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= GROUP
      },
      validate: (object, old) => [
        ...bindingErrors(object as Binding, kind),
        ...(old === undefined || equalJson(old.roleRef, object.roleRef)
          ? []
          : [invalid('roleRef', object.roleRef, 'cannot change roleRef')]),
      ],
    },
  })

const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group']

function bindingErrors({ roleRef, subjects = [] }: Binding, kind: string): FieldError[] {
  const roles = kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const errors: FieldError[] = []
  if (roleRef.apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [GROUP]))
  if (!roles.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind ?? '', roles))
  if (!roleRef.name) errors.push(required('roleRef.name'))
  for (const [i, subject] of subjects.entries()) {
    const at = `subjects[${i}]`
    if (!subject.name) errors.push(required(`${at}.name`))
    else if (subject.kind === 'ServiceAccount') {
      errors.push(...subdomainErrors(subject.name).map(e => invalid(`${at}.name`, subject.name, e)))
    }
    if (!SUBJECT_KINDS.includes(subject.kind)) {
      errors.push(notSupported(`${at}.kind`, subject.kind, SUBJECT_KINDS))
    }
    if (subject.kind === 'ServiceAccount' && !subject.namespace && kind === 'ClusterRoleBinding') {
      errors.push(required(`${at}.namespace`))
    }
  }
  return errors
}

function rbac(
  kind: string,
  plural: string,
): Pick<BuiltIn, 'group' | 'kind' | 'plural' | 'namespaced'> & Partial<BuiltIn> {
  return {
    group: GROUP,
    kind,
    plural,
    namespaced: !kind.startsWith('Cluster'),
    nameFormat: 'path',
    createOnUpdate: true,
  }
}

export const rbacResources: readonly ResourceDefinition[] = [
  role('Role', 'roles'),
  role('ClusterRole', 'clusterroles'),
  binding('RoleBinding', 'rolebindings'),
  binding('ClusterRoleBinding', 'clusterrolebindings'),
]
