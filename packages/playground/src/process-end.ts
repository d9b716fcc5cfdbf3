/** Ends a playground with its process, however that is asked to end. */
import { constants } from 'node:os'
import { EXIT } from '@isthmus/api'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * On a signal or an uncaught error: stops, then ends the process (128 + the signal's number, or 70). A
 * second signal does not wait. Answers how to undo it.
 */
export function stopWithProcess(stop: () => Promise<void>, report: (error: unknown) => void): () => void {
  let ending = false
  const end = (code: number) => {
    if (ending) process.exit(code)
    ending = true
    stop()
      .catch(report)
      .finally(() => process.exit(code))
  }
  const onSignal = (signal: NodeJS.Signals) => end(128 + constants.signals[signal])
  const onError = (error: unknown) => {
    report(error)
    end(EXIT.software)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on('uncaughtException', onError)
  process.on('unhandledRejection', onError)
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
    process.off('uncaughtException', onError)
    process.off('unhandledRejection', onError)
  }
}
