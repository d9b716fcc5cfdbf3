/** What an administrator does with a ClusterSet. */
export { accessOf, probeServer } from './access.ts'
export { findRegistry } from './find-registry.ts'
export { type InitOptions, initRegistry } from './init-registry.ts'
export { type Joined, type JoinOptions, joinClusterSet } from './join-cluster-set.ts'
export {
  type LeaveClusterOptions,
  type Left,
  leaveClusterSet,
  type RemoveMemberOptions,
  removeMember,
} from './leave-cluster-set.ts'
export { type KnownMembers, listMembersKnownTo, listMembersOf, type Members } from './list-members.ts'
export { type Relinked, type RelinkOptions, relinkCluster } from './relink-cluster.ts'
export type { PolicySaid } from './stated-policy.ts'
export { whenAnswered } from './when-answered.ts'
export { type WhenLinkedOptions, whenLinked } from './when-linked.ts'
