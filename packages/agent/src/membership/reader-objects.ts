/** What a member makes in its exchange for one reader, as plain objects. */
import {
  ANNOTATION_READER_PROFILE,
  apiVersionOf,
  type Credential,
  type KubernetesObject,
  LABEL_MANAGED_BY,
  LABEL_READER,
  MANAGER,
  type ResourceType,
  SECRETS,
  type Secret,
  secretData,
} from '@isthmus/api'
import { READER_RULES } from '../install/permissions.ts'
import {
  RBAC_GROUP,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  type RoleBinding,
  SERVICE_ACCOUNTS,
} from '../install/resource-types.ts'
import { CREDENTIAL_SECRET_TYPE } from './registry-objects.ts'

export interface Reader {
  readonly clusterId: string
  /** Of its ClusterProfile: another cluster of the same id is another reader. */
  readonly profileUID: string
}

/** On a reader's Secret: `issuedAt` of the credential that was last laid into the registry for it. */
export const ANNOTATION_DELIVERED = 'isthmus.dev/delivered'
/** On a reader's Secret: `issuedAt` of the credential that was last taken out of the registry, as the reader had it. */
export const ANNOTATION_WITHDRAWN = 'isthmus.dev/withdrawn'
/** On a reader's Secret: the request to link anew for which its credential was issued. */
export const ANNOTATION_ISSUED_FOR = 'isthmus.dev/issued-for'
/** On a reader's Secret: the last request to link anew that was answered. */
export const ANNOTATION_RELINKED = 'isthmus.dev/relinked'

/** On a reader's account: the request to link anew for which it was made anew. */
export const ANNOTATION_MADE_FOR = 'isthmus.dev/made-for'

/** In the order in which they are deleted: without the account, no token of it is worth anything. */
export const READER_KINDS: readonly ResourceType[] = [SERVICE_ACCOUNTS, ROLE_BINDINGS, ROLES, SECRETS]

/** @param madeFor request to link anew; empty: none */
export function readerAccount(
  namespace: string,
  name: string,
  reader: Reader,
  madeFor: string,
): KubernetesObject {
  const { metadata, ...object } = made(SERVICE_ACCOUNTS, namespace, name, reader)
  const annotations = { ...metadata.annotations, [ANNOTATION_MADE_FOR]: madeFor }
  return { ...object, metadata: madeFor === '' ? metadata : { ...metadata, annotations } }
}

/** Reads the exchange, and of its Secrets the one of its own name. */
export function readerRole(namespace: string, name: string, reader: Reader): Role {
  const ownSecret = { apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get'] }
  return { ...made(ROLES, namespace, name, reader), rules: [...READER_RULES, ownSecret] }
}

export function readerBinding(namespace: string, name: string, reader: Reader): RoleBinding {
  return {
    ...made(ROLE_BINDINGS, namespace, name, reader),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  }
}

/** Brings the reader its next credential. */
export function readerSecret(
  namespace: string,
  name: string,
  reader: Reader,
  credential: Credential,
  annotations: Record<string, string>,
): Secret {
  const { metadata, ...object } = made(SECRETS, namespace, name, reader)
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, ...metadata.annotations } },
    type: CREDENTIAL_SECRET_TYPE,
    ...secretData(credential),
  }
}

function made(
  type: ResourceType,
  namespace: string,
  name: string,
  { clusterId, profileUID }: Reader,
): KubernetesObject {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      namespace,
      name,
      labels: {
        [LABEL_MANAGED_BY]: MANAGER,
        'app.kubernetes.io/part-of': 'isthmus',
        [LABEL_READER]: clusterId,
      },
      annotations: { [ANNOTATION_READER_PROFILE]: profileUID },
    },
  }
}
