/** Writes what is made of the program into docs/reference: `node packages/cli/src/reference/write.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { processContext } from '../context.ts'
import { createProgram } from '../program.ts'
import { cliPage } from './cli-page.ts'
import { settingsTable } from './configuration-page.ts'

const page = (name: string) => new URL(`../../../../docs/reference/${name}`, import.meta.url)

writeFileSync(page('cli.md'), cliPage(createProgram('isthmus', processContext(), () => {})))
const configuration = readFileSync(page('configuration.md'), 'utf8')
writeFileSync(page('configuration.md'), configuration.replace(/^\| flag .*?\n\n/ms, `${settingsTable()}\n\n`))
