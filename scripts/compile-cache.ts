/** Preloaded by the test run: each test file is a process, and compiling the same modules in each is half its time. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))
