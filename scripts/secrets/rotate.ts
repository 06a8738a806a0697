/** `quorate secrets rotate`: a new data key, for those whom .sops.yaml names and nobody else. */
import { dirname, relative, resolve } from 'node:path'
import { plural } from '../lib/definition/report.ts'
import { sopsFailed } from '../lib/deployment/set-secret.ts'
import { runSops } from '../lib/deployment/sops-program.ts'
import { FailureError, type Exit } from '../lib/failure.ts'
import { labSecrets, type LabSecrets } from '../lib/secrets/lab-secrets.ts'
import type { Terminal } from '../terminal.ts'
import type { SecretsOptions } from './check.ts'

export async function rotate(options: SecretsOptions, terminal: Terminal): Promise<Exit> {
  const lab = await labSecrets(resolve(options.lab))
  const { file, rule } = lab
  const shown = relative(lab.repoRoot, file)
  if (lab.text === null) throw nothingToRotate(shown)
  if (rule !== null && rule.fault !== null) throw ruleIsFaulty(rule.file, rule.fault)
  // Before the new data key, so that nobody gets it who is not named any more.
  if (rule !== null) await sops(['updatekeys', '--yes', file], 'encrypt the secrets for whom .sops.yaml names', lab)
  await sops(['rotate', '--in-place', file], 'make a new data key', lab)
  if (options.json) terminal.out(`${JSON.stringify({ format: 1, file: shown, changed: true }, null, 2)}\n`)
  else terminal.out(done(shown, rule?.recipients.length ?? null))
  return 0
}

async function sops(args: readonly string[], doing: string, { file }: LabSecrets): Promise<void> {
  const { code, words } = await runSops(args, { folder: dirname(file), input: '' })
  const next = 'see that your age identity is where sops looks for it (SOPS_AGE_KEY_FILE), then run this again'
  if (code !== 0) throw sopsFailed(doing, file, words, next)
}

function done(file: string, readers: number | null): string {
  const whom = readers === null ? 'for the same recipients as before' : `for ${plural(readers, 'recipient')}`
  return (
    `${file} has a new data key, ${whom}; commit it\n` +
    'Whoever could read the secrets before still knows them: set a new value for each that they should not know.\n'
  )
}

function nothingToRotate(where: string): FailureError {
  const what = 'there is no secrets.yaml'
  return new FailureError({ what, where, now: 'nothing was changed', next: 'set a secret first' }, 1)
}

function ruleIsFaulty(where: string, fault: string): FailureError {
  const next = 'mend it, then run this again: until then nobody knows whom to encrypt for'
  return new FailureError({ what: `${where} ${fault}`, where, now: 'nothing was changed', next }, 1)
}
