/** `quorate secrets edit`: opens the decrypted secrets in an editor, by the program `sops`, and looks at what came of it. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { sopsFailed } from '../lib/deployment/set-secret.ts'
import { runSops } from '../lib/deployment/sops-program.ts'
import { reportProblems } from '../lib/definition/report.ts'
import type { Exit } from '../lib/failure.ts'
import { labSecrets } from '../lib/secrets/lab-secrets.ts'
import type { Terminal } from '../terminal.ts'
import type { SecretsOptions } from './check.ts'

/** What sops ends with where the editor changed nothing (getsops.io, cmd/sops/codes). */
const unchanged = 200

/** 1 where the secrets are not all right afterwards: they are saved all the same. */
export async function edit(options: SecretsOptions, terminal: Terminal): Promise<Exit> {
  const folder = resolve(options.lab)
  const { file, repoRoot } = await labSecrets(folder)
  const before = await content(file)
  const { code } = await runSops(['edit', file], { folder: dirname(file) })
  if (code !== 0 && code !== unchanged) {
    throw sopsFailed('save what was edited', file, 'its words are above', 'see what it says above, then run this again')
  }
  const changed = (await content(file)) !== before
  const { problems } = await labSecrets(folder)
  terminal.note(reportProblems({ problems, files: 1 }, { colour: terminal.colour }))
  const shown = relative(repoRoot, file)
  if (options.json) terminal.out(`${JSON.stringify({ format: 1, file: shown, changed }, null, 2)}\n`)
  else terminal.out(changed ? `${shown} was changed; commit it\n` : 'nothing was changed\n')
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

async function content(file: string): Promise<string> {
  return existsSync(file) ? await readFile(file, 'utf8') : ''
}
