/** The table of settings in docs/reference/configuration.md; a test keeps the two in step. */
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../agent/settings.ts'

export function settingsTable(): string {
  return [
    '| flag | variable | key | | default |',
    '| --- | --- | --- | --- | --- |',
    ...SETTING_KEYS.map(row),
  ].join('\n')
}

function row(key: SettingKey): string {
  const { flags, variable, description } = SETTINGS[key]
  return `| \`${flags}\` | \`${variable}\` | \`${key}\` | ${description} | ${fallbackText(key)} |`
}

function fallbackText(key: SettingKey): string {
  const { fallback } = SETTINGS[key]
  if (fallback === undefined) return ''
  if (Array.isArray(fallback)) return 'none'
  return `\`${fallback}\``
}
