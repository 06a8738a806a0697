/** A stand-in for the program sops: notes how it was called, puts a prepared file where it was told to, and ends as it is told to. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface StandIn {
  /** The arguments of each call. */
  calls(): Promise<readonly (readonly string[])[]>
  /** What the last call read on standard input. */
  read(): Promise<string>
}

interface Behaviour {
  /** What it prints on standard output. */
  readonly prints?: string
  /** What it says on standard error; "$(cat)" stands for what it reads. */
  readonly says?: string
  readonly code?: number
  /** The text that it leaves in this file. */
  readonly writes?: { readonly path: string; readonly text: string }
}

/** Puts it first on PATH, where only it is found and the shell that it is written in. Below `folder`. */
export async function standInSops(folder: string, behaviour: Behaviour = {}): Promise<StandIn> {
  const bin = join(folder, 'stand-in')
  await rm(bin, { recursive: true, force: true })
  await mkdir(bin)
  const file = (name: string) => join(bin, name)
  await writeFile(file('prints'), behaviour.prints ?? '')
  await writeFile(file('writes'), behaviour.writes?.text ?? '')
  const lines = [
    '#!/bin/sh',
    `{ printf '%s\\n' "$@"; echo; } >>'${file('calls')}'`,
    `case $1 in edit) ;; *) /bin/cat >'${file('read')}' ;; esac`,
    behaviour.says === undefined ? '' : `echo "${behaviour.says} $(/bin/cat '${file('read')}')" >&2`,
    behaviour.writes === undefined ? '' : `/bin/cat '${file('writes')}' >'${behaviour.writes.path}'`,
    `/bin/cat '${file('prints')}'`,
    `exit ${behaviour.code ?? 0}`,
  ]
  await writeFile(file('sops'), `${lines.join('\n')}\n`)
  await chmod(file('sops'), 0o755)
  process.env['PATH'] = bin
  return {
    async calls() {
      const text = existsSync(file('calls')) ? await readFile(file('calls'), 'utf8') : ''
      return text === ''
        ? []
        : text
            .trimEnd()
            .split('\n\n')
            .map((call) => call.split('\n'))
    },
    read: async () => await readFile(file('read'), 'utf8'),
  }
}
