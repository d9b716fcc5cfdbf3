/** The DNS zone of a ClusterSet as data: from ServiceImports and EndpointSlices to names and records. */
export { fixedNames, namespaceName, START_OF_AUTHORITY } from './fixed-names.ts'
export * from './record.ts'
export { areSameNames } from './same-names.ts'
export { namesOfService } from './service-names.ts'
