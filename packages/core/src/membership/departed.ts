/** Members that have left, as the registry's ConfigMap `departed` names them. */

/** @returns its key there: another cluster that joins with the id later has another profile. */
export function departedKey(clusterId: string, profileUID: string): string {
  return `${clusterId}.${profileUID}`
}
