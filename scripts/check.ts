/** check: everything that is wrong with a lab, at once. */
import { resolve } from 'node:path'
import { renderFolder } from './lib/bundle/lab-rendering.ts'
import type { Definition } from './lib/definition/definition.ts'
import { loadRenderers } from './lib/definition/registry.ts'
import { plural, reportProblems } from './lib/definition/report.ts'
import type { Exit } from './lib/failure.ts'
import { repoRootOf } from './lib/roots.ts'
import type { Lab } from '../renderers/lab.ts'
import type { Terminal } from './terminal.ts'

export interface CheckOptions {
  /** The lab's folder, relative to the working directory. */
  readonly lab: string
  readonly json: boolean
}

/** Prints the problems, or that there are none; 1 where one of them is an error. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<Exit> {
  const folder = resolve(options.lab)
  const repoRoot = repoRootOf(folder)
  const { definition } = await renderFolder(folder, repoRoot, await loadRenderers(repoRoot))
  terminal.out(options.json ? asJson(definition) : asText(definition, terminal.colour))
  terminal.show?.(definition.problems)
  return definition.problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

function asJson({ lab, files, problems }: Definition): string {
  return `${JSON.stringify({ format: 1, lab: lab?.name ?? null, files, problems }, null, 2)}\n`
}

function asText(definition: Definition, colour: boolean): string {
  const report = reportProblems(definition, { colour })
  const { lab, files, problems } = definition
  if (lab === null || problems.some(({ severity }) => severity === 'error')) return report
  const summary = `lab ${lab.name}: ${contents(lab)} in ${plural(files, 'file')}`
  return report === '' ? `${summary}; no problems\n` : `${report}${summary}; nothing that has to be mended\n`
}

function contents(lab: Lab): string {
  const hosts = Object.values(lab.hosts)
  const nodes = hosts.filter(({ kind }) => kind === 'node').length
  const services = Object.keys(lab.services).length
  return [plural(nodes, 'node'), plural(hosts.length - nodes, 'guest'), plural(services, 'service')].join(', ')
}
