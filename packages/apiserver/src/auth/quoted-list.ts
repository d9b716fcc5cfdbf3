/** Go's `%q` of a list of strings, as messages of kube-apiserver have it: `["a" "b"]`. */
export const quotedList = (list: readonly string[]): string =>
  `[${list.map(item => JSON.stringify(item)).join(' ')}]`
