import { type Logger, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { AgentSettings } from './agent/settings.ts'
import type { CommandContext } from './context.ts'

/** Logs of a process, to standard output: lines of JSON, or readable on a terminal. */
export function createLogger(
  { logLevel, logFormat }: Pick<AgentSettings, 'logLevel' | 'logFormat'>,
  fields: Readonly<Record<string, string>>,
  { stdout, env }: Pick<CommandContext, 'stdout' | 'env'>,
): Logger {
  const readable = logFormat === 'text' || (logFormat === 'auto' && stdout.isTTY === true)
  const options = {
    level: logLevel,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Words: level numbers mean something to pino alone.
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (!readable) return pino(options, { write: line => void stdout.write(line) })
  const pretty = prettyFactory({
    colorize: stdout.isTTY === true && !env.NO_COLOR,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: Object.keys(fields).join(','),
  })
  return pino(options, { write: line => void stdout.write(pretty(JSON.parse(line))) })
}
