/** What `kubectl explain` says of the built-in kinds: short, and in our own words. Custom kinds bring theirs. */

const KINDS: Readonly<Record<string, string>> = {
  ConfigMap: 'Configuration that pods read: texts, and binary data, by key.',
  CustomResourceDefinition: 'Adds a kind of object to the API: its names, its versions and their schemas.',
  Deployment:
    'Keeps a number of equal pods running, and replaces them step by step when their template changes.',
  Endpoints: 'Addresses behind a Service. EndpointSlices have taken its place.',
  EndpointSlice: 'A part of the addresses behind a Service, with their ports and conditions.',
  Event: 'A note of something that happened to an object.',
  Ingress: 'How requests from outside are routed to Services, by host and path.',
  Job: 'Runs pods until enough of them have succeeded.',
  Lease: 'Who holds something, and until when: heartbeats and leader election.',
  Namespace: 'A room for names: objects in different namespaces may have the same name.',
  Node: 'A machine that pods run on.',
  PersistentVolumeClaim: 'A request for storage by a user.',
  Pod: 'Containers that are placed on one node together and share its addresses and volumes.',
  PodTemplate: 'A template that pods are made from.',
  ReplicaSet: 'Keeps a number of equal pods running.',
  Role: 'What may be done with which resources of one namespace.',
  RoleBinding: 'Gives a Role, or a ClusterRole within one namespace, to users, groups or service accounts.',
  ClusterRole: 'What may be done with which resources of the whole cluster.',
  ClusterRoleBinding: 'Gives a ClusterRole to users, groups or service accounts.',
  Secret: 'Data to be kept to oneself, such as a password or a key.',
  Service: 'A stable name and address for a set of pods, and the ports that they are reached at.',
  ServiceAccount: 'An identity for what runs in pods.',
  StatefulSet: 'Keeps pods running that each have a name, and storage, of their own.',
}

const FIELDS: Readonly<Record<string, string>> = {
  apiVersion: 'Group and version of the API that this object is written in.',
  kind: 'What this object is. It cannot be changed.',
  metadata: 'What every object has: its name, its namespace, labels, annotations, owners.',
  spec: 'What is wanted.',
  status: 'What is observed. Written by the system.',
}

const METADATA: Readonly<Record<string, string>> = {
  annotations: 'Texts for tools and people; not for selecting.',
  creationTimestamp: 'When the server created the object.',
  deletionGracePeriodSeconds: 'How long the object stays after its deletion was asked for.',
  deletionTimestamp: 'When the object will be gone, or would be without finalizers.',
  finalizers: 'Who has to clean up before a deleted object is removed. Each takes out its own name.',
  generateName: 'A beginning for the name, which the server completes, when there is no name.',
  generation: 'Grows whenever what is wanted changes.',
  labels: 'Names and values by which objects are selected.',
  managedFields: 'Who owns which fields; kept by the server.',
  name: 'Unique among the objects of its kind in a namespace. It cannot be changed.',
  namespace: 'Where the name is unique. It cannot be changed.',
  ownerReferences: 'What this object belongs to: it is removed when its owners are gone.',
  resourceVersion:
    'Which state of the object this is; a write that carries it is refused if there is a newer one.',
  uid: 'Tells the object from all others, also from earlier ones of its name.',
}

/** Of a built-in type, such as `core.v1.Service`. */
export function typeDescription(type: string): string | undefined {
  return KINDS[type.slice(type.lastIndexOf('.') + 1)]
}

/** Of a field of a built-in type. */
export function fieldDescription(type: string, field: string): string | undefined {
  if (type === 'meta.v1.ObjectMeta') return METADATA[field]
  return typeDescription(type) ? FIELDS[field] : undefined
}
