/** `quorate secrets check`: whether the lab's secrets are all there, and encrypted for whom they should be. Needs no key. */
import { resolve } from 'node:path'
import { reportProblems, plural } from '../lib/definition/report.ts'
import type { Exit } from '../lib/failure.ts'
import { labSecrets, type LabSecrets } from '../lib/secrets/lab-secrets.ts'
import type { Terminal } from '../terminal.ts'

export interface SecretsOptions {
  /** The lab's folder. */
  readonly lab: string
  readonly json: boolean
}

/** Prints names, never a value; 1 where something is wrong. */
export async function checkSecrets(options: SecretsOptions, terminal: Terminal): Promise<Exit> {
  const secrets = await labSecrets(resolve(options.lab))
  const document = secretsDocument(secrets)
  terminal.out(options.json ? `${JSON.stringify(document, null, 2)}\n` : asText(secrets, terminal.colour))
  return secrets.problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

/** What --json prints. */
export function secretsDocument({ lab, declared, held, rule, problems }: LabSecrets) {
  const ids = [...new Set([...Object.keys(declared), ...Object.keys(held.fingerprints)])].toSorted()
  const secrets = ids.map((id) => ({
    id,
    kind: Object.hasOwn(declared, id) ? declared[id]!.kind : null,
    set: Object.hasOwn(held.fingerprints, id),
  }))
  return { format: 1, lab, secrets, recipients: rule?.recipients ?? [], problems }
}

function asText(found: LabSecrets, colour: boolean): string {
  const { secrets } = secretsDocument(found)
  const widest = Math.max(0, ...secrets.map(({ id }) => id.length))
  const lines = secrets.map(
    ({ id, kind, set }) => `${set ? 'set  ' : 'unset'}  ${id.padEnd(widest)}  ${kind ?? 'unused'}\n`,
  )
  const report = reportProblems({ problems: found.problems, files: 1 }, { colour })
  return `${lines.join('')}${report === '' ? `${summary(found)}\n` : `\n${report}`}`
}

function summary({ declared, rule }: LabSecrets): string {
  const count = Object.keys(declared).length
  if (count === 0) return 'the lab needs no secret'
  const readers = rule === null ? '' : `, encrypted for ${plural(rule.recipients.length, 'recipient')}`
  return `${plural(count, 'secret')}, all set${readers}; no problems`
}
