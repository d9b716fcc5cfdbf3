/** May I, may they: SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview. */
import type { ResourceDefinition, UserInfo } from '../../registry/definition.ts'
import { type FieldError, invalid } from '../../registry/field-error.ts'
import type { Attributes } from '../attributes.ts'
import type { Authorizer } from '../authorizer.ts'
import { invalidReview, type ReviewObject, reviewDefinition } from './review.ts'

const GROUP = 'authorization.k8s.io'

interface AccessSpec {
  readonly resourceAttributes?: Partial<Record<ResourceField, string>> | null
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string } | null
  readonly user?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

type ResourceField = 'namespace' | 'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'name'

export function accessReviewDefinitions(authorizer: Authorizer): ResourceDefinition[] {
  const decide = (user: UserInfo, spec: AccessSpec) => {
    const { allowed, reason } = authorizer.authorize(user, attributesOfSpec(spec))
    return { metadata: {}, spec, status: { allowed, ...(reason === '' ? {} : { reason }) } }
  }
  return [
    reviewDefinition({
      group: GROUP,
      kind: 'SelfSubjectAccessReview',
      plural: 'selfsubjectaccessreviews',
      answer: ({ metadata, spec }, { user }) => {
        refuse([...attributesErrors(spec), ...metadataErrors(metadata, [])])
        return decide(user, spec)
      },
    }),
    reviewDefinition({
      group: GROUP,
      kind: 'SubjectAccessReview',
      plural: 'subjectaccessreviews',
      answer: ({ metadata, spec }) => {
        refuse([...attributesErrors(spec), ...subjectErrors(spec), ...metadataErrors(metadata, [])])
        return decide(subjectOf(spec), spec)
      },
    }),
    reviewDefinition({
      group: GROUP,
      kind: 'LocalSubjectAccessReview',
      plural: 'localsubjectaccessreviews',
      namespaced: true,
      answer: ({ metadata, spec }) => {
        const { namespace = '' } = metadata
        const errors = [
          ...attributesErrors(spec),
          ...subjectErrors(spec),
          ...metadataErrors(metadata, ['namespace']),
        ]
        refuse([...errors, ...localErrors(spec, namespace)])
        return { ...decide(subjectOf(spec), spec), metadata: { namespace } }
      },
    }),
  ]
}

function attributesOfSpec({ resourceAttributes, nonResourceAttributes }: AccessSpec): Attributes {
  if (!resourceAttributes) {
    return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' }
  }
  const field = (name: ResourceField) => resourceAttributes[name] ?? ''
  return {
    verb: field('verb'),
    group: field('group'),
    version: field('version'),
    resource: field('resource'),
    subresource: field('subresource'),
    namespace: field('namespace'),
    name: field('name'),
  }
}

const subjectOf = ({ user = '', uid, groups = [], extra }: AccessSpec): UserInfo => ({
  username: user,
  groups,
  ...(uid && { uid }),
  ...(extra && { extra }),
})

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidReview(GROUP, errors)
}

function attributesErrors({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const text = 'cannot be specified in combination with resourceAttributes'
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, text)]
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    return [invalid('spec.resourceAttributes', undefined, text)]
  }
  return []
}

const subjectErrors = ({ user = '', groups = [] }: AccessSpec): FieldError[] =>
  user === '' && groups.length === 0
    ? [invalid('spec.user', user, 'at least one of user or group must be specified')]
    : []

/** A review has no name: whoever gives it one has something else in mind. */
function metadataErrors(metadata: ReviewObject['metadata'], allowed: readonly string[]): FieldError[] {
  const empty = allowed.length === 0 ? 'must be empty' : 'must be empty except for namespace'
  const given = [
    'name',
    'generateName',
    'namespace',
    'labels',
    'annotations',
    'finalizers',
    'ownerReferences',
  ]
  const strange = given.some(field => metadata[field] && !allowed.includes(field))
  return strange ? [invalid('metadata', metadata, empty)] : []
}

function localErrors(
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
  namespace: string,
): FieldError[] {
  const errors: FieldError[] = []
  const named = resourceAttributes?.namespace ?? ''
  if (resourceAttributes && named !== namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', named, 'must match metadata.namespace'))
  }
  if (nonResourceAttributes) {
    const text = 'disallowed on this kind of request'
    errors.push(invalid('spec.nonResourceAttributes', nonResourceAttributes, text))
  }
  return errors
}
