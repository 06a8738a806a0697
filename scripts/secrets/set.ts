/** `quorate secrets set`: gives one secret a value, from standard input or from a person who types it unseen. Never from an argument. */
import { relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { discreet } from '../discreet.ts'
import { requireDeclared, setSecret } from '../lib/deployment/set-secret.ts'
import { FailureError, type Exit } from '../lib/failure.ts'
import { labSecrets } from '../lib/secrets/lab-secrets.ts'
import { askUnseen, type Keyboard } from '../keyboard.ts'
import type { Terminal } from '../terminal.ts'
import type { SecretsOptions } from './check.ts'

export interface SetOptions extends SecretsOptions {
  /** What stands behind the verb: the secret's name. */
  readonly words: readonly string[]
}

export async function set(options: SetOptions, terminal: Terminal, keyboard: Keyboard = process.stdin): Promise<Exit> {
  const quiet = discreet(terminal)
  const lab = await labSecrets(resolve(options.lab))
  const id = options.words[0]!
  requireDeclared(id, lab.declared)
  const typed = keyboard.isTTY === true
  const value = typed ? await askUnseen(`value of ${id} (it is not shown): `, keyboard, quiet) : await text(keyboard)
  if (value.trim() === '') throw noValue(id)
  quiet.hide([{ id, value }])
  await setSecret(lab, id, withoutLineEnd(value))
  const file = relative(lab.repoRoot, lab.file)
  if (options.json) quiet.out(`${JSON.stringify({ format: 1, file, changed: true }, null, 2)}\n`)
  else quiet.out(`"${id}" is set in ${file}; commit it, and the next deployment brings it to the hosts\n`)
  return 0
}

/** `echo` and a file's last line add one; a key of several lines keeps its own. */
function withoutLineEnd(value: string): string {
  const line = value.replace(/\r?\n$/, '')
  return line.includes('\n') ? value : line
}

function noValue(id: string): FailureError {
  const what = `there is no value for "${id}" on standard input`
  const next = `type it when asked, or pipe it in: quorate secrets set ${id} <FILE`
  return new FailureError({ what, where: 'secrets set', now: 'nothing was changed', next }, 2)
}
