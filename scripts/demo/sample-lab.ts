/** The example lab in a folder of its own, so that it can be edited without touching anybody's files. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import { FailureError } from '../lib/failure.ts'
import { packageRoot } from '../lib/roots.ts'

/** Says that a folder is a demo's, and may be emptied by the next one. */
const marker = '.quorate-demo'

export interface Edit {
  /** Relative to the lab's folder. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Makes `folder` anew with the example lab in `folder/lab`. Throws a FailureError (exit 2) where it holds something that is no demo's. */
export async function freshSampleLab(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const there = await readdir(folder)
  if (there.length > 0 && !there.includes(marker)) throw notOurs(folder, there.toSorted()[0] ?? '')
  for (const name of there.filter((each) => each !== marker)) await rm(join(folder, name), { recursive: true })
  await writeFile(
    join(folder, marker),
    'Written by "quorate demo", which empties this folder when it is called again.\n',
  )
  const lab = join(folder, 'lab')
  await cp(join(packageRoot, 'lab'), lab, { recursive: true })
  return lab
}

/** Makes the edits, or takes them back, and returns them as a person would see them in git: the changed lines only. */
export async function editLab(lab: string, edits: readonly Edit[]): Promise<string> {
  const shown = []
  for (const { file, from, to } of edits) {
    const path = join(lab, file)
    const before = await readFile(path, 'utf8')
    if (before.split(from).length !== 2)
      throw new Error(`${file} of the example lab does not hold ${JSON.stringify(from)} once`)
    const after = before.replace(from, () => to)
    await writeFile(path, after)
    shown.push(`lab/${file}\n${changedLines(before, after)}`)
  }
  return shown.join('')
}

function changedLines(before: string, after: string): string {
  const patch = createTwoFilesPatch('', '', before, after, '', '', { context: 0 })
  return patch
    .split('\n')
    .filter((line) => /^[-+](?!--|\+\+)/.test(line))
    .map((line) => `  ${line}\n`)
    .join('')
}

function notOurs(folder: string, file: string): FailureError {
  return new FailureError(
    {
      what: `the demo empties its folder, and this one holds files that are no demo's ("${file}")`,
      where: folder,
      now: 'nothing was changed',
      next: 'name another one: quorate demo --folder DIR',
    },
    2,
  )
}
