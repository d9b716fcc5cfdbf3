/** What `/version` says: the Kubernetes release whose behaviour is served. */
export const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.2+isthmus',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const
