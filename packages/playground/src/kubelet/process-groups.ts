/**
 * Commands of pods run in process groups of their own, so that what they start ends with them. Whatever
 * ends this process (but for SIGKILL) ends them too.
 */
const groups = new Set<number>()

function killAll(): void {
  for (const leader of groups) signalGroup(leader, 'SIGKILL')
}

/** `leader`: a child that was started with `detached`. */
export function watchGroup(leader: number): void {
  if (groups.size === 0) process.on('exit', killAll)
  groups.add(leader)
}

/** The leader has ended: so does the rest of its group. */
export function endGroup(leader: number): void {
  signalGroup(leader, 'SIGKILL')
  groups.delete(leader)
  if (groups.size === 0) process.off('exit', killAll)
}

export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch {
    // Nobody is left in it.
  }
}
