/** Listens on one port of one protocol; can stop listening and begin again. */
export interface PortListener {
  /** Rejects with the system's error (`EADDRINUSE`, `EACCES`). */
  listen(): Promise<void>
  /** The set of usable endpoints is another one. */
  endpointsChanged(): void
  /** What comes is refused from now on, at once. Established connections go on. */
  stopListening(): void
  /** Ends established connections too. */
  close(): void
}
