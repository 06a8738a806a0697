/** The parts of a rehearsal that are processes of their own: inside its namespaces, its deployer, and those who use what the lab offers. */
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { loadRenderers } from './lib/definition/registry.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { repoRootOf } from './lib/roots.ts'
import { followOrder } from './lib/twin/deployer.ts'
import { rehearse } from './lib/twin/rehearsal.ts'
import type { RehearsalRequest } from './lib/twin/request.ts'
import { visit } from './lib/twin/visitor.ts'
import type { InsideWord } from './rehearse.ts'
import type { Terminal } from './terminal.ts'

export interface RehearsePartOptions {
  readonly part: string
  /** The lab's folder. */
  readonly lab: string
}

/** What it is to do comes on standard input; what it finds goes to standard output, a JSON document a line. */
export async function rehearsePart({ part, lab }: RehearsePartOptions, terminal: Terminal): Promise<Exit> {
  const say = (line: string) => terminal.out(line)
  if (part === 'visitor') await visit(process.stdin, say)
  else if (part === 'deployer') await followOrder(process.stdin, say, await loadRenderers(repoRootOf(resolve(lab))))
  else await inside(say).finally(() => process.stdout.write('', () => process.exit()))
  return 0
}

/** What still runs in here, machines above all, must not keep the process alive: with it everything ends. */
async function inside(say: (line: string) => void): Promise<void> {
  const tell = (word: InsideWord) => say(`${JSON.stringify(word)}\n`)
  try {
    const request = JSON.parse(await text(process.stdin)) as RehearsalRequest
    tell({ kind: 'report', report: await rehearse(request, tell) })
    // Whoever started it ends it, and all that is in here.
    if (request.keep) await new Promise(() => setInterval(() => {}, 60_000))
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    tell({ kind: 'failure', failure: error.failure, exit: error.exit })
  }
}
