// Before `npm pack` and `npm publish`: dist/ as an installed package needs it, built and with types.
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publishedBuild } from './build.js'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
await publishedBuild()
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.types.json'], {
  cwd: top,
  stdio: ['ignore', 'inherit', 'inherit'],
})
// The compiler leaves out what is a declaration already: how TypeScript sees a template.
copyFileSync(join(top, 'renderers/text-files.d.ts'), join(top, 'dist/types/text-files.d.ts'))
