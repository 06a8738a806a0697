/** `quorate demo`: the whole way on the example lab, on simulated hosts in this process. */
import { writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { tell } from './demo/story.ts'
import { freshSampleLab } from './demo/sample-lab.ts'
import { sortedKeys } from './lib/bundle/canonical.ts'
import type { Exit } from './lib/failure.ts'
import type { Terminal } from './terminal.ts'

export interface DemoOptions {
  /** Where lab, bundles, plan and report are left. */
  readonly folder?: string
  readonly json: boolean
}

/** Tells the story and shows it happening; 0 when it went as told. */
export async function demo(options: DemoOptions, terminal: Terminal): Promise<Exit> {
  const folder = resolve(options.folder ?? 'quorate-demo')
  const lab = await freshSampleLab(folder)
  let report = ''
  const print = (text: string) => {
    report += text
    if (options.json) terminal.note(text)
    else terminal.out(text)
  }
  const outcomes = await tell({ folder, lab, print, columns: terminal.columns })
  const at = (name: string) => join(relative(process.cwd(), folder) || '.', name)
  print(
    `\nLook around: bundles in ${at('bundles')}, the plan in ${at('plan.json')}, this report in ${at('report.txt')},\n`,
  )
  print(`the simulated hosts' files in ${at('hosts')}. The lab that was used is in ${at('lab')}.\n`)
  await writeFile(join(folder, 'report.txt'), report)
  if (options.json) terminal.out(`${JSON.stringify(sortedKeys({ format: 1, folder, outcomes }), null, 2)}\n`)
  return outcomes.asTold ? 0 : 4
}
